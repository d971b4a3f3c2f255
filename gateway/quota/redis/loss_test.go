package redis_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestPromise_T9_restoresWhatAFailoverLost puts Redis back to an earlier state, as the promotion of a
// lagging replica does.
func TestPromise_T9_restoresWhatAFailoverLost(t *testing.T) {
	l := newLossTest(t)
	testLoss(t, l, l.snapshot)
}

// TestPromise_T8_restoresAfterFlush empties Redis.
func TestPromise_T8_restoresAfterFlush(t *testing.T) {
	l := newLossTest(t)
	testLoss(t, l, func(t *testing.T) func() { return func() { l.deleteAll(t) } })
}

// TestPromise_T8_seedsNoticeRestoring lets a gateway sum up the ledger, then another one add to it what Redis has
// lost, and then the first one fill the counter.
func TestPromise_T8_seedsNoticeRestoring(t *testing.T) {
	l := newLossTest(t)
	request := l.reserve(t, l.first)
	l.settle(t, l.first, request, 60)
	l.deleteAll(t)
	var group sync.WaitGroup
	group.Go(func() {
		states, err := l.reader.Spent(t.Context(), request.Budgets)
		if err != nil || states[0].Settled != 60*money.USD {
			t.Errorf("spent: %+v, %v; want 60", states, err)
		}
	})
	<-l.slow.asked
	if err := l.first.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(l.slow.answer)
	group.Wait()
}

// testLoss makes changes, loses some of them, and wants both gateways to tell Redis again.
func testLoss(t *testing.T, l *lossTest, prepare func(t *testing.T) (lose func())) {
	kept, settled := l.reserve(t, l.first), l.reserve(t, l.first)
	lose := prepare(t)
	l.settle(t, l.first, settled, 60)
	fresh := l.reserve(t, l.first)
	other := l.reserve(t, l.second)
	l.settle(t, l.second, other, 70)
	// The record has it all by now: only the counters lack it.
	for _, engine := range []*redis.Engine{l.first, l.second} {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	lose()

	// The first gateway notices at its next call, the second at its next beat. Limits are loaded again.
	if decision, err := l.first.Reserve(t.Context(), teamRequest(l.clock, 0)); !errors.Is(err, quota.ErrStalePolicy) {
		t.Errorf("reserve after the loss: %+v, %v; want ErrStalePolicy", decision, err)
	}
	l.settle(t, l.first, fresh, 30)
	if err := l.second.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.want(t, 160, 100, 1)

	// A counter that is filled again does not miss what is settled meanwhile.
	l.settle(t, l.first, l.reserve(t, l.first), 5)
	l.deleteSeed(t)
	l.settleDuringSeed(t, kept, 90)
	l.want(t, 255, 0, 0)
	if rows := l.record.Rows(); len(rows) != 5 {
		t.Errorf("%d rows in the ledger, want 5: %+v", len(rows), rows)
	}
}

type lossTest struct {
	clock         *quotatest.Clock
	record        *quotatest.Record
	slow          *slowRecord
	first, second *redis.Engine
	reader        *redis.Engine
	client        *goredis.Client
	prefix        string
}

func newLossTest(t *testing.T) *lossTest {
	address := testenv.Redis(t)
	options, err := goredis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	l := &lossTest{clock: quotatest.NewClock(), record: quotatest.NewRecord(), prefix: quotatest.NewID(), client: goredis.NewClient(options)}
	t.Cleanup(func() { _ = l.client.Close() })
	l.slow = &slowRecord{Record: l.record, asked: make(chan struct{}), answer: make(chan struct{})}
	l.first = openRedis(t, address, l.clock, l.record, l.prefix)
	l.second = openRedis(t, address, l.clock, l.record, l.prefix)
	l.reader = openRedis(t, address, l.clock, l.slow, l.prefix)
	return l
}

// reserve reserves 100 dollars and tokens, under limits that are loaded again when they are stale.
func (l *lossTest) reserve(t *testing.T, engine *redis.Engine) quota.Request {
	t.Helper()
	version, err := engine.PolicyVersion(t.Context(), "marketing")
	if err != nil {
		t.Fatal(err)
	}
	request := teamRequest(l.clock, 0)
	request.PolicyVersion = version
	decision, err := engine.Reserve(t.Context(), request)
	if err != nil || !decision.Admitted {
		t.Fatalf("reserve: %+v, %v", decision, err)
	}
	l.clock.Advance(100 * time.Millisecond)
	return request
}

func (l *lossTest) settle(t *testing.T, engine *redis.Engine, request quota.Request, amount int64) {
	t.Helper()
	settlement := quota.Settlement{
		ID: request.ID, Slot: request.Slot, Tokens: amount, Cost: money.Nano(amount) * money.USD, Row: request.Row,
	}
	if _, err := engine.Settle(t.Context(), settlement); err != nil {
		t.Fatalf("settle: %v", err)
	}
}

// settleDuringSeed settles after another gateway has read the ledger and before it fills the counter.
func (l *lossTest) settleDuringSeed(t *testing.T, request quota.Request, amount int64) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := l.reader.Spent(t.Context(), request.Budgets); err != nil {
			t.Errorf("spent: %v", err)
		}
	})
	<-l.slow.asked
	l.settle(t, l.first, request, amount)
	close(l.slow.answer)
	group.Wait()
}

