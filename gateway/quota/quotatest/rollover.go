package quotatest

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// RolloverNeedsNoJob is promise T3. Requests arrive around the end of a period, from gateways whose
// clocks are minutes wrong; each counts in exactly one period, the one that the counters' clock says,
// and stays there when it is settled later.
func RolloverNeedsNoJob(t *testing.T, h Harness) {
	hour := &api.Span{Count: 1, Unit: api.Hour}
	old := quota.Calendar{Span: hour, ResetDay: 1, Zone: time.UTC}.At(h.Clock.Now())
	budgetBy := func(skew time.Duration) quota.Budget {
		budget := h.teamBudget(money.Max)
		budget.Thresholds = nil
		budget.Periods = quota.Calendar{Span: hour, ResetDay: 1, Zone: time.UTC}.Around(h.Clock.Now().Add(skew))
		return budget
	}
	h.Clock.Advance(old.End.Sub(h.Clock.Now()) - 2*time.Millisecond)

	var requests []quota.Request
	want := map[bool]money.Nano{}
	for i := range 9 { // from 2 ms before the end to 2 ms after it
		skew := []time.Duration{0, -5 * time.Minute, 5 * time.Minute}[i%3]
		request := h.request(func(r *quota.Request) { r.Budgets = []quota.Budget{budgetBy(skew)} })
		decision := h.admit(t, request)
		late := !decision.At.Before(old.End)
		same(t, "period of a request at "+decision.At.String(), decision.Budgets[0].Period.Start.Equal(old.End), late)
		requests = append(requests, request)
		want[late] += money.Nano(i + 1)
		h.Clock.Advance(500 * time.Microsecond)
	}
	same(t, "the ledger was asked once per period", h.Record.Asked(), 2)
	for i, request := range requests {
		h.settle(t, request, 10, money.Nano(i+1))
	}
	h.drain(t)

	before, after := budgetBy(0), budgetBy(0)
	same(t, "new period", h.spent(t, after).Settled, want[true])
	h.Clock.Advance(-10 * time.Minute)
	same(t, "old period", h.spent(t, before).Settled, want[false])
	h.Clock.Advance(10 * time.Minute)
	for late, period := range map[bool]quota.Period{false: old, true: quota.Calendar{Span: hour, ResetDay: 1, Zone: time.UTC}.At(old.End)} {
		ledger, err := h.Record.Spend(t.Context(), before.Scope, period)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ledger of the period", ledger, want[late])
	}
}

// testPeriods changes a budget from one kind of period to another and back while it is spent. Each counter misses what
// is charged on the others, and is right all the same when it is charged, or only read, again.
func testPeriods(t *testing.T, h Harness) {
	inPeriods := func(span *api.Span) quota.Budget {
		budget := h.teamBudget(1000 * money.USD)
		budget.Thresholds = nil
		budget.Periods = nil
		if span != nil {
			budget.Periods = quota.Calendar{Span: span, ResetDay: 1, Zone: time.UTC}.Around(h.Clock.Now())
		}
		return budget
	}
	month, day := &api.Span{Count: 1, Unit: api.Month}, &api.Span{Count: 1, Unit: api.Day}
	spend := func(span *api.Span, cost money.Nano) {
		t.Helper()
		request := h.request(func(r *quota.Request) { r.Budgets = []quota.Budget{inPeriods(span)} })
		h.admit(t, request)
		h.settle(t, request, 10, cost)
	}
	spent := func(when string, span *api.Span, want money.Nano) {
		t.Helper()
		same(t, when, h.spent(t, inPeriods(span)).Settled, want)
	}

	spend(month, 1*money.USD)
	spent("a day that nobody has charged, as somebody asks what it would be", day, 1*money.USD)
	spend(month, 2*money.USD)
	spent("the day asked about again", day, 3*money.USD)
	spent("for good", nil, 3*money.USD)
	spend(day, 4*money.USD)
	spend(day, 8*money.USD)
	spent("the day that is charged now", day, 15*money.USD)
	spent("the month that others were charged for, read", month, 15*money.USD)
	spend(nil, 16*money.USD)
	spend(month, 32*money.USD)
	spent("the month that is charged again", month, 63*money.USD)
	spent("for good, read", nil, 63*money.USD)
	spend(day, 64*money.USD)

	h.Clock.Advance(24 * time.Hour) // the day is over that was charged last
	spend(month, 128*money.USD)
	spent("the month after a day that is over", month, 255*money.USD)
	spent("the new day", day, 128*money.USD)

	held := h.request(func(r *quota.Request) { r.Budgets = []quota.Budget{inPeriods(month)} })
	h.admit(t, held)
	spend(day, 1*money.USD)
	h.settle(t, held, 10, 256*money.USD)
	spent("with what was under way", month, 512*money.USD)
	h.drain(t)
}
