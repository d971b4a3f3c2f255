// Package quotatest is the test suite that every quota engine passes.
//
// It promises that two engines that pass it give the same answers to the same calls.
// It must never know how an engine keeps its counters.
package quotatest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Engine is what the suite needs beyond the calls that gateways make.
type Engine interface {
	quota.Engine
	// Reap books the reservations that nobody renewed and returns how many there were.
	Reap(ctx context.Context) (int, error)
	// Drain waits until everything that was settled is in the record.
	Drain(ctx context.Context) error
}

// Harness is one engine under test with empty counters, the clock it runs by and the record it writes to.
type Harness struct {
	Engine Engine
	Clock  *Clock
	Record *Record
	// PotsApart leaves pots out of [Compare]: a Redis Cluster spends them by allowances.
	PotsApart bool
	// Together makes calls of one slot as one group, decided in their order. nil makes them one after the other.
	Together func(slot string, calls []func())
}

// Run passes every engine through the suite. start is called once per test.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"Windows", testWindows},
		{"Budgets", testBudgets},
		{"Grants", testGrants},
		{"Least", testLeast},
		{"Throttle", testThrottle},
		{"Watched", testWatched},
		{"WatchedBudget", testWatchedBudget},
		{"WatchedThrottle", testWatchedThrottle},
		{"Alerts", testAlerts},
		{"AlertsOfDearRequests", testAlertsOfDearRequests},
		{"Endings", testEndings},
		{"Policy", testPolicy},
		{"Seeding", testSeeding},
		{"Periods", testPeriods},
		{"Invalid", testInvalid},
		{"Together", testTogether},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, start(t)) })
	}
}

// Clock is a clock that only moves when told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a round time, Wednesday, 18 November 2026, 10:20:30 UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.November, 18, 10, 20, 30, 0, time.UTC)}
}

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards too.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewID makes the id of a reservation.
func NewID() string { return ulid.Make().String() }

const slot = "marketing"

// request is a request of team marketing for 10 prompt tokens and up to 90 of output, at a dollar a token.
func (h Harness) request(change func(*quota.Request)) quota.Request {
	request := quota.Request{
		ID: NewID(), Slot: slot,
		InputTokens: 10, OutputTokens: 90, MinOutputTokens: 90,
		InputCost: 10 * money.USD, OutputTokenCost: money.USD,
		Row: api.LedgerRow{TeamID: slot, KeyID: "key_1", Model: "gpt"},
	}
	if change != nil {
		change(&request)
	}
	return request
}

func (h Harness) teamWindow(rpm, tpm, parallel int64) []quota.Window {
	return []quota.Window{{Scope: "team:marketing", Name: "team", RPM: rpm, TPM: tpm, Parallel: parallel}}
}

// teamBudget is a hard budget of team marketing for a day, told of at 80 % and at the cap.
func (h Harness) teamBudget(limit money.Nano) quota.Budget {
	day := &api.Span{Count: 1, Unit: api.Day}
	return quota.Budget{
		Scope: "team:marketing", Slot: slot, Name: "team", Hard: true, Limit: limit,
		Periods: quota.Calendar{Span: day, ResetDay: 1, Zone: time.UTC}.Around(h.Clock.Now()),
		Thresholds: []quota.Threshold{
			{Share: 0.8, At: limit / 10 * 8},
			{Share: 1, At: limit},
		},
		About: api.AlertEvent{TeamID: "marketing"},
	}
}

func (h Harness) reserve(t *testing.T, request quota.Request) quota.Decision {
	t.Helper()
	decision, err := h.Engine.Reserve(t.Context(), request)
	if err != nil {
		t.Fatalf("reserve: %v", err)
	}
	return decision
}

// admit reserves and fails the test when the request is refused.
func (h Harness) admit(t *testing.T, request quota.Request) quota.Decision {
	t.Helper()
	decision := h.reserve(t, request)
	if !decision.Admitted {
		t.Fatalf("refused: %+v", decision.Denials)
	}
	return decision
}

// refuse reserves and fails the test unless exactly one limit refuses.
func (h Harness) refuse(t *testing.T, request quota.Request) quota.Denial {
	t.Helper()
	decision := h.reserve(t, request)
	if decision.Admitted || len(decision.Denials) != 1 {
		t.Fatalf("want one refusal, got %+v", decision)
	}
	return decision.Denials[0]
}

func (h Harness) settle(t *testing.T, request quota.Request, tokens int64, cost money.Nano) quota.Settled {
	t.Helper()
	settled, err := h.Engine.Settle(t.Context(), settlementOf(request, tokens, cost))
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	return settled
}

func settlementOf(request quota.Request, tokens int64, cost money.Nano) quota.Settlement {
	row := request.Row
	row.PromptTokens = min(request.InputTokens, tokens)
	row.CompletionTokens = tokens - row.PromptTokens
	return quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: tokens, Cost: cost, Row: row}
}

func (h Harness) window(t *testing.T, window quota.Window) quota.WindowState {
	t.Helper()
	states, err := h.Engine.Used(t.Context(), slot, []quota.Window{window})
	if err != nil {
		t.Fatalf("used: %v", err)
	}
	return states[0]
}

func (h Harness) spent(t *testing.T, budget quota.Budget) quota.BudgetState {
	t.Helper()
	states, err := h.Engine.Spent(t.Context(), []quota.Budget{budget})
	if err != nil {
		t.Fatalf("spent: %v", err)
	}
	return states[0]
}

func (h Harness) drain(t *testing.T) {
	t.Helper()
	if err := h.Engine.Drain(t.Context()); err != nil {
		t.Fatalf("drain: %v", err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
