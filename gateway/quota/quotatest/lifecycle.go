package quotatest

import (
	"errors"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func testAlerts(t *testing.T, h Harness) {
	budget := h.teamBudget(200 * money.USD)
	with := func(r *quota.Request) { r.Budgets = []quota.Budget{budget} }
	spend := func(cost money.Nano) {
		t.Helper()
		request := h.request(with)
		h.admit(t, request)
		h.settle(t, request, 100, cost)
		h.drain(t)
	}
	spend(100 * money.USD)
	same(t, "nothing at 50 %", len(h.Record.Crossings()), 0)
	spend(60 * money.USD)
	crossed := h.Record.Crossings()
	if len(crossed) != 1 {
		t.Fatalf("at 80 %%: %+v, want one event", crossed)
	}
	soft := crossed[0]
	same(t, "share", soft.Share, 0.8)
	same(t, "spend", soft.Spend, 160*money.USD)
	same(t, "limit", soft.Limit, 200*money.USD)
	same(t, "refused", soft.Refused, 0)
	same(t, "scope", soft.Scope, "team:marketing")
	same(t, "team", soft.About.TeamID, "marketing")
	same(t, "period", soft.Period.End.UTC(), time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC))

	h.refuse(t, h.request(with)) // a try that the caller may repeat with less
	h.drain(t)
	same(t, "events after a refusal that nobody was told", len(h.Record.Crossings()), 1)
	final := func(r *quota.Request) { with(r); r.Final = true }
	h.refuse(t, h.request(final))
	h.refuse(t, h.request(final))
	h.drain(t)
	crossed = h.Record.Crossings()
	if len(crossed) != 2 {
		t.Fatalf("after two refusals: %+v, want one event more", crossed)
	}
	hard := crossed[1]
	same(t, "share", hard.Share, 1)
	same(t, "refused", hard.Refused, 100*money.USD)

	// A raised limit arms the thresholds again.
	budget.Limit, budget.Generation = 400*money.USD, 1
	budget.Thresholds = []quota.Threshold{{Share: 0.5, At: 200 * money.USD}, {Share: 0.8, At: 320 * money.USD}}
	spend(100 * money.USD)
	spend(100 * money.USD)
	crossed = h.Record.Crossings()
	if len(crossed) != 4 || crossed[2].Share != 0.5 || crossed[3].Share != 0.8 {
		t.Errorf("after the limit was raised: %+v, want 0.5 and 0.8", crossed[2:])
	}
}

// A request that alone asks for more than half of a budget is told of as a warning, and hides nothing of what comes later.
func testAlertsOfDearRequests(t *testing.T, h Harness) {
	budget := h.teamBudget(200 * money.USD)
	dear := func(tokens int64) quota.Request {
		return h.request(func(r *quota.Request) {
			r.Budgets, r.Final, r.OutputTokens, r.MinOutputTokens = []quota.Budget{budget}, true, tokens, tokens
		})
	}
	h.refuse(t, dear(250))
	h.refuse(t, dear(250))
	h.drain(t)
	crossed := h.Record.Crossings()
	if len(crossed) != 1 || crossed[0].Share != -1 {
		t.Fatalf("after two refusals: %+v, want one of a request that is too dear", crossed)
	}
	same(t, "refused", crossed[0].Refused, 260*money.USD)
	request := h.request(func(r *quota.Request) { r.Budgets = []quota.Budget{budget} })
	h.admit(t, request)
	h.settle(t, request, 100, 100*money.USD)
	h.refuse(t, dear(100))
	h.drain(t)
	crossed = h.Record.Crossings()
	if len(crossed) != 2 || crossed[1].Share != 1 || crossed[1].ID() == crossed[0].ID() {
		t.Errorf("once half is spent: %+v, want the cap's alert besides", crossed)
	}
}

