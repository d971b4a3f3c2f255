package quotatest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// BudgetNeverExceeded is promise T1. Workers on several replicas of one engine spend a budget to its
// cap with every call sent twice; nothing may be spent beyond it, and hardly anything may be left over.
func BudgetNeverExceeded(t *testing.T, h Harness, replicas []Engine) {
	const workers = 16
	const most, limit = 100 * money.USD, 4000 * money.USD
	run := &spendingSpree{budget: h.teamBudget(limit)}
	pot := run.budget
	pot.Scope, pot.Slot = Everything, ""
	run.budgets = []quota.Budget{run.budget, pot}

	var group sync.WaitGroup
	for replica, engine := range replicas {
		for worker := range workers {
			group.Go(func() {
				random := rand.New(rand.NewPCG(uint64(replica), uint64(worker)))
				for run.spend(t, h, engine, random) {
				}
			})
		}
	}
	group.Wait()
	if t.Failed() {
		return
	}
	h.drain(t)
	var ledger money.Nano
	for _, row := range h.Record.Rows() {
		ledger += row.Cost
	}
	state := h.spent(t, run.budget)
	if state.Settled > limit || state.Reserved != 0 {
		t.Errorf("settled %s of %s, still reserved %s", state.Settled, limit, state.Reserved)
	}
	same(t, "ledger is the counter", ledger, state.Settled)
	same(t, "pot is the counter", h.spent(t, pot).Settled, state.Settled)
	same(t, "one row each", len(h.Record.Rows()), run.admitted)
	// A safe engine that refuses everything is no use: what is left must be less than one request.
	if left := limit - state.Settled; left >= most {
		t.Errorf("%s is left, a request may cost no more than %s", left, most)
	}
	t.Logf("%d replicas: %d requests admitted, overshoot 0, %s of %s spent", len(replicas), run.admitted, state.Settled, limit)
}

type spendingSpree struct {
	budget   quota.Budget
	budgets  []quota.Budget
	mu       sync.Mutex
	admitted int
	// spent: a request was refused while nothing was reserved by others.
	spent bool
}