// want compares counters, windows and ledger; amounts are dollars and tokens at once.
func (l *lossTest) want(t *testing.T, settled, reserved, live int64) {
	t.Helper()
	for _, engine := range []*redis.Engine{l.first, l.second} {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	request := teamRequest(l.clock, 0)
	budgets, err := l.second.Spent(t.Context(), request.Budgets)
	if err != nil {
		t.Fatal(err)
	}
	if budgets[0].Settled != money.Nano(settled)*money.USD || budgets[0].Reserved != money.Nano(reserved)*money.USD {
		t.Errorf("budget: %+v, want %d settled and %d reserved", budgets[0], settled, reserved)
	}
	windows, err := l.second.Used(t.Context(), request.Slot, request.Windows)
	if err != nil {
		t.Fatal(err)
	}
	if windows[0].Tokens != settled+reserved || windows[0].Live != live {
		t.Errorf("window: %+v, want %d tokens and %d live", windows[0], settled+reserved, live)
	}
	ledger, err := l.record.Spend(t.Context(), "team:marketing", budgets[0].Period)
	if err != nil || ledger != budgets[0].Settled {
		t.Errorf("ledger %s, %v; counter %s", ledger, err, budgets[0].Settled)
	}
}

func (l *lossTest) keys(t *testing.T) []string {
	t.Helper()
	keys, err := l.client.Keys(t.Context(), l.prefix+":*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (l *lossTest) deleteAll(t *testing.T) {
	t.Helper()
	if err := l.client.Del(t.Context(), l.keys(t)...).Err(); err != nil {
		t.Fatal(err)
	}
}

// deleteSeed makes every counter one that has to be filled from the ledger.
func (l *lossTest) deleteSeed(t *testing.T) {
	t.Helper()
	counters, err := l.client.Keys(t.Context(), l.prefix+":{b:*[0-9]").Result() // not those that name the charged period
	if err != nil || len(counters) == 0 {
		t.Fatalf("counters %q, %v", counters, err)
	}
	for _, key := range counters {
		if err := l.client.HDel(t.Context(), key, "z").Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot returns a function that puts every key back to what it is now.
func (l *lossTest) snapshot(t *testing.T) (rollback func()) {
	t.Helper()
	dumps := make(map[string]string)
	for _, key := range l.keys(t) {
		dump, err := l.client.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		dumps[key] = dump
	}
	return func() {
		t.Helper()
		l.deleteAll(t)
		for key, dump := range dumps {
			if err := l.client.Restore(t.Context(), key, 0, dump).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
