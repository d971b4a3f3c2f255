package redis_test

import (
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// The record is away, and Redis loses all that waits for it. The gateways know what they settled, however long ago: it is
// in the record before anybody may spend again, and no cap is open that was not before.
func TestPromise_T8_whatTheRecordLacksIsRemembered(t *testing.T) {
	options := outageOptions()
	redis.KeepSettledForTest(&options, time.Nanosecond) // all that was settled was settled long ago
	o := newOutageOf(t, 2, options, degraded.Policy{})
	const limit, spent = 10 * money.USD, 8
	if _, err := o.reserve(t, o.engines[1], o.request(limit)); err != nil { // the counter is filled, and one dollar held
		t.Fatal(err)
	}
	o.record.SetDown(true)
	for range spent {
		request := o.request(limit)
		if decision, err := o.reserve(t, o.engines[0], request); err != nil || !decision.Admitted {
			t.Fatalf("reserve while the record is away: %+v, %v", decision, err)
		}
		o.settle(t, o.engines[0], []quota.Request{request})
	}
	if err := o.engines[0].Drain(t.Context()); !errors.Is(err, quotatest.ErrRecordDown) {
		t.Errorf("drain while the record is away: %v", err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: o.server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if decision, err := o.reserve(t, o.engines[1], o.request(limit)); err == nil {
		t.Errorf("nobody knows what is spent: %+v, want an error", decision)
	}

	o.record.SetDown(false)
	// The other gateway has told what it holds, and looks what is left, before this one was asked anything.
	if err := o.engines[1].Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if decision, err := o.reserve(t, o.engines[1], o.request(limit)); !errors.Is(err, quota.ErrRecovering) {
		t.Errorf("before all have told: %+v, %v; want ErrRecovering", decision, err)
	}
	if _, err := o.engines[1].Spent(t.Context(), o.request(limit).Budgets); err != nil { // fills the counter without them
		t.Fatal(err)
	}
	o.awaitBack(t)
	var admitted int
	for {
		decision, err := o.reserve(t, o.engines[1], o.request(limit))
		if err != nil {
			t.Fatal(err)
		}
		if !decision.Admitted {
			break
		}
		admitted++
	}
	if admitted != 1 {
		t.Errorf("%d requests fit beside %d settled and one that is live, want 1 of %s", admitted, spent, limit)
	}
	if rows := o.record.Rows(); len(rows) != spent {
		t.Errorf("the ledger has %d rows, want %d", len(rows), spent)
	}
}

// What waits for the record is bounded by what a gateway remembers too, not only by what Redis holds.
func TestRedis_admitsNothingBeyondTheBacklog(t *testing.T) {
	o := newOutage(t, 1, degraded.Policy{})
	options := redis.Options{Manual: true, MaxBacklog: 3}
	engine, err := redis.Open(t.Context(), o.server.URL(), o.record, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	o.record.SetDown(true)
	defer o.record.SetDown(false)
	client := goredis.NewClient(&goredis.Options{Addr: o.server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	for _, emptied := range []bool{false, true} {
		admitted := o.admitUntilBacklog(t, engine)
		if want := map[bool]int{false: 3, true: 0}[emptied]; admitted != want {
			t.Errorf("emptied %t: %d requests without any budget were admitted, want %d", emptied, admitted, want)
		}
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *outage) admitUntilBacklog(t *testing.T, engine *redis.Engine) (admitted int) {
	t.Helper()
	for admitted < 10 {
		request := o.request(0)
		request.Budgets = nil
		if _, err := o.reserve(t, engine, request); errors.Is(err, quota.ErrBacklog) {
			return admitted
		} else if err != nil {
			t.Fatal(err)
		}
		o.settle(t, engine, []quota.Request{request})
		admitted++
	}
	return admitted
}
