package quotatest

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// testLeast is what a caller who named no output cap gets of a limit of which some is settled and some is held.
// The request has 10 tokens of prompt at 10 dollars, and is content with 400 of output, with a rest of 100, and under
// a small limit with 25.
func testLeast(t *testing.T, h Harness) {
	for name, test := range map[string]struct {
		limit, settled, held int64
		// want is the output granted, 0 when it is refused for one of the reasons.
		want            int64
		heldBack, large bool
		need            int64
	}{
		"an idle limit":                        {limit: 1000, want: 400},
		"what is settled leaves the usual":     {limit: 1000, settled: 590, want: 400},
		"what is settled leaves a rest":        {limit: 1000, settled: 591, want: 399},
		"the least rest":                       {limit: 1000, settled: 890, want: 100},
		"less than a rest":                     {limit: 1000, settled: 891, need: 110},
		"the usual is held":                    {limit: 1000, held: 591, heldBack: true, need: 410},
		"the usual is held, a rest is settled": {limit: 1000, settled: 100, held: 491, heldBack: true, need: 410},
		"what is held leaves some of a rest":   {limit: 1000, settled: 600, held: 100, want: 290},
		"what is held leaves too little of it": {limit: 1000, settled: 600, held: 291, heldBack: true, need: 110},
		"a limit below the usual":              {limit: 300, want: 290},
		"and a rest of it":                     {limit: 300, settled: 150, want: 140},
		"a limit below a rest":                 {limit: 60, want: 50},
		"and what is left of it":               {limit: 60, settled: 15, want: 35},
		"which is held":                        {limit: 60, held: 15, heldBack: true, need: 60},
		"too little of it":                     {limit: 60, settled: 26, need: 35},
		"the smallest limit":                   {limit: 35, want: 25},
		"too small a limit":                    {limit: 34, large: true, need: 35},
	} {
		t.Run(name, func(t *testing.T) {
			scope := quota.Scope("limit:" + name)
			window := quota.Window{Scope: scope, Name: "team", RPM: 1000, TPM: test.limit, Parallel: quota.Unlimited}
			budget := h.teamBudget(money.Nano(test.limit) * money.USD)
			budget.Scope, budget.Thresholds = scope, nil
			t.Run("tokens", func(t *testing.T) {
				h.testLeast(t, func(r *quota.Request) { r.Windows = []quota.Window{window} }, test.settled, test.held, test.want, 1,
					quota.Denial{Held: test.heldBack, TooLarge: test.large, Need: test.need})
			})
			t.Run("budget", func(t *testing.T) {
				h.testLeast(t, func(r *quota.Request) { r.Budgets = []quota.Budget{budget} }, test.settled, test.held, test.want, int64(money.USD),
					quota.Denial{Held: test.heldBack, Need: test.need * int64(money.USD)})
			})
		})
	}
}

func (h Harness) testLeast(t *testing.T, limited func(*quota.Request), settled, held, want, unit int64, refused quota.Denial) {
	t.Helper()
	fill := func(tokens int64) quota.Request {
		filler := h.request(func(r *quota.Request) {
			limited(r)
			r.InputTokens, r.InputCost, r.OutputTokens, r.MinOutputTokens = 0, 0, tokens, tokens
		})
		h.admit(t, filler)
		return filler
	}
	if settled > 0 {
		h.settle(t, fill(settled), settled, money.Nano(settled)*money.USD)
	}
	if held > 0 {
		filler := fill(held)
		defer h.settle(t, filler, 0, 0)
	}
	request := h.request(func(r *quota.Request) {
		limited(r)
		r.OutputTokens, r.MinOutputTokens, r.RestOutputTokens, r.IdleOutputTokens = 400, 400, 100, 25
	})
	decision := h.reserve(t, request)
	if want > 0 {
		same(t, "admitted", decision.Admitted, true)
		same(t, "granted", decision.OutputTokens, want)
		h.settle(t, request, 0, 0)
		return
	}
	denial := decision.Denials[0]
	same(t, "held", denial.Held, refused.Held)
	same(t, "too large", denial.TooLarge, refused.TooLarge)
	same(t, "needs", denial.Need, refused.Need)
	same(t, "settled", denial.Settled, settled*unit)
	same(t, "used", denial.Used, (settled+held)*unit)
}
