package proxy

import (
	"fmt"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ExceededStatus is the HTTP status for an exhausted budget, by the dialect that the caller speaks.
type ExceededStatus struct{ Chat, Messages, Responses int }

func (s ExceededStatus) of(d dialect) int {
	switch d {
	case messagesDialect:
		return s.Messages
	case responsesDialect:
		return s.Responses
	default:
		return s.Chat
	}
}

const (
	// heldFor is after how long to ask again when calls under way hold what is left of a budget.
	// With the spread it is two seconds at most.
	heldFor = 1900 * time.Millisecond
	// longestBudgetWait is the longest Retry-After of a budget. There are clients that sleep for as long as they
	// are told, for days, and say nothing.
	longestBudgetWait = time.Minute
)

// overBudget tells apart a budget that is spent, one whose rest calls under way hold, and a call that may cost
// more than the rest.
func (p *Proxy) overBudget(c *call, d quota.Denial, request quota.Request) *api.Error {
	if d.Held {
		return held(c, d)
	}
	var refused *api.Error
	if d.Settled >= d.Limit {
		refused = p.spent(c, d)
	} else {
		refused = tooDear(c, d, request)
	}
	refused.Header = http.Header{"X-Should-Retry": {"false"}}
	refused.Status = p.ExceededStatus.of(c.endpoint.voice.dialect)
	if d.RetryAfter > 0 {
		resets := c.decision.At.Add(d.RetryAfter).UTC()
		refused.Refusal.ResetsAt = &resets
		if d.RetryAfter+time.Duration(spread*float64(d.RetryAfter)) <= longestBudgetWait {
			setRetryAfter(refused.Header, d.RetryAfter)
		}
	}
	return refused
}

// spent answers in LiteLLM's words and adds when the budget resets.
func (p *Proxy) spent(c *call, d quota.Denial) *api.Error {
	what := fmt.Sprintf("Budget has been exceeded! %s Current cost: %s, Max budget: %s.%s",
		budgetOwner(c, d), money.Nano(d.Settled), money.Nano(d.Limit), resetText(c, d))
	if d.Limit == 0 {
		what = "There is no budget! " + budgetOwner(c, d) + " Max budget: 0, which refuses every call."
	}
	refused := api.Errorf(api.BudgetExceeded, "%s Budget cap reached, contact admin%s", what, p.contactEnd())
	refused.Refusal = &api.Refusal{Reason: api.ReasonSpent, Left: new(money.Nano)}
	return refused
}

// contactEnd ends a sentence with who the admin is, if that is known.
func (p *Proxy) contactEnd() string {
	if p.Contact == "" {
		return "."
	}
	return ": " + p.Contact
}

func resetText(c *call, d quota.Denial) string {
	if d.RetryAfter <= 0 {
		return ""
	}
	return " It resets at " + c.decision.At.Add(d.RetryAfter).UTC().Format("2006-01-02 15:04:05 UTC") + "."
}

// tooDear says what the call may cost, what is left, and how large an output would fit.
func tooDear(c *call, d quota.Denial, request quota.Request) *api.Error {
	mayCost, left := leastCost(request), budgetLeft(d)
	refused := api.Errorf(api.BudgetExceeded,
		"This call may cost up to $%s%s, more than is left of the budget: %s has $%s left of $%s.%s%s",
		mayCost, costParts(request, c.Choices), budgetOwner(c, d), left, money.Nano(d.Limit), underWay(d), resetText(c, d))
	refused.Refusal = &api.Refusal{Reason: api.ReasonTooDear, MayCost: &mayCost, Left: &left}
	if !c.endpoint.capped {
		return refused
	}
	refused.Param = c.endpoint.voice.cap
	if fits := outputThatFits(c, request); fits > 0 {
		refused.Refusal.MaxTokens = &fits
		refused.Message += fmt.Sprintf(" It would fit with %s: %d.", c.endpoint.voice.cap, fits)
	} else {
		refused.Message += fmt.Sprintf(" No %s would make it fit; send a shorter prompt.", c.endpoint.voice.cap)
	}
	return refused
}

// costParts says what the call costs by its prompt and by its output, if it has one.
func costParts(request quota.Request, choices int64) string {
	output := money.Nano(leastOutput(request)) * request.OutputTokenCost
	if output == 0 {
		return ""
	}
	answer := fmt.Sprintf("an answer of %d tokens", leastOutput(request))
	if choices > 1 {
		answer = fmt.Sprintf("%d answers of %d tokens", choices, leastOutput(request)/choices)
	}
	return fmt.Sprintf(" ($%s for its prompt, $%s for %s)", request.InputCost, output, answer)
}

func underWay(d quota.Denial) string {
	if d.Used <= d.Settled {
		return ""
	}
	return fmt.Sprintf(" Calls under way have reserved $%s of that.", money.Nano(d.Used-d.Settled))
}

// outputThatFits is the largest output cap of one choice with which every budget would have room: now if there
// is such a one, else when the calls under way have ended. 0 is none.
func outputThatFits(c *call, request quota.Request) int64 {
	fits := func(used func(quota.Denial) int64) int64 {
		most := request.OutputTokens / c.Choices
		for _, d := range c.decision.Denials {
			if d.Kind == quota.KindBudget && request.OutputTokenCost > 0 {
				room := money.Nano(d.Limit-used(d)) - request.InputCost
				most = min(most, int64(room/request.OutputTokenCost)/c.Choices)
			}
		}
		return max(0, most)
	}
	if now := fits(func(d quota.Denial) int64 { return d.Used }); now > 0 {
		return now
	}
	return fits(func(d quota.Denial) int64 { return d.Settled })
}

// held says that the call fits, but has to wait for calls under way.
func held(c *call, d quota.Denial) *api.Error {
	mayCost, left := money.Nano(d.Need), budgetLeft(d)
	refused := api.Errorf(api.RateLimited,
		"Calls under way have reserved $%s of the $%s that are left of the budget: %s. This call may cost up to $%s and fits when they have ended. Nothing was charged, try again in %d s.",
		money.Nano(d.Used-d.Settled), left, budgetOwner(c, d), mayCost, seconds(heldFor))
	refused.Refusal = &api.Refusal{Reason: api.ReasonHeld, MayCost: &mayCost, Left: &left}
	refused.Header = http.Header{}
	setRetryAfter(refused.Header, heldFor)
	return refused
}
