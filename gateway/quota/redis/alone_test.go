package redis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// outage is several gateways whose Redis can be taken away in both ways: connections are refused, or nobody answers.
type outage struct {
	server  *testenv.RedisServer
	proxy   *quotatest.Proxy
	record  *quotatest.Record
	engines []*gateway
	window  quota.Window
	limit   int64
}

// gateway is a gateway's engine, and the counters that it asks.
type gateway struct {
	quota.Engine
	counters *redis.Engine
}

func (g *gateway) Beat(ctx context.Context) error  { return g.counters.Beat(ctx) }
func (g *gateway) Drain(ctx context.Context) error { return g.counters.Drain(ctx) }

// openGateway opens an engine that decides by the policy while Redis is away.
func openGateway(t *testing.T, address string, record quota.Record, options redis.Options, policy degraded.Policy) *gateway {
	t.Helper()
	counters, err := redis.Open(t.Context(), address, record, options)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{Engine: degraded.Around(counters, policy), counters: counters}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func newOutage(t *testing.T, gateways int, down degraded.Policy) *outage {
	return newOutageOf(t, gateways, outageOptions(), down)
}

// outageOptions give a busy machine a second: what is told of Redis is told of one that is away, never of a slow one.
func outageOptions() redis.Options {
	return redis.Options{Manual: true, StrictRecovery: true, Timeout: time.Second}
}

func newOutageOf(t *testing.T, gateways int, options redis.Options, down degraded.Policy) *outage {
	o := &outage{server: testenv.StartRedis(t), record: quotatest.NewRecord(), limit: 42}
	o.window = quota.Window{Scope: "team:marketing", Name: "team", RPM: o.limit, TPM: 100_000, Parallel: quota.Unlimited}
	o.proxy = quotatest.StartProxy(t, o.server.Addr())
	putBugForTest(&options)
	for range gateways {
		o.engines = append(o.engines, openGateway(t, "redis://"+o.proxy.Addr(), o.record, options, down))
	}
	o.beat(t)
	return o
}

func (o *outage) beat(t *testing.T) {
	t.Helper()
	for _, engine := range o.engines {
		if err := engine.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// request asks for one request and 10 tokens; a limit makes it one of a hard budget.
func (o *outage) request(limit money.Nano) quota.Request {
	budget := quota.Budget{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: quota.Unlimited, Hard: true}
	if limit > 0 {
		budget.Limit = limit
	}
	return quota.Request{
		ID: quotatest.NewID(), Slot: "marketing", InputTokens: 10, InputCost: money.USD,
		Windows: []quota.Window{o.window}, Budgets: []quota.Budget{budget}, Row: api.LedgerRow{TeamID: "marketing"},
	}
}

// reserve loads the limits again when they are stale, as a gateway does.
func (o *outage) reserve(t *testing.T, engine quota.Engine, request quota.Request) (quota.Decision, error) {
	t.Helper()
	for range 10 {
		version, err := engine.PolicyVersion(t.Context(), request.Slot)
		if err != nil {
			return quota.Decision{}, err
		}
		request.PolicyVersion = version
		decision, err := engine.Reserve(t.Context(), request)
		if !errors.Is(err, quota.ErrStalePolicy) {
			return decision, err
		}
	}
	t.Fatal("the limits are always stale")
	return quota.Decision{}, nil
}

// admit asks a gateway until it refuses, and returns what it admitted.
func (o *outage) admit(t *testing.T, engine quota.Engine, most int) (admitted []quota.Request) {
	t.Helper()
	for len(admitted) < most {
		request := o.request(0)
		decision, err := o.reserve(t, engine, request)
		if err != nil {
			t.Fatalf("reserve: %v", err)
		}
		if !decision.Admitted {
			break
		}
		admitted = append(admitted, request)
	}
	return admitted
}

func (o *outage) settle(t *testing.T, engine quota.Engine, requests []quota.Request) {
	t.Helper()
	for _, request := range requests {
		settlement := quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 10, Cost: money.USD, Row: request.Row}
		if _, err := engine.Settle(t.Context(), settlement); err != nil {
			t.Errorf("settle: %v", err)
		}
	}
}

// away takes Redis away and returns how it comes back.
func (o *outage) away(t *testing.T, how string) (back func()) {
	if how == "black hole" {
		o.proxy.Hold(true)
		return func() { o.proxy.Hold(false) }
	}
	o.server.Kill()
	return func() { o.server.Restart(t) }
}

// TestPromise_T7_ratesAreSharedWithoutRedis takes Redis away from four gateways that have admitted something in
// this minute. What they admit alone stays within the limit together, and Redis knows of it when it is back.
func TestPromise_T7_ratesAreSharedWithoutRedis(t *testing.T) {
	for _, how := range []string{"refused", "black hole"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, 4, degraded.Policy{RateLimits: degraded.Local})
			var before int
			for range 2 {
				for _, engine := range o.engines {
					requests := o.admit(t, engine, 1)
					before += len(requests)
					o.settle(t, engine, requests)
				}
			}
			back := o.away(t, how)
			alone, live := o.admitAlone(t)
			total := int64(before + alone)
			if total > o.limit {
				t.Errorf("%d requests were admitted in a minute, the limit is %d", total, o.limit)
			}
			if least := o.limit - 2*int64(len(o.engines)); total < least {
				t.Errorf("%d requests were admitted, at least %d fit into the shares", total, least)
			}
			t.Logf("%d with Redis and %d without, of %d", before, alone, o.limit)

			back()
			o.awaitBack(t)
			o.settle(t, o.engines[0], live)
			o.check(t, total)
		})
	}
}

