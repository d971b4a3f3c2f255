package redis_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestPromise_T6_killedRedisLosesNothing kills Redis under load, again and again. Every settlement that was
// acknowledged is in the ledger once, and the counter is the sum of the ledger.
func TestPromise_T6_killedRedisLosesNothing(t *testing.T) {
	for _, fsync := range []string{"everysec", "always"} {
		t.Run(fsync, func(t *testing.T) {
			server := testenv.StartRedis(t, "--appendfsync", fsync)
			record := quotatest.NewRecord()
			load := startLoad(t, record, server.URL(), 2)
			for range 4 {
				load.awaitMore(t, 40)
				server.Kill()
				server.Restart(t)
			}
			load.awaitMore(t, 40)
			load.stopAndCheck(t)
		})
	}
}

// load is gateways that reserve and settle as fast as they can, by the clock of Redis.
type load struct {
	engines []*redis.Engine
	record  *quotatest.Record
	budget  quota.Budget
	stop    chan struct{}
	workers sync.WaitGroup
	more    chan struct{}
	version atomic.Int64

	mu      sync.Mutex
	settled map[string]money.Nano
	failed  int
}

func startLoad(t *testing.T, record *quotatest.Record, address string, gateways int) *load {
	l := &load{
		record: record, stop: make(chan struct{}), more: make(chan struct{}), settled: make(map[string]money.Nano),
		budget: quota.Budget{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: money.Max, Hard: true},
	}
	for range gateways {
		engine, err := redis.Open(t.Context(), address, record, redis.Options{Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		l.engines = append(l.engines, engine)
		for range 4 {
			l.workers.Go(func() { l.work(engine) })
		}
	}
	t.Cleanup(func() {
		for _, engine := range l.engines {
			_ = engine.Close()
		}
	})
	return l
}

func (l *load) work(engine *redis.Engine) {
	for {
		select {
		case <-l.stop:
			return
		default:
			l.request(engine)
		}
	}
}

func (l *load) request(engine *redis.Engine) {
	ctx := context.Background()
	request := quota.Request{
		ID: quotatest.NewID(), Slot: "marketing", PolicyVersion: l.version.Load(), InputTokens: 10, InputCost: 1000,
		Windows: []quota.Window{{Scope: "team:marketing", Name: "team", RPM: 1 << 40, TPM: 1 << 40, Parallel: 1 << 40}},
		Budgets: []quota.Budget{l.budget}, Row: api.LedgerRow{TeamID: "marketing"},
	}
	if _, err := engine.Reserve(ctx, request); err != nil {
		if version, err := engine.PolicyVersion(ctx, "marketing"); err == nil {
			l.version.Store(version)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed++
		return
	}
	cost := money.Nano(rand.Int64N(1000) + 1)
	_, err := engine.Settle(ctx, quota.Settlement{ID: request.ID, Slot: "marketing", Tokens: 10, Cost: cost, Row: request.Row})
	if err != nil {
		return
	}
	l.mu.Lock()
	l.settled[request.ID] = cost
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// awaitMore waits until n more requests were settled while somebody waited.
func (l *load) awaitMore(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(loadPatience)
	for range n {
		select {
		case <-l.more:
		case <-timeout:
			t.Fatalf("no more requests are settled")
		}
	}
}

// stopAndCheck compares what was acknowledged with ledger and counter, as soon as they have come to rest:
// a gateway that has just found Redis away tries it again only after a second.
func (l *load) stopAndCheck(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.workers.Wait()
	deadline := time.After(30 * time.Second)
	for {
		problem := l.compare(t)
		if problem == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatal(problem)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// compare returns what does not fit, "" when everything does.
func (l *load) compare(t *testing.T) string {
	t.Helper()
	for _, engine := range l.engines {
		if err := engine.Drain(t.Context()); err != nil {
			return fmt.Sprintf("drain: %s", err)
		}
	}
	states, err := l.engines[0].Spent(t.Context(), []quota.Budget{l.budget})
	if err != nil {
		return fmt.Sprintf("read the counter: %s", err)
	}
	rows := make(map[string]money.Nano)
	var sum money.Nano
	for _, row := range l.record.Rows() {
		rows[row.ID] = row.Cost
		sum += row.Cost
	}
	lost := 0
	for id, cost := range l.settled {
		if booked, found := rows[id]; !found || booked != cost {
			lost++
		}
	}
	if lost > 0 || states[0].Settled != sum || states[0].Reserved != 0 {
		return fmt.Sprintf("%d acknowledged settlements lost; counter %s, ledger %s, still reserved %s",
			lost, states[0].Settled, sum, states[0].Reserved)
	}
	t.Logf("%d settled, %d refused while Redis was away, none lost, counter and ledger %s", len(l.settled), l.failed, sum)
	return ""
}
