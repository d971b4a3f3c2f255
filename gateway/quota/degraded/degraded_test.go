package degraded_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What is only watched binds nobody, also while nobody counts it.
func TestReserve_letsWatchedLimitsPassAlone(t *testing.T) {
	engine := newShared(t, quotatest.NewRecord(), 1)
	alone := degraded.Around(engine, degraded.Policy{RateLimits: degraded.Local, Budgets: degraded.Closed})
	t.Cleanup(func() { _ = alone.Close() })
	engine.setAway(true)
	for from, admitted := range map[time.Time]bool{quota.Never: true, time.Now().Add(-time.Second): false, {}: false} {
		version, err := alone.PolicyVersion(t.Context(), "marketing")
		if err != nil {
			t.Fatal(err)
		}
		for name, request := range map[string]quota.Request{
			"budget": {Budgets: []quota.Budget{{Scope: "team:marketing", Hard: true, Limit: 0, EnforcedFrom: from}}, InputCost: money.USD},
			"window": {Windows: []quota.Window{{Scope: "team:marketing", RPM: 0, TPM: 0, Parallel: 0, EnforcedFrom: from}}},
		} {
			request.ID, request.Slot, request.PolicyVersion = quotatest.NewID(), "marketing", version
			decision, err := alone.Reserve(t.Context(), request)
			if decision.Admitted != admitted {
				t.Errorf("a %s of nothing, enforced from %s: admitted %t, %v", name, from, decision.Admitted, err)
			}
		}
	}
}

// shared makes the in-process engine one of several gateways that can be out of reach.
type shared struct {
	*quota.Memory
	gateways int

	mu      sync.Mutex
	away    bool
	order   int64
	made    map[string]*quota.Reservation
	adopted map[string]quota.Request
	back    []string
}

func newShared(t *testing.T, record quota.Record, gateways int) *shared {
	memory := quota.NewMemory(record, quota.MemoryOptions{ReapEvery: -1})
	return &shared{Memory: memory, gateways: gateways, made: make(map[string]*quota.Reservation), adopted: make(map[string]quota.Request)}
}

func (s *shared) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *shared) reachable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return quota.ErrUnavailable
	}
	return nil
}

func (s *shared) Ask(ctx context.Context, request quota.Request) (quota.Answer, error) {
	if err := s.reachable(); err != nil {
		return quota.Answer{Unheard: true}, err
	}
	decision, err := s.Memory.Reserve(ctx, request)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order++
	if err == nil && decision.Admitted {
		s.made[request.ID] = &quota.Reservation{Request: request, Decision: decision, Order: s.order}
	}
	return quota.Answer{Decision: decision, Order: s.order}, err
}

func (s *shared) TakeBack(request quota.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back = append(s.back, request.ID)
}

func (s *shared) End(ctx context.Context, settlement quota.Settlement) (quota.Ending, error) {
	if s.reachable() != nil {
		return quota.Ending{Unheard: true}, nil
	}
	settled, err := s.Memory.Settle(ctx, settlement)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order++
	delete(s.made, settlement.ID)
	return quota.Ending{Settled: settled, Order: s.order}, err
}

func (s *shared) Reservation(id string) *quota.Reservation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[id]
}

func (s *shared) Adopt(request quota.Request, decision quota.Decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[request.ID] = &quota.Reservation{Request: request, Decision: decision, Adopted: true}
	s.adopted[request.ID] = request
}

func (s *shared) Owes(string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.adopted) > 0
}

