package quotatest

import (
	"errors"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func testWindows(t *testing.T, h Harness) {
	windows := h.teamWindow(2, 250, 2)
	h.Clock.Advance(400 * time.Millisecond)
	first := h.request(func(r *quota.Request) { r.Windows = windows })
	decision := h.admit(t, first)
	same(t, "tokens reserved", decision.Tokens, 100)
	same(t, "cost reserved", decision.Cost, 100*money.USD)
	same(t, "charged", decision.Windows[0].Requests, 1)
	same(t, "empty again", decision.Windows[0].RequestsReset, 60600*time.Millisecond)

	h.Clock.Advance(5 * time.Second)
	second := h.request(func(r *quota.Request) { r.Windows = windows })
	h.admit(t, second)
	third := h.reserve(t, h.request(func(r *quota.Request) { r.Windows = windows }))
	if len(third.Denials) != 3 {
		t.Fatalf("want requests, tokens and parallel to refuse, got %+v", third.Denials)
	}
	for i, kind := range []string{quota.KindRequests, quota.KindTokens, quota.KindParallel} {
		same(t, "kind", third.Denials[i].Kind, kind)
	}
	// The first request was charged in the second :30 and leaves 61 seconds later.
	same(t, "retry after", third.RetryAfter, 55600*time.Millisecond)
	same(t, "a refusal changes nothing", third.Windows[0].Tokens, 200)

	h.settle(t, first, 40, 40*money.USD)
	state := h.window(t, windows[0])
	same(t, "tokens after settling", state.Tokens, 140)
	same(t, "live after settling", state.Live, 1)
	denial := h.refuse(t, h.request(func(r *quota.Request) { r.Windows = windows }))
	same(t, "kind", denial.Kind, quota.KindRequests)

	h.Clock.Advance(denial.RetryAfter - time.Millisecond)
	same(t, "too early by a millisecond", h.refuse(t, h.request(func(r *quota.Request) { r.Windows = windows })).Kind, quota.KindRequests)
	h.Clock.Advance(time.Millisecond)
	third = h.admit(t, h.request(func(r *quota.Request) { r.Windows = windows }))
	same(t, "the first request left with what it used", third.Windows[0].Tokens, 200)

	// A refund to a second that has left the window goes nowhere.
	h.Clock.Advance(time.Minute)
	before := h.window(t, windows[0])
	h.settle(t, second, 0, 0)
	after := h.window(t, windows[0])
	same(t, "tokens after a late refund", after.Tokens, before.Tokens)
	same(t, "live after a late refund", after.Live, before.Live-1)

	large := h.refuse(t, h.request(func(r *quota.Request) { r.Windows = h.teamWindow(quota.Unlimited, 99, quota.Unlimited) }))
	if large.Kind != quota.KindTokens || !large.TooLarge {
		t.Errorf("100 tokens against a limit of 99: %+v, want too large", large)
	}
	zero := h.refuse(t, h.request(func(r *quota.Request) { r.Windows = h.teamWindow(0, quota.Unlimited, quota.Unlimited) }))
	if zero.TooLarge || zero.RetryAfter != time.Minute {
		t.Errorf("a limit of zero: %+v, want a plain refusal", zero)
	}
}

func testBudgets(t *testing.T, h Harness) {
	team := h.teamBudget(250 * money.USD)
	pot := team
	pot.Scope, pot.Slot, pot.Limit, pot.Hard = Everything, "", 150*money.USD, false
	pot.About = api.AlertEvent{BudgetID: "everything"}
	with := func(r *quota.Request) { r.Budgets = []quota.Budget{team, pot} }

	first, second := h.request(with), h.request(with)
	h.admit(t, first)
	decision := h.admit(t, second)
	same(t, "reserved", decision.Budgets[0].Reserved, 200*money.USD)
	same(t, "a soft budget never refuses", decision.Budgets[1].Reserved, 200*money.USD)

	denial := h.refuse(t, h.request(with))
	same(t, "kind", denial.Kind, quota.KindBudget)
	same(t, "limit", denial.Limit, int64(250*money.USD))
	same(t, "used", denial.Used, int64(200*money.USD))
	midnight := time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC)
	same(t, "retry after", denial.RetryAfter, midnight.Sub(h.Clock.Now()))

	settled := h.settle(t, first, 50, 50*money.USD)
	same(t, "settled", settled.Budgets[0].Settled, 50*money.USD)
	same(t, "still reserved", settled.Budgets[0].Reserved, 100*money.USD)
	// What is left is exactly what the request may cost.
	h.admit(t, h.request(with))
	h.refuse(t, h.request(with))

	// A request of yesterday is settled in yesterday.
	h.Clock.Advance(14 * time.Hour)
	team.Periods = h.teamBudget(0).Periods
	same(t, "a new day is empty", h.spent(t, team).Settled, 0)
	h.settle(t, second, 100, 100*money.USD)
	same(t, "a new day stays empty", h.spent(t, team).Settled, 0)
	h.Clock.Advance(-14 * time.Hour)
	same(t, "yesterday", h.spent(t, team).Settled, 150*money.USD)

	if _, err := h.Engine.Reserve(t.Context(), h.request(func(r *quota.Request) {
		past := team
		past.Periods = team.Periods[2:]
		r.Budgets = []quota.Budget{past}
	})); !errors.Is(err, quota.ErrNoPeriod) {
		t.Errorf("no period of now: %v, want ErrNoPeriod", err)
	}
}

