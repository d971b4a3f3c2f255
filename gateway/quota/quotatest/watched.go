package quotatest

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// testWatched: what is only watched is charged and refuses nobody, says whom it would have refused, and refuses from its
// moment on, to the microsecond and without being told.
func testWatched(t *testing.T, h Harness) {
	from := h.Clock.Now().Add(10 * time.Second)
	window := quota.Window{Scope: "team:marketing", Name: "team", RPM: 2, TPM: 250, Parallel: 2, EnforcedFrom: from}
	with := func(r *quota.Request) { r.Windows = []quota.Window{window} }
	for range 2 {
		same(t, "within the limit", len(h.admit(t, h.request(with)).WouldRefuse), 0)
	}
	beyond := h.admit(t, h.request(with))
	same(t, "would refuse", kindsOf(beyond.WouldRefuse), "[requests tokens max_parallel_requests]")
	same(t, "its limit", beyond.WouldRefuse[0].Limit, 2)
	same(t, "enforced from", beyond.WouldRefuse[1].EnforcedFrom.Equal(from), true)
	same(t, "charged all the same", beyond.Windows[0].Requests, 3)

	h.Clock.Advance(10*time.Second - time.Microsecond)
	same(t, "a moment before", len(h.admit(t, h.request(with)).WouldRefuse), 3)
	h.Clock.Advance(time.Microsecond)
	refused := h.reserve(t, h.request(with))
	same(t, "from then on", refused.Admitted, false)
	same(t, "for all of it", kindsOf(refused.Denials), "[requests tokens max_parallel_requests]")
	same(t, "by what was used meanwhile", refused.Denials[0].Used, 4)
	same(t, "and is no longer watched", refused.Denials[0].EnforcedFrom.IsZero() && len(refused.WouldRefuse) == 0, true)
}

func kindsOf(denials []quota.Denial) (kinds []string) {
	for _, denial := range denials {
		kinds = append(kinds, denial.Kind)
	}
	return kinds
}

// testWatchedBudget: the same of budgets, of which a spent one stays spent; and of grants, throttles and alerts.
func testWatchedBudget(t *testing.T, h Harness) {
	budget := h.teamBudget(150 * money.USD)
	budget.EnforcedFrom = h.Clock.Now().Add(time.Hour)
	with := func(r *quota.Request) { r.Budgets = []quota.Budget{budget} }
	open := func(r *quota.Request) { with(r); r.OutputTokens, r.MinOutputTokens = 4000, 16 }
	same(t, "grants as if it were not there", h.admit(t, h.request(open)).OutputTokens, 4000)
	first := h.request(with)
	same(t, "would refuse", kindsOf(h.admit(t, first).WouldRefuse), "[budget]")
	h.settle(t, first, 100, 200*money.USD)
	second := h.request(with)
	same(t, "still admitted", h.admit(t, second).WouldRefuse[0].Settled, int64(200*money.USD))
	h.settle(t, second, 100, 100*money.USD)
	h.drain(t)
	same(t, "told once that it would refuse", toldOf(h, 1), "[true]")

	h.Clock.Advance(time.Hour)
	denial := h.refuse(t, h.request(func(r *quota.Request) { with(r); r.Final = true }))
	same(t, "spent stays spent", denial.Settled, int64(300*money.USD))
	h.drain(t)
	same(t, "told again that it refuses", toldOf(h, 1), "[true false]")
}

// toldOf are, for each crossing of a share, whether the budget was only watched.
func toldOf(h Harness, share float64) (watched []bool) {
	for _, crossing := range h.Record.Crossings() {
		if crossing.Share == share {
			watched = append(watched, crossing.Watched)
		}
	}
	return watched
}

// testWatchedThrottle: a watched budget throttles what is watched as well, and nothing else.
func testWatchedThrottle(t *testing.T, h Harness) {
	from := h.Clock.Now().Add(time.Hour)
	window := quota.Window{Scope: "team:marketing", Name: "team", RPM: 2, TPM: quota.Unlimited, Parallel: quota.Unlimited}
	budget := h.teamBudget(1000 * money.USD)
	budget.Throttle = &quota.Throttle{Window: window.Scope, At: 0, Factor: 0.5}
	budget.EnforcedFrom = from
	with := func(r *quota.Request) { r.Windows, r.Budgets = []quota.Window{window}, []quota.Budget{budget} }
	same(t, "an enforced limit", h.admit(t, h.request(with)).Windows[0].RPMLimit, 2)
	window.EnforcedFrom = from
	same(t, "a watched one", h.admit(t, h.request(with)).WouldRefuse[0].Limit, 1)
}
