package redis_test

import (
	"errors"
	"strings"
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

func TestOpen_neverRepeatsTheAddress(t *testing.T) {
	for _, address := range []string{
		"redis://:hunter2@host:port", "redis+cluster://:hunter2@host:6379",
		"redis+sentinel://:hunter2@host:port?master_name=m", "hunter2",
	} {
		_, err := redis.Open(t.Context(), address, quotatest.NewRecord(), redis.Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("open a bad address: %v", err)
		}
	}
}

func TestOpen_strictRefusesRisks(t *testing.T) {
	server := testenv.StartRedis(t, "--appendonly", "no")
	_, err := redis.Open(t.Context(), server.URL(), quotatest.NewRecord(), redis.Options{Strict: true})
	if err == nil || !strings.Contains(err.Error(), "appendonly") {
		t.Errorf("without AOF: %v, want an error about appendonly", err)
	}
	evicting := testenv.StartRedis(t, "--maxmemory-policy", "allkeys-lru")
	_, err = redis.Open(t.Context(), evicting.URL(), quotatest.NewRecord(), redis.Options{Strict: true})
	if err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("with eviction: %v, want an error about maxmemory-policy", err)
	}
}

func TestRedis_reloadsForgottenScripts(t *testing.T) {
	server := testenv.StartRedis(t)
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := openRedis(t, server.URL(), clock, record, "bursar")
	request := teamRequest(clock, 0)
	for range 2 {
		request.ID = quotatest.NewID()
		if _, err := engine.Reserve(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Spent(t.Context(), request.Budgets); err != nil {
			t.Fatal(err)
		}
		client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// teamRequest is a request that costs up to 100 dollars of a daily team budget; limit 0 is a thousand dollars.
func teamRequest(clock *quotatest.Clock, limit money.Nano) quota.Request {
	if limit == 0 {
		limit = 1000 * money.USD
	}
	day := &api.Span{Count: 1, Unit: api.Day}
	return quota.Request{
		ID: quotatest.NewID(), Slot: "marketing",
		InputTokens: 10, OutputTokens: 90, MinOutputTokens: 90, InputCost: 10 * money.USD, OutputTokenCost: money.USD,
		Windows: []quota.Window{{Scope: "team:marketing", Name: "team", RPM: 1000, TPM: 1_000_000, Parallel: 1000}},
		Budgets: []quota.Budget{{
			Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: limit, Hard: true,
			Periods: quota.Calendar{Span: day, ResetDay: 1, Zone: time.UTC}.Around(clock.Now()),
		}},
		Row: api.LedgerRow{TeamID: "marketing"},
	}
}

func TestRedis_settlesInTheRecordWhileRedisIsAway(t *testing.T) {
	server := testenv.StartRedis(t, "--appendfsync", "always")
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	options := redisOptions(clock, "bursar")
	options.Timeout = 500 * time.Millisecond
	engine, err := redis.Open(t.Context(), server.URL(), record, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	request := teamRequest(clock, 0)
	if _, err := engine.Reserve(t.Context(), request); err != nil {
		t.Fatal(err)
	}

	server.Kill()
	if _, err := engine.Reserve(t.Context(), teamRequest(clock, 0)); !errors.Is(err, quota.ErrUnavailable) {
		t.Errorf("reserve without Redis: %v, want ErrUnavailable", err)
	}
	if err := engine.Ping(t.Context()); !errors.Is(err, quota.ErrUnavailable) {
		t.Errorf("ping without Redis: %v, want ErrUnavailable", err)
	}
	settlement := quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 100, Cost: 70 * money.USD, Row: request.Row}
	if _, err := engine.Settle(t.Context(), settlement); err != nil {
		t.Errorf("settle without Redis: %v, want it in the record", err)
	}
	if rows := record.Rows(); len(rows) != 1 || rows[0].Cost != 70*money.USD {
		t.Errorf("ledger: %+v, want one row", rows)
	}

	server.Restart(t)
	var states []quota.BudgetState
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := errors.Join(engine.Ping(t.Context()), engine.Drain(t.Context()))
		if err == nil {
			states, err = engine.Spent(t.Context(), request.Budgets)
		}
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Redis is back: %v", err)
		}
	}
	if states[0].Settled != 70*money.USD || states[0].Reserved != 0 {
		t.Errorf("counter after Redis came back: %+v", states)
	}
	if rows := record.Rows(); len(rows) != 1 {
		t.Errorf("ledger: %+v, want one row", rows)
	}
}

// TestPromise_T7_failsClosedAndFast takes Redis away in both ways: connections are refused, or nobody answers.
func TestPromise_T7_failsClosedAndFast(t *testing.T) {
	for name, away := range map[string]func(t *testing.T, server *testenv.RedisServer, proxy *quotatest.Proxy){
		"refused":    func(_ *testing.T, server *testenv.RedisServer, _ *quotatest.Proxy) { server.Kill() },
		"black hole": func(_ *testing.T, _ *testenv.RedisServer, proxy *quotatest.Proxy) { proxy.Hold(true) },
	} {
		t.Run(name, func(t *testing.T) {
			server := testenv.StartRedis(t)
			proxy := quotatest.StartProxy(t, server.Addr())
			options := redis.Options{Manual: true, Timeout: 250 * time.Millisecond}
			engine, err := redis.Open(t.Context(), "redis://"+proxy.Addr(), quotatest.NewRecord(), options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = engine.Close() })
			request := teamRequest(quotatest.NewClock(), 0)
			request.Budgets[0].Periods = nil
			if _, err := engine.Reserve(t.Context(), request); err != nil {
				t.Fatal(err)
			}

			away(t, server, proxy)
			const calls = 300
			var slow, total time.Duration
			for range calls {
				request.ID = quotatest.NewID()
				start := time.Now()
				if _, err := engine.Reserve(t.Context(), request); !errors.Is(err, quota.ErrUnavailable) {
					t.Fatalf("reserve without Redis: %v, want ErrUnavailable", err)
				}
				took := time.Since(start)
				slow, total = max(slow, took), total+took
			}
			// The first calls wait for the timeout. Were each to wait for it, they would take four times as long in all.
			if total > calls*options.Timeout/4 {
				t.Errorf("slowest refusal %s, mean %s", slow, total/calls)
			}
			t.Logf("slowest refusal %s, mean %s", slow, total/calls)
		})
	}
}
