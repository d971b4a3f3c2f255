package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// HeaderDeniedBy names the limit that refused, such as "team.requests" or "key.budget".
	HeaderDeniedBy = "x-bursar-denied-by"
	// HeaderResetsAt is when that limit begins anew.
	HeaderResetsAt = "x-bursar-resets-at"
)

// refusal words a decision that refused.
func (p *Proxy) refusal(ctx context.Context, c *call, request quota.Request) error {
	if !c.bounds.exact && slices.ContainsFunc(c.decision.Denials, aboutTheCall) {
		// The prompt was only bounded by its length, which was enough to refuse. What people are told is counted.
		c.bounds = p.exactBounds(ctx, c)
		request = p.request(c)
		c.decision.Denials = withoutWhatFits(c.decision.Denials, request)
	}
	denial := gravest(c.decision.Denials)
	var refused *api.Error
	switch {
	case denial.TooLarge:
		refused = tooLarge(denial)
	case denial.Kind == quota.KindBudget:
		refused = p.overBudget(c, denial, request)
	default:
		refused = overRate(c, denial)
	}
	if refused.Refusal == nil {
		refused.Refusal = &api.Refusal{}
	}
	if denial.TooLarge || denial.Kind == quota.KindTokens || refused.Refusal.Reason == api.ReasonTooDear {
		refused.Message = c.withUnweighed(refused.Message)
	}
	if refused.Refusal.ResetsAt != nil {
		refused.Header.Set(HeaderResetsAt, refused.Refusal.ResetsAt.Format(time.RFC3339))
	}
	p.addContact(refused)
	if p.AskForMore != "" && refused.Refusal.Reason != api.ReasonHeld {
		refused.Refusal.AskForMore = p.AskForMore
	}
	refused.Header.Set(HeaderDeniedBy, deniedBy(denial.Name, denial.Kind))
	var head httpx.Head
	setRateHeaders(&head, c.decision)
	head.CopyTo(refused.Header)
	return refused
}

// aboutTheCall says whether a budget that has something left refused, so that what the call may cost matters.
func aboutTheCall(d quota.Denial) bool { return d.Kind == quota.KindBudget && d.Settled < d.Limit }

// withoutWhatFits leaves out the budgets that the counted request fits into, if another limit refused it as well.
// They had refused its loose bound, and that is nobody's concern.
func withoutWhatFits(denials []quota.Denial, request quota.Request) []quota.Denial {
	others := slices.DeleteFunc(slices.Clone(denials), func(d quota.Denial) bool {
		return aboutTheCall(d) && leastCost(request) <= budgetLeft(d)
	})
	if len(others) == 0 {
		return denials
	}
	return others
}

// addContact says who can raise a limit, where waiting for seconds does not help.
func (p *Proxy) addContact(refused *api.Error) {
	if p.Contact == "" || refused.Code == api.RateLimited {
		return
	}
	refused.Refusal.Contact = p.Contact
	if refused.Refusal.Reason != api.ReasonSpent {
		refused.Message += " Who can raise the limit: " + p.Contact
	}
}

// leastCost is what a call costs that gets the smallest output it may be given.
func leastCost(request quota.Request) money.Nano {
	return request.InputCost + money.Nano(leastOutput(request))*request.OutputTokenCost
}

// leastOutput is the smallest output, of all choices, that the call is given where a budget is nearly spent.
func leastOutput(request quota.Request) int64 {
	if request.RestOutputTokens > 0 {
		return min(request.RestOutputTokens, request.MinOutputTokens)
	}
	return request.MinOutputTokens
}

// gravest is the limit to tell of: one that no waiting helps against before one that only takes patience, then the
// budget that has the least left, then the limit that has room last.
func gravest(denials []quota.Denial) quota.Denial {
	return slices.MaxFunc(denials, func(a, b quota.Denial) int {
		return cmp.Or(
			cmp.Compare(gravity(a), gravity(b)),
			cmp.Compare(budgetLeft(b), budgetLeft(a)),
			cmp.Compare(a.RetryAfter, b.RetryAfter),
		)
	})
}

func gravity(d quota.Denial) int {
	switch {
	case d.TooLarge:
		return 3
	case d.ForGood():
		return 2
	case !d.Held:
		return 1
	default:
		return 0
	}
}

// budgetLeft is what is left of a budget once all calls under way have been paid nothing for; of other limits it is 0.
func budgetLeft(d quota.Denial) money.Nano {
	if d.Kind != quota.KindBudget {
		return 0
	}
	return money.Nano(max(0, d.Limit-d.Settled))
}

