package redis_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func startMemory(rt *rapid.T) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := quota.NewMemory(record, quota.MemoryOptions{Now: clock.Now, ReapEvery: -1})
	rt.Cleanup(func() { _ = engine.Close() })
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}

func startRedis(rt *rapid.T, address string) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine, err := redis.Open(rt.Context(), address, record, redisOptions(clock, quotatest.NewID()))
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = engine.Close() })
	return quotatest.Harness{
		Engine: engine, Clock: clock, Record: record,
		Together: togetherOn(engine),
	}
}

func togetherOn(engine *redis.Engine) func(slot string, calls []func()) {
	return func(slot string, calls []func()) { redis.TogetherForTest(engine, slot, calls) }
}

func TestPromise_T1_budgetNeverExceeded(t *testing.T) {
	h, replicas := newReplicas(t, 8)
	quotatest.BudgetNeverExceeded(t, h, replicas)
}

// newReplicas opens several engines on the same counters, as that many gateways do.
func newReplicas(t *testing.T, n int) (quotatest.Harness, []quotatest.Engine) {
	clock, record, prefix := quotatest.NewClock(), quotatest.NewRecord(), quotatest.NewID()
	replicas := make([]quotatest.Engine, n)
	for i := range replicas {
		replicas[i] = openRedis(t, testenv.Redis(t), clock, record, prefix)
	}
	return quotatest.Harness{Engine: replicas[0], Clock: clock, Record: record}, replicas
}

func TestPromise_T2_windowNeverExceeded(t *testing.T) { quotatest.WindowNeverExceeded(t, newRedis) }

func TestPromise_T4_lostRepliesChargeOnce(t *testing.T) {
	proxy := quotatest.StartProxy(t, hostOf(t, testenv.Redis(t)))
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := openRedis(t, "redis://"+proxy.Addr(), clock, record, quotatest.NewID())
	proxy.LoseEvery(7)
	h := quotatest.Harness{Engine: engine, Clock: clock, Record: record, Together: togetherOn(engine)}
	quotatest.LostRepliesChargeOnce(t, h, proxy.Lost)
	proxy.LoseEvery(0)
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}

// TestPromise_T8_seedsRace lets many gateways fill the same empty counter at once: it is set, never added to.
func TestPromise_T8_seedsRace(t *testing.T) {
	h, replicas := newReplicas(t, 16)
	row := api.LedgerRow{ID: quotatest.NewID(), TeamID: "marketing", AdmittedAt: h.Clock.Now(), Cost: 123 * money.USD}
	if err := h.Record.Append(t.Context(), []quota.Entry{{Row: &row}}); err != nil {
		t.Fatal(err)
	}
	budgets := teamRequest(h.Clock, 0).Budgets
	start := make(chan struct{})
	var group sync.WaitGroup
	for _, engine := range replicas {
		group.Go(func() {
			<-start
			states, err := engine.Spent(t.Context(), budgets)
			if err != nil || states[0].Settled != row.Cost {
				t.Errorf("spent: %+v, %v; want %s", states, err, row.Cost)
			}
		})
	}
	close(start)
	group.Wait()
	if states, err := h.Engine.Spent(t.Context(), budgets); err != nil || states[0].Settled != row.Cost {
		t.Errorf("spent in the end: %+v, %v; want %s", states, err, row.Cost)
	}
}

