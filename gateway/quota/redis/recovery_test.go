package redis_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// recovery is gateways that spend a hard budget of a Redis of their own, which can be emptied.
type recovery struct {
	record  *quotatest.Record
	engines []*redis.Engine
	client  *goredis.Client
	options redis.Options
	address string
	limit   money.Nano
}

func newRecovery(t *testing.T, gateways int, manual bool, limit money.Nano) *recovery {
	server := testenv.StartRedis(t)
	r := &recovery{record: quotatest.NewRecord(), limit: limit, address: server.URL()}
	r.options = redis.Options{Manual: manual, StrictRecovery: true, Timeout: 5 * time.Second}
	putBugForTest(&r.options)
	r.client = goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = r.client.Close() })
	for range gateways {
		r.engines = append(r.engines, r.open(t))
	}
	for _, engine := range r.engines { // all of them have seen all of them
		if err := engine.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *recovery) open(t *testing.T) *redis.Engine {
	t.Helper()
	engine, err := redis.Open(t.Context(), r.address, r.record, r.options)
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

func (r *recovery) empty(t *testing.T) {
	t.Helper()
	if err := r.client.FlushAll(context.WithoutCancel(t.Context())).Err(); err != nil {
		t.Error(err)
	}
}

// request costs exactly cost.
func (r *recovery) request(cost money.Nano) quota.Request {
	return quota.Request{
		ID: quotatest.NewID(), Slot: "marketing", InputTokens: 1, InputCost: cost,
		Budgets: []quota.Budget{{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: r.limit, Hard: true}},
		Row:     api.LedgerRow{TeamID: "marketing"},
	}
}

// reserve loads the limits again when they are stale.
func (r *recovery) reserve(ctx context.Context, engine *redis.Engine, request quota.Request) (decision quota.Decision, err error) {
	for range 20 {
		if request.PolicyVersion, err = engine.PolicyVersion(ctx, request.Slot); err != nil {
			return decision, err
		}
		if decision, err = engine.Reserve(ctx, request); !errors.Is(err, quota.ErrStalePolicy) {
			return decision, err
		}
	}
	return decision, err
}

func settlementOf(request quota.Request) quota.Settlement {
	return quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 1, Cost: request.InputCost, Row: request.Row}
}

// TestPromise_T8_budgetsOpenWhenAllHaveTold empties Redis while eight gateways hold seven tenths of a budget and have
// settled two. Nothing is admitted before the last of them has told what it knows, not even by a gateway that
// has just started and knows nothing; then exactly what is left is.
func TestPromise_T8_budgetsOpenWhenAllHaveTold(t *testing.T) {
	const share = 100 * money.USD
	r := newRecovery(t, 8, true, 10*share)
	reserve := func(engine *redis.Engine) quota.Request {
		request := r.request(share)
		if decision, err := r.reserve(t.Context(), engine, request); err != nil || !decision.Admitted {
			t.Fatalf("reserve: %+v, %v", decision, err)
		}
		return request
	}
	for _, engine := range r.engines[1:3] { // settled, and not in the ledger yet
		if _, err := engine.Settle(t.Context(), settlementOf(reserve(engine))); err != nil {
			t.Fatal(err)
		}
	}
	for _, engine := range r.engines[1:] {
		reserve(engine)
	}
	r.empty(t)

	refused := func(when string) {
		t.Helper()
		decision, err := r.reserve(t.Context(), r.engines[0], r.request(share))
		if !errors.Is(err, quota.ErrRecovering) {
			t.Errorf("%s: %+v, %v; want ErrRecovering", when, decision, err)
		}
	}
	refused("nobody has told")
	watched := r.request(share)
	for i := range watched.Budgets {
		watched.Budgets[i].EnforcedFrom = quota.Never
	}
	if decision, err := r.reserve(t.Context(), r.engines[0], watched); err != nil || !decision.Admitted {
		t.Errorf("a watched budget while counters are not whole: %+v, %v; want it admitted", decision, err)
	}
	if _, err := r.engines[0].Settle(t.Context(), quota.Settlement{ID: watched.ID, Slot: watched.Slot, Unsent: true, Summed: true}); err != nil {
		t.Error(err)
	}
	fresh := make(chan *redis.Engine)
	go func() { fresh <- r.open(t) }()
	for number, engine := range r.engines[1:] {
		refused("some have told")
		if err := engine.Beat(t.Context()); err != nil {
			t.Fatalf("gateway %d: %v", number+1, err)
		}
	}
	if newcomer := <-fresh; newcomer != nil {
		reserve(newcomer) // the last tenth
	}
	if decision, err := r.reserve(t.Context(), r.engines[0], r.request(1)); err != nil || decision.Admitted {
		t.Errorf("beyond the cap: %+v, %v", decision, err)
	}
	if rows := r.record.Rows(); len(rows) != 2 {
		t.Errorf("%d rows in the ledger, want the 2 that were settled before the loss", len(rows))
	}
}