func tooLarge(d quota.Denial) *api.Error {
	refused := api.Errorf(api.Invalid,
		"the request may use %d tokens, more than the %s may use in a whole minute (%d); send a shorter prompt or a smaller max_tokens",
		d.Need, d.Name+entryOf(d), d.Limit)
	refused.Param = "max_tokens"
	refused.Header = http.Header{"X-Should-Retry": {"false"}}
	return refused
}

// overRate answers in LiteLLM's words, with the wait that is true.
func overRate(c *call, d quota.Denial) *api.Error {
	if d.Held {
		d.RetryAfter = min(d.RetryAfter, heldFor)
	}
	resets := c.decision.At.Add(d.RetryAfter).UTC()
	refused := api.Errorf(api.RateLimited,
		"Rate limit exceeded for %s. Limit type: %s. Current limit: %d, Remaining: %d. Limit resets at: %s UTC. Rate limit exceeded, try again in %d s.",
		owner(c, d)+entryOf(d), d.Kind, d.Limit, max(0, d.Limit-d.Used), resets.Format("2006-01-02 15:04:05"), seconds(d.RetryAfter))
	refused.Header = http.Header{}
	refused.Refusal = &api.Refusal{ResetsAt: &resets}
	c.endpoint.voice.setRetryAfter(refused.Header, d.RetryAfter)
	return refused
}

// entryOf is the name, wildcard or access group that a limit by model is for.
func entryOf(d quota.Denial) string {
	if !strings.HasSuffix(d.Name, " model") {
		return ""
	}
	return ", which counts " + policy.LimitedModel(d.Scope)
}

func owner(c *call, d quota.Denial) string {
	if strings.HasPrefix(d.Name, "team") && c.subject.Team != nil {
		return d.Name + ": " + c.subject.Team.TeamID
	}
	if d.Name == "member" || d.Name == "user" {
		return d.Name + ": " + userLabel(c)
	}
	return d.Name + ": " + keyLabel(c)
}

func userLabel(c *call) string {
	if user := c.subject.Key.UserID; user != nil {
		return *user
	}
	return ""
}

func budgetOwner(c *call, d quota.Denial) string {
	switch {
	case d.Name == "team" && c.subject.Team != nil:
		return "Team=" + c.subject.Team.TeamID
	case d.Name == "key":
		return "Key=" + keyLabel(c)
	case d.Name == "member" && c.subject.Team != nil:
		return "User=" + userLabel(c) + " in Team=" + c.subject.Team.TeamID
	case d.Name == "user":
		return "User=" + userLabel(c)
	default:
		return "Budget=" + strings.TrimPrefix(d.Name, "budget ")
	}
}

func keyLabel(c *call) string {
	if alias := c.subject.Key.KeyAlias; alias != nil {
		return *alias
	}
	return c.subject.Key.KeyName
}

// spread is the share that is added to a wait by chance, at most: callers that were refused together
// do not all come back in the same millisecond.
const spread = 0.03

// setRetryAfter tells when to come back, never too early.
func setRetryAfter(header http.Header, wait time.Duration) {
	wait += time.Duration(rand.Float64() * spread * float64(wait)) //nolint:gosec // nobody gains by guessing it
	header.Set("Retry-After", strconv.FormatInt(seconds(wait), 10))
	header.Set("Retry-After-Ms", strconv.FormatInt(max(1, int64(math.Ceil(float64(wait)/float64(time.Millisecond)))), 10))
}

// seconds rounds up: coming back earlier would be refused again.
func seconds(d time.Duration) int64 { return max(1, int64(math.Ceil(d.Seconds()))) }

// reasonOf is the word for a refusal in the log line.
func reasonOf(err error) string {
	var refused *api.Error
	if !errors.As(err, &refused) {
		return string(api.Internal)
	}
	if by := refused.Header.Get(HeaderDeniedBy); by != "" {
		return by
	}
	return string(refused.Code)
}

// withUnweighed tells the caller of a refused call what in it counts as a whole window, and what that may cost.
func (c *call) withUnweighed(message string) string {
	part := c.Holds.Unweighed
	if part == nil {
		return message
	}
	return fmt.Sprintf("%s. The size of %s is not known before it is read, so the prompt counts as the model's whole context window,"+
		" %d tokens, which may cost $%s: leave it out, or send what it says as text.",
		strings.TrimSuffix(message, "."), part, c.window(), c.bounds.inputCost)
}
