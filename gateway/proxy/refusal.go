package proxy

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// HeaderDeniedBy names the limit that refused, such as "team.requests" or "key.budget".
const HeaderDeniedBy = "x-bursar-denied-by"

// refusal words a decision that refused. A budget outranks a rate: waiting a minute does not help.
func (p *Proxy) refusal(c *call) error {
	denial := c.decision.Denials[0]
	for _, other := range c.decision.Denials {
		if rank(other) > rank(denial) || rank(other) == rank(denial) && other.RetryAfter > denial.RetryAfter {
			denial = other
		}
	}
	var refused *api.Error
	switch {
	case denial.TooLarge:
		refused = tooLarge(denial)
	case denial.ForGood():
		refused = p.overBudget(c, denial)
	case denial.Kind == quota.KindBudget:
		refused = heldBudget(c, denial)
	default:
		refused = overRate(c, denial)
	}
	if refused.Header == nil {
		refused.Header = http.Header{}
	}
	refused.Header.Set(HeaderDeniedBy, strings.ReplaceAll(denial.Name, " ", ".")+"."+denial.Kind)
	var head httpx.Head
	setRateHeaders(&head, c.decision)
	head.CopyTo(refused.Header)
	return refused
}

func rank(d quota.Denial) int {
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

func tooLarge(d quota.Denial) *api.Error {
	refused := api.Errorf(api.Invalid,
		"the request may use %d tokens, more than the %s may use in a whole minute (%d); send a shorter prompt or a smaller max_tokens",
		d.Need, d.Name, d.Limit)
	refused.Param = "max_tokens"
	refused.Header = http.Header{"X-Should-Retry": {"false"}}
	return refused
}

// overRate answers in LiteLLM's words, with the wait that is true.
func overRate(c *call, d quota.Denial) *api.Error {
	if d.Held {
		d.RetryAfter = min(d.RetryAfter, heldWait)
	}
	resets := c.decision.At.Add(d.RetryAfter).UTC()
	refused := api.Errorf(api.RateLimited,
		"Rate limit exceeded for %s. Limit type: %s. Current limit: %d, Remaining: %d. Limit resets at: %s UTC. Rate limit exceeded, try again in %d s.",
		owner(c, d), d.Kind, d.Limit, max(0, d.Limit-d.Used), resets.Format("2006-01-02 15:04:05"), seconds(d.RetryAfter))
	refused.Header = http.Header{}
	setRetryAfter(refused.Header, d.RetryAfter)
	return refused
}

// heldWait is when to come back at the latest if only calls under way are in the way.
const heldWait = 2 * time.Second

// heldBudget says that a budget has room again as soon as calls under way have settled.
func heldBudget(c *call, d quota.Denial) *api.Error {
	refused := api.Errorf(api.RateLimited,
		"Requests under way have reserved %s of the budget, and %s of %s is spent. %s Try again in %d s.",
		money.Nano(d.Used-d.Settled), money.Nano(d.Settled), money.Nano(d.Limit), budgetOwner(c, d), seconds(heldWait))
	refused.Header = http.Header{}
	setRetryAfter(refused.Header, heldWait)
	return refused
}

// overBudget answers in LiteLLM's words, adds when the budget resets, and tells SDKs not to retry.
func (p *Proxy) overBudget(c *call, d quota.Denial) *api.Error {
	text := fmt.Sprintf("Budget has been exceeded! %s Current cost: %s, Max budget: %s.",
		budgetOwner(c, d), money.Nano(d.Settled), money.Nano(d.Limit))
	if reserved := d.Used - d.Settled; reserved > 0 {
		text += fmt.Sprintf(" Requests under way have reserved %s.", money.Nano(reserved))
	}
	refused := api.Errorf(api.BudgetExceeded, "%s", text)
	refused.Header = http.Header{"X-Should-Retry": {"false"}}
	if d.RetryAfter > 0 {
		refused.Message += fmt.Sprintf(" It resets at %s.", c.decision.At.Add(d.RetryAfter).UTC().Format("2006-01-02 15:04:05 UTC"))
		setRetryAfter(refused.Header, d.RetryAfter)
	}
	refused.Message += " Budget cap reached, contact admin."
	refused.Status = p.ExceededStatus
	return refused
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

func setRetryAfter(header http.Header, wait time.Duration) {
	header.Set("Retry-After", strconv.FormatInt(seconds(wait), 10))
	header.Set("Retry-After-Ms", strconv.FormatInt(max(1, wait.Milliseconds()), 10))
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