func testEndings(t *testing.T, h Harness) {
	window := h.teamWindow(quota.Unlimited, quota.Unlimited, quota.Unlimited)
	budget := h.teamBudget(1000 * money.USD)
	with := func(r *quota.Request) { r.Windows, r.Budgets = window, []quota.Budget{budget} }

	request := h.request(with)
	first := h.admit(t, request)
	again := h.admit(t, request)
	same(t, "duplicate", again.Duplicate, true)
	same(t, "same answer", again.Tokens, first.Tokens)
	same(t, "charged once", again.Windows[0].Requests, 1)

	h.settle(t, request, 60, 60*money.USD)
	same(t, "second settlement", h.settle(t, request, 99, 99*money.USD).Duplicate, true)
	same(t, "settled once", h.spent(t, budget).Settled, 60*money.USD)
	if _, err := h.Engine.Reserve(t.Context(), request); !errors.Is(err, quota.ErrEnded) {
		t.Errorf("reserve an id that has ended: %v, want ErrEnded", err)
	}
	if _, err := h.Engine.Settle(t.Context(), settlementOf(h.request(nil), 1, 1)); !errors.Is(err, quota.ErrUnknown) {
		t.Errorf("settle an id that was never reserved: %v, want ErrUnknown", err)
	}

	void := h.request(with)
	h.admit(t, void)
	settlement := settlementOf(void, 0, 0)
	settlement.Row.Kind = api.LedgerVoid
	if _, err := h.Engine.Settle(t.Context(), settlement); err != nil {
		t.Fatal(err)
	}
	state := h.window(t, window[0])
	same(t, "a void gives the tokens back", state.Tokens, 60)
	same(t, "a void stays a request", state.Requests, 2)
	same(t, "nothing is live", state.Live, 0)

	unsent := h.request(with)
	h.admit(t, unsent)
	h.Clock.Advance(2 * time.Second)
	settlement = settlementOf(unsent, 0, 0)
	settlement.Unsent, settlement.Row.Kind = true, api.LedgerVoid
	if _, err := h.Engine.Settle(t.Context(), settlement); err != nil {
		t.Fatal(err)
	}
	state = h.window(t, window[0])
	same(t, "what was never sent gives the tokens back", state.Tokens, 60)
	same(t, "what was never sent is no request", state.Requests, 2)
	same(t, "nothing is live any more", state.Live, 0)

	summed := h.request(with)
	h.admit(t, summed)
	h.Clock.Advance(2 * time.Second)
	settlement = settlementOf(summed, 0, 0)
	settlement.Unsent, settlement.Summed, settlement.Row.Kind = true, true, api.LedgerVoid // it is in no row below
	if _, err := h.Engine.Settle(t.Context(), settlement); err != nil {
		t.Fatal(err)
	}
	state = h.window(t, window[0])
	same(t, "what the caller sums up gives the tokens back", state.Tokens, 60)
	same(t, "what the caller sums up is not live", state.Live, 0)
	if again, err := h.Engine.Settle(t.Context(), settlement); err != nil || !again.Duplicate {
		t.Errorf("again: %+v, %v", again, err)
	}

	h.testCrash(t, with, budget)
	h.drain(t)
	var kinds []string
	var sum money.Nano
	for _, row := range h.Record.Rows() {
		kinds, sum = append(kinds, row.Kind), sum+row.Cost
	}
	same(t, "ledger", kinds, []string{"settle", "void", "void", "estimate", "correction"})
	same(t, "ledger sum is the counter", sum, h.spent(t, budget).Settled)
}

// testCrash lets a renewed reservation and its gateway die, and come back too late.
func (h Harness) testCrash(t *testing.T, with func(*quota.Request), budget quota.Budget) {
	request := h.request(with)
	h.admit(t, request)
	h.Clock.Advance(14 * time.Second)
	checkpoint := quota.Checkpoint{ID: request.ID, Slot: slot, Tokens: 30, Cost: 30 * money.USD}
	if err := h.Engine.Renew(t.Context(), []quota.Checkpoint{checkpoint}); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(14 * time.Second)
	same(t, "alive after a renewal", h.reap(t), 0)
	h.Clock.Advance(2 * time.Second)
	same(t, "dead without one", h.reap(t), 1)
	state := h.spent(t, budget)
	same(t, "booked at the checkpoint", state.Settled, 90*money.USD)
	same(t, "nothing is held", state.Reserved, 0)

	late := h.settle(t, request, 70, 70*money.USD)
	same(t, "late settlement", late.Corrected, true)
	same(t, "corrected", h.spent(t, budget).Settled, 130*money.USD)
	same(t, "corrected once", h.settle(t, request, 70, 70*money.USD).Duplicate, true)
}

func (h Harness) reap(t *testing.T) int {
	t.Helper()
	n, err := h.Engine.Reap(t.Context())
	if err != nil {
		t.Fatalf("reap: %v", err)
	}
	return n
}

func testPolicy(t *testing.T, h Harness) {
	h.admit(t, h.request(nil))
	version, err := h.Engine.BumpPolicy(t.Context(), slot)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Engine.Reserve(t.Context(), h.request(nil)); !errors.Is(err, quota.ErrStalePolicy) {
		t.Errorf("old limits: %v, want ErrStalePolicy", err)
	}
	current, err := h.Engine.PolicyVersion(t.Context(), slot)
	if err != nil || current != version {
		t.Errorf("version %d, %v; want %d", current, err, version)
	}
	h.admit(t, h.request(func(r *quota.Request) { r.PolicyVersion = version }))
	h.admit(t, h.request(func(r *quota.Request) { r.Slot = "research" }))

	// A version from before the counters were lost makes everybody load again.
	if _, err := h.Engine.Reserve(t.Context(), h.request(func(r *quota.Request) { r.PolicyVersion = version + 5 })); !errors.Is(err, quota.ErrStalePolicy) {
		t.Errorf("limits from the future: %v, want ErrStalePolicy", err)
	}
	next, err := h.Engine.PolicyVersion(t.Context(), slot)
	if err != nil || next <= version+5 {
		t.Errorf("version %d, %v; want more than %d", next, err, version+5)
	}
}

func testSeeding(t *testing.T, h Harness) {
	row := api.LedgerRow{ID: NewID(), TeamID: slot, AdmittedAt: h.Clock.Now(), Cost: 150 * money.USD}
	if err := h.Record.Append(t.Context(), []quota.Entry{{Row: &row}}); err != nil {
		t.Fatal(err)
	}
	budget := h.teamBudget(300 * money.USD)
	with := func(r *quota.Request) { r.Budgets = []quota.Budget{budget} }
	same(t, "counted from the ledger", h.admit(t, h.request(with)).Budgets[0].Settled, 150*money.USD)
	h.refuse(t, h.request(with))
	same(t, "asked once", h.Record.Asked(), 1)

	h.Record.SetDown(true)
	budget.Scope = "key:key_1"
	if _, err := h.Engine.Reserve(t.Context(), h.request(with)); !errors.Is(err, ErrRecordDown) {
		t.Errorf("a counter that cannot be filled: %v, want the record's error", err)
	}
	h.Record.SetDown(false)
	h.admit(t, h.request(with))
}