// admitAlone uses up the shares of all gateways. It leaves the first request of the first gateway under way.
func (o *outage) admitAlone(t *testing.T) (admitted int, live []quota.Request) {
	t.Helper()
	for number, engine := range o.engines {
		decision, err := o.reserve(t, engine, o.request(1000*money.USD))
		if !errors.Is(err, quota.ErrUnavailable) {
			t.Errorf("gateway %d, a request of a hard budget: %+v, %v; want ErrUnavailable", number, decision, err)
		}
		requests := o.admit(t, engine, int(o.limit)+1)
		admitted += len(requests)
		if number == 0 && len(requests) > 0 {
			live, requests = requests[:1], requests[1:]
		}
		o.settle(t, engine, requests)
	}
	return admitted, live
}

// awaitBack beats until every gateway reaches Redis again and has told it everything.
func (o *outage) awaitBack(t *testing.T) {
	t.Helper()
	deadline := time.After(time.Minute)
	for _, engine := range o.engines {
		for engine.Beat(t.Context()) != nil {
			select {
			case <-deadline:
				t.Fatal("the gateways do not find back to Redis")
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// check compares window, counter and ledger with what was admitted.
func (o *outage) check(t *testing.T, total int64) {
	t.Helper()
	for _, engine := range o.engines {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	windows, err := o.engines[1].Used(t.Context(), "marketing", []quota.Window{o.window})
	if err != nil {
		t.Fatal(err)
	}
	if windows[0].Requests != total || windows[0].Tokens != 10*total || windows[0].Live != 0 {
		t.Errorf("the window in Redis: %+v, want %d requests", windows[0], total)
	}
	states, err := o.engines[2].Spent(t.Context(), o.request(0).Budgets)
	if err != nil {
		t.Fatal(err)
	}
	if want := money.Nano(total) * money.USD; states[0].Settled != want || states[0].Reserved != 0 {
		t.Errorf("the counter in Redis: %+v, want %s", states[0], want)
	}
	if rows := o.record.Rows(); int64(len(rows)) != total {
		t.Errorf("%d rows in the ledger, want %d", len(rows), total)
	}
}

func TestRedis_withoutStoreClosedAndOpen(t *testing.T) {
	for name, test := range map[string]struct {
		down     degraded.Policy
		limit    money.Nano
		admitted bool
	}{
		"everything closed":        {degraded.Policy{}, 0, false},
		"rates closed":             {degraded.Policy{RateLimits: degraded.Closed, Budgets: degraded.Open}, 0, false},
		"rates open":               {degraded.Policy{RateLimits: degraded.Open}, 0, true},
		"rates open, hard budget":  {degraded.Policy{RateLimits: degraded.Open}, money.USD, false},
		"budgets open as well":     {degraded.Policy{RateLimits: degraded.Open, Budgets: degraded.Open}, money.USD, true},
		"rates local, budget open": {degraded.Policy{RateLimits: degraded.Local, Budgets: degraded.Open}, money.USD, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, 1, test.down)
			o.server.Kill()
			decision, err := o.reserve(t, o.engines[0], o.request(test.limit))
			if decision.Admitted != test.admitted || decision.Degraded != test.admitted {
				t.Errorf("got %+v, %v; want admitted %t", decision, err, test.admitted)
			}
			if !test.admitted && !errors.Is(err, quota.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	}
}

// A request that is larger than a gateway's share is not larger than the limit.
func TestRedis_sharesRefuseForAMoment(t *testing.T) {
	o := newOutage(t, 4, degraded.Policy{RateLimits: degraded.Local})
	o.server.Kill()
	request := o.request(0)
	request.InputTokens = 30_000 // of 25,000 that are this gateway's share
	decision, err := o.reserve(t, o.engines[0], request)
	if err != nil || len(decision.Denials) != 1 || decision.Denials[0].TooLarge || decision.RetryAfter != time.Second {
		t.Errorf("got %+v, %v; want a refusal for a second", decision, err)
	}
	request.ID, request.InputTokens = quotatest.NewID(), 100_001
	decision, err = o.reserve(t, o.engines[0], request)
	if err != nil || len(decision.Denials) != 1 || !decision.Denials[0].TooLarge {
		t.Errorf("got %+v, %v; want a refusal for good", decision, err)
	}
}