// TestPromise_T8_seedsComeLate lets a gateway read the ledger, then another one spend, then the first one seed.
func TestPromise_T8_seedsComeLate(t *testing.T) {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	row := api.LedgerRow{ID: quotatest.NewID(), TeamID: "marketing", AdmittedAt: clock.Now(), Cost: 40 * money.USD}
	if err := record.Append(t.Context(), []quota.Entry{{Row: &row}}); err != nil {
		t.Fatal(err)
	}
	slow := &slowRecord{Record: record, asked: make(chan struct{}), answer: make(chan struct{})}
	prefix := quotatest.NewID()
	first := openRedis(t, testenv.Redis(t), clock, slow, prefix)
	second := openRedis(t, testenv.Redis(t), clock, record, prefix)

	request := teamRequest(clock, 0)
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := first.Spent(t.Context(), request.Budgets); err != nil {
			t.Errorf("spent: %v", err)
		}
	})
	<-slow.asked
	if _, err := second.Reserve(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	settlement := quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 100, Cost: 60 * money.USD, Row: request.Row}
	if _, err := second.Settle(t.Context(), settlement); err != nil {
		t.Fatal(err)
	}
	close(slow.answer)
	group.Wait()
	if states, err := second.Spent(t.Context(), request.Budgets); err != nil || states[0].Settled != 100*money.USD {
		t.Errorf("spent in the end: %+v, %v; want $100", states, err)
	}
}

// slowRecord keeps its first reader waiting with what it read before.
type slowRecord struct {
	*quotatest.Record
	once          sync.Once
	asked, answer chan struct{}
}

func (r *slowRecord) Spend(ctx context.Context, scope quota.Scope, period quota.Period) (money.Nano, error) {
	spent, err := r.Record.Spend(ctx, scope, period)
	r.once.Do(func() {
		close(r.asked)
		<-r.answer
	})
	return spent, err
}

func TestPromise_T3_rolloverNeedsNoJob(t *testing.T) {
	quotatest.RolloverNeedsNoJob(t, newRedis(t))
}

func TestPromise_T11_linearizable(t *testing.T) {
	h, replicas := newReplicas(t, 4)
	quotatest.Linearizable(t, h, replicas)
}

func TestPromise_T14_limitsInForceWhenTheChangeReturns(t *testing.T) {
	_, replicas := newReplicas(t, 4)
	quotatest.OldLimitsNeverAdmit(t, replicas)
}

// TestPromise_T5_anotherGatewayBooksACrash lets a gateway die in the middle of requests. Another one books each at its
// last checkpoint, once, and nothing stays held.
func TestPromise_T5_anotherGatewayBooksACrash(t *testing.T) {
	h, replicas := newReplicas(t, 2)
	dead, alive := replicas[0], replicas[1]
	var budgets []quota.Budget
	for i := range 50 {
		request := teamRequest(h.Clock, money.Max)
		budgets = request.Budgets
		if _, err := dead.Reserve(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		checkpoint := quota.Checkpoint{ID: request.ID, Slot: request.Slot, Tokens: 20, Cost: money.Nano(i) * money.USD}
		if err := dead.Renew(t.Context(), []quota.Checkpoint{checkpoint}); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Advance(15 * time.Second)
	for _, want := range []int{50, 0} {
		if n, err := alive.Reap(t.Context()); err != nil || n != want {
			t.Errorf("reaped %d, %v; want %d", n, err, want)
		}
	}
	if err := alive.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Ten of the prompts cost more than the first ten checkpoints.
	want := (10*10 + (10+49)*40/2) * money.USD
	states, err := alive.Spent(t.Context(), budgets)
	if err != nil || states[0].Settled != want || states[0].Reserved != 0 {
		t.Errorf("budget: %+v, %v; want %s settled and nothing reserved", states, err, want)
	}
	if rows := h.Record.Rows(); len(rows) != 50 || rows[0].Kind != api.LedgerEstimate {
		t.Errorf("%d rows, the first is %+v; want 50 estimates", len(rows), rows[0])
	}
}

// TestPromise_T12_scriptsAreTheModel makes random calls to the Redis engine and to the in-process one.
func TestPromise_T12_scriptsAreTheModel(t *testing.T) {
	address := testenv.Redis(t)
	total := 0
	for total < 5000 && !t.Failed() {
		total += quotatest.Compare(t, func(rt *rapid.T) (model, subject quotatest.Harness) {
			return startMemory(rt), startRedis(rt, address)
		})
	}
	t.Logf("%d calls, no difference", total)
}