func testGrants(t *testing.T, h Harness) {
	open := func(r *quota.Request) { r.OutputTokens, r.MinOutputTokens = 4000, 16 }
	same(t, "without limits", h.admit(t, h.request(open)).OutputTokens, 4000)

	tpm := h.teamWindow(quota.Unlimited, 1010, quota.Unlimited)
	first := h.admit(t, h.request(func(r *quota.Request) { open(r); r.Windows = tpm }))
	same(t, "a quarter of the minute", first.OutputTokens, 250)
	same(t, "reserved", first.Tokens, 260)

	both := []quota.Window{{Scope: "key:key_1", Name: "key", RPM: 11, TPM: 1010, Parallel: quota.Unlimited}}
	fair := h.admit(t, h.request(func(r *quota.Request) { open(r); r.Windows = both }))
	same(t, "a quarter of what ten others leave", fair.OutputTokens, (1000-10*26)/4)

	tight := []quota.Window{{Scope: "key:key_2", Name: "key", RPM: 1000, TPM: 1010, Parallel: quota.Unlimited}}
	least := h.admit(t, h.request(func(r *quota.Request) { open(r); r.Windows = tight }))
	same(t, "the least", least.OutputTokens, 16)

	budget := h.teamBudget(110 * money.USD)
	money25 := h.admit(t, h.request(func(r *quota.Request) { open(r); r.Budgets = []quota.Budget{budget} }))
	same(t, "a quarter of the money", money25.OutputTokens, 25)
	same(t, "its cost", money25.Cost, 35*money.USD)

	soft := budget
	soft.Hard = false
	same(t, "a soft budget does not shrink", h.admit(t, h.request(func(r *quota.Request) {
		open(r)
		r.Budgets = []quota.Budget{soft}
	})).OutputTokens, 4000)
}

func testThrottle(t *testing.T, h Harness) {
	window := quota.Window{Scope: "team:marketing", Name: "team", RPM: 5, TPM: quota.Unlimited, Parallel: quota.Unlimited}
	budget := h.teamBudget(1000 * money.USD)
	budget.Throttle = &quota.Throttle{Window: window.Scope, At: 100 * money.USD, Factor: 0.5}
	with := func(r *quota.Request) { r.Windows, r.Budgets = []quota.Window{window}, []quota.Budget{budget} }

	first := h.request(with)
	same(t, "before", h.admit(t, first).Windows[0].RPMLimit, 5)
	settled := h.settle(t, first, 100, 100*money.USD)
	same(t, "throttled", settled.Windows[0].Throttled, true)

	second := h.admit(t, h.request(with))
	same(t, "half of five", second.Windows[0].RPMLimit, 2)
	denial := h.refuse(t, h.request(with))
	same(t, "limit that refused", denial.Limit, 2)
	same(t, "kind", denial.Kind, quota.KindRequests)

	budget.Throttle.Factor = 0.1
	h.Clock.Advance(61 * time.Second)
	same(t, "never to zero", h.admit(t, h.request(with)).Windows[0].RPMLimit, 1)
}

func testInvalid(t *testing.T, h Harness) {
	for name, change := range map[string]func(*quota.Request){
		"negative tokens": func(r *quota.Request) { r.InputTokens = -1 },
		"too many tokens": func(r *quota.Request) { r.OutputTokens = 1 << 60 },
		"negative cost":   func(r *quota.Request) { r.InputCost = -1 },
		"too dear":        func(r *quota.Request) { r.OutputTokens, r.OutputTokenCost = 1<<30, 1<<30 },
		"no id":           func(r *quota.Request) { r.ID = "" },
	} {
		if _, err := h.Engine.Reserve(t.Context(), h.request(change)); !errors.Is(err, quota.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	request := h.request(nil)
	h.admit(t, request)
	if _, err := h.Engine.Settle(t.Context(), settlementOf(request, 1, -1)); !errors.Is(err, quota.ErrInvalid) {
		t.Errorf("settle at a negative cost: %v, want ErrInvalid", err)
	}
}