// TestPromise_T8_newcomersAskAround empties Redis and starts a gateway before any other has noticed. It knows of
// nobody, and still spends nothing of what the others hold.
func TestPromise_T8_newcomersAskAround(t *testing.T) {
	r := newRecovery(t, 2, true, 1000*money.USD)
	for _, engine := range r.engines {
		if decision, err := r.reserve(t.Context(), engine, r.request(500*money.USD)); err != nil || !decision.Admitted {
			t.Fatalf("reserve: %+v, %v", decision, err)
		}
	}
	r.empty(t)
	judged := make(chan quota.Decision)
	go func() {
		defer close(judged)
		if newcomer := r.open(t); newcomer != nil {
			decision, err := r.reserve(t.Context(), newcomer, r.request(1))
			if err != nil {
				t.Errorf("the newcomer's request: %v", err)
			}
			judged <- decision
		}
	}()
	for r.client.Exists(t.Context(), "bursar:{gateways}:closed").Val() == 0 && t.Context().Err() == nil {
		select {
		case decision := <-judged:
			t.Fatalf("the newcomer asked nobody: %+v", decision)
		case <-time.After(time.Millisecond):
		}
	}
	for _, engine := range r.engines {
		if err := engine.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if decision := <-judged; decision.Admitted {
		t.Errorf("the newcomer spent what others hold: %+v", decision)
	}
}

// TestPromise_T8_lossesOvershootNothing empties Redis again and again while eight gateways spend a budget, each
// holding many requests. All of it is spent in the end, and not a nano-dollar more.
func TestPromise_T8_lossesOvershootNothing(t *testing.T) {
	const calls, losses = 800, 3
	r := newRecovery(t, 8, false, calls*money.USD)
	spree := &strictSpree{recovery: r, emptyAt: calls / (losses + 1)}
	var workers sync.WaitGroup
	for _, engine := range r.engines {
		for range 3 {
			workers.Go(func() { spree.spend(t, engine) })
		}
	}
	workers.Wait()
	for _, engine := range r.engines {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if rows := len(r.record.Rows()); rows != spree.admitted {
		t.Errorf("%d rows in the ledger, %d calls were admitted", rows, spree.admitted)
	}
	if spree.admitted != calls {
		t.Errorf("%d calls were admitted, %d fit into the budget", spree.admitted, calls)
	}
	t.Logf("%d calls of %d, Redis emptied %d times, %d refusals meanwhile", spree.admitted, calls, spree.losses, spree.refused)
}

// strictSpree is callers that hold requests for a while before they settle them at what they reserved.
type strictSpree struct {
	*recovery
	emptyAt int

	mu                        sync.Mutex
	admitted, refused, losses int
}

func (s *strictSpree) spend(t *testing.T, engine *redis.Engine) {
	var open []quota.Request
	settle := func(leave int) {
		for len(open) > leave {
			if _, err := engine.Settle(t.Context(), settlementOf(open[0])); err != nil {
				t.Errorf("settle: %v", err)
			}
			open = open[1:]
		}
	}
	for !t.Failed() {
		request := s.request(money.USD)
		decision, err := s.reserve(t.Context(), engine, request)
		switch {
		case err == nil && decision.Admitted:
			open = append(open, request)
			settle(5)
			s.note(t)
		case err == nil && decision.Budgets[0].Settled >= s.limit:
			return
		case err == nil:
			settle(0)
		case errors.Is(err, quota.ErrRecovering):
			s.mu.Lock()
			s.refused++
			s.mu.Unlock()
			<-time.After(5 * time.Millisecond) // as a client does that is told to try again
		default:
			t.Errorf("reserve: %v", err)
		}
	}
}

func (s *strictSpree) note(t *testing.T) {
	s.mu.Lock()
	s.admitted++
	lose := s.admitted%s.emptyAt == 0 && s.admitted < int(s.limit/money.USD)
	if lose {
		s.losses++
	}
	s.mu.Unlock()
	if lose {
		s.empty(t)
	}
}
