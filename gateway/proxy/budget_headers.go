package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// setBudgetHeaders tells what is left of the budget that is nearest its end, once the call is paid or, while
// that is not known, with all that it may use taken off; and LiteLLM's headers of the key's own budget.
func setBudgetHeaders(header http.Header, c *call) {
	var name string
	var limit, left money.Nano
	for _, budget := range c.decision.Budgets {
		spent := budget.Settled + c.cost
		if budget.Name == "key" {
			header.Set("X-Litellm-Key-Spend", spent.String())
		}
		if budget.Limit < 0 {
			continue
		}
		if budget.Name == "key" {
			header.Set("X-Litellm-Key-Max-Budget", budget.Limit.String())
		}
		remaining := max(0, budget.Limit-budget.Settled-budget.Reserved)
		if c.settled {
			remaining = max(0, budget.Limit-spent-max(0, budget.Reserved-c.decision.Cost))
		}
		if name == "" || remaining < left {
			name, limit, left = budget.Name, budget.Limit, remaining
		}
	}
	if name != "" {
		header.Set("X-Bursar-Budget", name)
		header.Set("X-Bursar-Budget-Limit-Usd", limit.String())
		header.Set("X-Bursar-Budget-Remaining-Usd", left.String())
	}
}

// setTimeHeaders tells what the gateway itself took so far, and the call as a whole.
func setTimeHeaders(header http.Header, c *call, now time.Time) {
	took := now.Sub(c.started)
	overhead := strconv.FormatFloat(milliseconds(max(0, took-c.upstreamFor)), 'f', -1, 64)
	header.Set("X-Bursar-Overhead-Ms", overhead)
	header.Set("X-Litellm-Overhead-Duration-Ms", overhead)
	header.Set("X-Litellm-Response-Duration-Ms", strconv.FormatFloat(milliseconds(took), 'f', -1, 64))
}
