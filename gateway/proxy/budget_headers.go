package proxy

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Headers that tell money and time.
const (
	headerKeySpend        httpx.HeaderName = "X-Litellm-Key-Spend"
	headerKeyBudget       httpx.HeaderName = "X-Litellm-Key-Max-Budget"
	headerBudget          httpx.HeaderName = "X-Bursar-Budget"
	headerBudgetLimit     httpx.HeaderName = "X-Bursar-Budget-Limit-Usd"
	headerBudgetLeft      httpx.HeaderName = "X-Bursar-Budget-Remaining-Usd"
	headerOverhead        httpx.HeaderName = "X-Bursar-Overhead-Ms"
	headerLiteLLMOverhead httpx.HeaderName = "X-Litellm-Overhead-Duration-Ms"
	headerDuration        httpx.HeaderName = "X-Litellm-Response-Duration-Ms"
)

// setBudgetHeaders tells what is left of the budget that is nearest its end, once the call is paid or, while
// that is not known, with all that it may use taken off; and LiteLLM's headers of the key's own budget.
func setBudgetHeaders(head *httpx.Head, c *call) {
	var name string
	var limit, left money.Nano
	for _, budget := range c.decision.Budgets {
		spent := budget.Settled + c.cost
		if budget.Name == "key" {
			head.Text(headerKeySpend, spent.String())
		}
		if budget.Limit < 0 {
			continue
		}
		if budget.Name == "key" {
			head.Text(headerKeyBudget, budget.Limit.String())
		}
		remaining := max(0, budget.Limit-budget.Settled-budget.Reserved)
		if c.booked {
			remaining = max(0, budget.Limit-spent-max(0, budget.Reserved-c.decision.Cost))
		}
		if name == "" || remaining < left {
			name, limit, left = budget.Name, budget.Limit, remaining
		}
	}
	if name != "" {
		head.Text(headerBudget, name)
		head.Text(headerBudgetLimit, limit.String())
		head.Text(headerBudgetLeft, left.String())
	}
}

// setTimeHeaders tells what the gateway itself took so far, and the call as a whole.
func setTimeHeaders(head *httpx.Head, c *call, now time.Time) {
	took := now.Sub(c.started)
	overhead := milliseconds(max(0, took-c.upstreamFor))
	head.Float(headerOverhead, overhead)
	head.Float(headerLiteLLMOverhead, overhead)
	head.Float(headerDuration, milliseconds(took))
}