// Pay reserves what was adopted.
func (s *shared) Pay(ctx context.Context, _ string) error {
	if err := s.reachable(); err != nil {
		return err
	}
	s.mu.Lock()
	owed := maps.Clone(s.adopted)
	clear(s.adopted)
	s.mu.Unlock()
	for _, request := range owed {
		request.PolicyVersion = 0
		if _, err := s.Memory.Reserve(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func (s *shared) Gateways() int { return s.gateways }

func (s *shared) PolicyVersion(ctx context.Context, slot string) (int64, error) {
	if err := s.reachable(); err != nil {
		return 0, err
	}
	return s.Memory.PolicyVersion(ctx, slot)
}

// bench is one gateway and the counters that it shares.
type bench struct {
	*testing.T
	counters *shared
	engine   quota.Engine
	window   quota.Window
}

func newBench(t *testing.T, gateways int, policy degraded.Policy) *bench {
	b := &bench{T: t, counters: newShared(t, quotatest.NewRecord(), gateways)}
	b.window = quota.Window{Scope: "team:marketing", Name: "team", RPM: 10, TPM: 1000, Parallel: quota.Unlimited}
	b.engine = degraded.Around(b.counters, policy)
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

func (b *bench) request(limit money.Nano) quota.Request {
	budget := quota.Budget{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: quota.Unlimited, Hard: true}
	if limit > 0 {
		budget.Limit = limit
	}
	return quota.Request{
		ID: quotatest.NewID(), Slot: "marketing", InputTokens: 10, InputCost: money.USD,
		Windows: []quota.Window{b.window}, Budgets: []quota.Budget{budget}, Row: api.LedgerRow{TeamID: "marketing"},
	}
}

// reserve loads the limits again when they are stale, as a gateway does.
func (b *bench) reserve(request quota.Request) (quota.Decision, error) {
	b.Helper()
	for range 10 {
		version, err := b.engine.PolicyVersion(b.Context(), request.Slot)
		if err != nil {
			return quota.Decision{}, err
		}
		request.PolicyVersion = version
		decision, err := b.engine.Reserve(b.Context(), request)
		if !errors.Is(err, quota.ErrStalePolicy) {
			return decision, err
		}
	}
	b.Fatal("the limits are always stale")
	return quota.Decision{}, nil
}

// admit reserves until it is refused, and returns what was admitted.
func (b *bench) admit(most int) (admitted []quota.Request) {
	b.Helper()
	for len(admitted) < most {
		request := b.request(0)
		decision, err := b.reserve(request)
		if err != nil {
			b.Fatal(err)
		}
		if !decision.Admitted {
			break
		}
		admitted = append(admitted, request)
	}
	return admitted
}

func TestAround_sharesWhatIsLeft(t *testing.T) {
	b := newBench(t, 2, degraded.Policy{RateLimits: degraded.Local})
	b.admit(4)
	b.counters.setAway(true)
	alone := b.admit(10)
	if len(alone) != 3 { // half of the 6 that are left
		t.Errorf("%d admitted without the counters, want 3", len(alone))
	}
	if decision, err := b.reserve(b.request(money.USD)); !errors.Is(err, quota.ErrUnavailable) {
		t.Errorf("a hard budget: %+v, %v; want ErrUnavailable", decision, err)
	}

	b.counters.setAway(false)
	if more := b.admit(10); len(more) != 3 { // the counters were told of those that were admitted alone
		t.Errorf("%d admitted when they are back, want 3", len(more))
	}
	if settled, err := b.engine.Settle(t.Context(), quota.Settlement{ID: alone[0].ID, Slot: "marketing", Tokens: 10}); err != nil || settled.Duplicate {
		t.Errorf("settle what was admitted alone: %+v, %v", settled, err)
	}
}

func TestAround_doesWhatThePolicySays(t *testing.T) {
	for name, test := range map[string]struct {
		policy   degraded.Policy
		limit    money.Nano
		admitted bool
	}{
		"nothing":                      {degraded.Policy{}, 0, false},
		"rates closed, budgets open":   {degraded.Policy{RateLimits: degraded.Closed, Budgets: degraded.Open}, 0, false},
		"rates open":                   {degraded.Policy{RateLimits: degraded.Open}, 0, true},
		"rates open, a hard budget":    {degraded.Policy{RateLimits: degraded.Open}, money.USD, false},
		"both open":                    {degraded.Policy{RateLimits: degraded.Open, Budgets: degraded.Open}, money.USD, true},
		"rates in shares, budget open": {degraded.Policy{RateLimits: degraded.Local, Budgets: degraded.Open}, money.USD, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 1, test.policy)
			b.counters.setAway(true)
			if test.policy == (degraded.Policy{}) {
				if b.engine != quota.Engine(b.counters) {
					t.Error("an engine that never decides alone is wrapped")
				}
				return
			}
			request := b.request(test.limit)
			decision, err := b.reserve(request)
			if decision.Admitted != test.admitted || decision.Degraded != test.admitted || (err == nil) != test.admitted {
				t.Errorf("got %+v, %v; want admitted %t", decision, err, test.admitted)
			}
			if back := len(b.counters.back); (back == 0) != test.admitted {
				t.Errorf("%d taken back, it may have been made unheard", back)
			}
		})
	}
}

// A call that ends while the counters are away is not live any more, where the last look saw it live.
func TestAround_endsWhatTheCountersHaveNotHeardOf(t *testing.T) {
	b := newBench(t, 1, degraded.Policy{RateLimits: degraded.Local})
	b.window.Parallel = 1
	made := b.admit(1)
	b.counters.setAway(true)
	if more := b.admit(1); len(more) != 0 {
		t.Error("a second call at the same time is admitted")
	}
	if _, err := b.engine.Settle(t.Context(), quota.Settlement{ID: made[0].ID, Slot: "marketing", Tokens: 10}); err != nil {
		t.Fatal(err)
	}
	if more := b.admit(1); len(more) != 1 {
		t.Error("no call is admitted after the first has ended")
	}
}

// Limits that were loaded without the counters are good for a second or two: nobody can tell of changes.
func TestAround_loadsLimitsAnew(t *testing.T) {
	b := newBench(t, 1, degraded.Policy{RateLimits: degraded.Open})
	b.counters.setAway(true)
	request := b.request(0)
	request.PolicyVersion = -time.Now().Add(-time.Minute).Unix()
	if decision, err := b.engine.Reserve(t.Context(), request); !errors.Is(err, quota.ErrStalePolicy) {
		t.Errorf("limits of a minute ago: %+v, %v; want ErrStalePolicy", decision, err)
	}
}