// spend makes one request and says whether there is a point in making another.
func (s *spendingSpree) spend(t *testing.T, h Harness, engine Engine, random *rand.Rand) bool {
	s.mu.Lock()
	spent := s.spent
	s.mu.Unlock()
	if spent || t.Failed() {
		return false
	}
	request := h.request(func(r *quota.Request) { r.Budgets = s.budgets })
	decision, err := engine.Reserve(t.Context(), request)
	if err != nil {
		t.Errorf("reserve: %v", err)
		return false
	}
	state := decision.Budgets[0]
	if state.Settled+state.Reserved > state.Limit {
		t.Errorf("overshoot: %s settled and %s reserved of %s", state.Settled, state.Reserved, state.Limit)
	}
	if !decision.Admitted {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spent = s.spent || state.Reserved == 0
		return true
	}
	if again, err := engine.Reserve(t.Context(), request); err != nil || !again.Duplicate || again.Cost != decision.Cost {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	cost := money.Nano(random.Int64N(int64(decision.Cost)) + 1)
	for range 2 {
		if _, err := engine.Settle(t.Context(), settlementOf(request, 100, cost)); err != nil {
			t.Errorf("settle: %v", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admitted++
	return true
}

// arrivals says how many requests arrive in a quarter of a second, by pattern. quarter counts from 0.
var arrivals = map[string]func(quarter int, random *rand.Rand) int{
	"saturated":   func(int, *rand.Rand) int { return 3 },
	"steady":      func(quarter int, _ *rand.Rand) int { return quarter % 2 },
	"random":      func(_ int, random *rand.Rand) int { return random.IntN(3) },
	"on the hour": func(quarter int, _ *rand.Rand) int { return everyMinute(quarter, 0, 40) },
	"both ends": func(quarter int, _ *rand.Rand) int {
		return everyMinute(quarter, 0, 40) + everyMinute(quarter, 239, 40)
	},
	"half a limit": func(quarter int, _ *rand.Rand) int { return everyMinute(quarter, 120, 15) },
}

func everyMinute(quarter, at, n int) int {
	if quarter%240 == at {
		return n
	}
	return 0
}

// WindowNeverExceeded is promise T2. Requests arrive in several patterns over simulated minutes, some give
// tokens back; no interval of 60 seconds may hold more than the limit, and a saturated one not much less.
func WindowNeverExceeded(t *testing.T, start func(t *testing.T) Harness) {
	for name, arrive := range arrivals {
		t.Run(name, func(t *testing.T) {
			const minutes, rpm = 5, 30
			tpm := int64(1000)
			if name == "saturated" {
				tpm = 2000 // leave it to the requests
			}
			h := start(t)
			run := &rush{window: h.teamWindow(rpm, tpm, quota.Unlimited)}
			random := rand.New(rand.NewPCG(1, 2))
			for quarter := range minutes * 240 {
				var group sync.WaitGroup
				for range arrive(quarter, random) {
					tokens, delay := 10+random.Int64N(90), random.IntN(40)
					group.Go(func() { run.arrive(t, h, tokens, quarter+delay) })
				}
				group.Wait()
				run.settleDue(t, h, quarter)
				h.Clock.Advance(250 * time.Millisecond)
			}
			requests, tokens := run.worstMinute()
			if requests > rpm || tokens > tpm {
				t.Errorf("a minute had %d of %d requests and %d of %d tokens", requests, rpm, tokens, tpm)
			}
			possible := float64(minutes*rpm) * 60 / 61 * 0.98
			if name == "saturated" && float64(len(run.admitted)) < possible {
				t.Errorf("%d requests were admitted, at least %.0f were possible", len(run.admitted), possible)
			}
			t.Logf("%d admitted, worst minute %d of %d requests, %d of %d tokens", len(run.admitted), requests, rpm, tokens, tpm)
		})
	}
}

// rush is what was admitted and not yet settled.
type rush struct {
	window   []quota.Window
	mu       sync.Mutex
	admitted []*admission
}

type admission struct {
	request quota.Request
	at      time.Time
	tokens  int64
	due     int
	settled bool
}

func (r *rush) arrive(t *testing.T, h Harness, tokens int64, due int) {
	request := h.request(func(request *quota.Request) {
		request.Windows = r.window
		request.OutputTokens, request.MinOutputTokens = tokens, tokens
	})
	decision, err := h.Engine.Reserve(t.Context(), request)
	if err != nil {
		t.Errorf("reserve: %v", err)
	}
	if !decision.Admitted {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.admitted = append(r.admitted, &admission{request: request, at: decision.At, tokens: decision.Tokens, due: due})
}

// settleDue settles at two thirds of what was reserved.
func (r *rush) settleDue(t *testing.T, h Harness, quarter int) {
	for _, a := range r.admitted {
		if a.settled || a.due > quarter {
			continue
		}
		a.settled, a.tokens = true, a.tokens*2/3
		if _, err := h.Engine.Settle(t.Context(), settlementOf(a.request, a.tokens, 1)); err != nil {
			t.Errorf("settle: %v", err)
		}
	}
}

// worstMinute looks at every 60 seconds that end with an admission.
func (r *rush) worstMinute() (requests, tokens int64) {
	for _, last := range r.admitted {
		var n, k int64
		for _, a := range r.admitted {
			if !a.at.After(last.at) && last.at.Sub(a.at) < time.Minute {
				n, k = n+1, k+a.tokens
			}
		}
		requests, tokens = max(requests, n), max(tokens, k)
	}
	return requests, tokens
}

// LostRepliesChargeOnce is promise T4. Replies get lost after the step was applied; what is
// stored must be what was asked for, once. lost returns how many replies were lost.
func LostRepliesChargeOnce(t *testing.T, h Harness, lost func() int) {
	budget := h.teamBudget(money.Max)
	budget.Thresholds = nil
	var mu sync.Mutex
	var want money.Nano
	settled := make(map[string]bool)
	for range 120 { // groups of four
		requests, admitted := make([]quota.Request, 4), make([]bool, 4)
		h.together(slot, callsOf(len(requests), func(i int) {
			requests[i] = h.request(func(r *quota.Request) {
				r.Budgets, r.Windows = []quota.Budget{budget}, h.teamWindow(1<<40, 1<<40, 1<<40)
			})
			_, err := h.Engine.Reserve(t.Context(), requests[i])
			unavailableAtMost(t, err)
			admitted[i] = err == nil
		}))
		h.together(slot, callsOf(len(requests), func(i int) {
			if !admitted[i] {
				return
			}
			_, err := h.Engine.Settle(t.Context(), settlementOf(requests[i], 100, money.Nano(i+1)))
			unavailableAtMost(t, err)
			mu.Lock()
			defer mu.Unlock()
			want += money.Nano(i + 1)
			settled[requests[i].ID] = true
		}))
	}
	h.awaitDrain(t)
	state := h.spent(t, budget)
	same(t, "settled", state.Settled, want)
	same(t, "reserved", state.Reserved, 0)
	same(t, "live", h.window(t, h.teamWindow(1<<40, 1<<40, 1<<40)[0]).Live, 0)
	seen := make(map[string]int)
	for _, row := range h.Record.Rows() {
		seen[row.ID]++
		if !settled[row.ID] && row.Kind != api.LedgerVoid {
			t.Errorf("row %s of kind %s was never asked for", row.ID, row.Kind)
		}
	}
	for id := range settled {
		same(t, "rows of "+id, seen[id], 1)
	}
	if lost() < 20 {
		t.Errorf("only %d replies were lost; the test proves nothing", lost())
	}
	t.Logf("%d requests settled once, %d replies lost", len(settled), lost())
}

// awaitDrain drains in spite of lost replies.
func (h Harness) awaitDrain(t *testing.T) {
	t.Helper()
	for range 100 {
		err := h.Engine.Drain(t.Context())
		if err == nil {
			return
		}
		unavailableAtMost(t, err)
	}
	t.Fatal("drain never succeeds")
}

func unavailableAtMost(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, quota.ErrUnavailable) {
		t.Errorf("%v, want success or ErrUnavailable", err)
	}
}
