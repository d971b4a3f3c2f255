package redis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// TestRedis_aLateCancellationEndsNothing stops Redis for a moment: it is asked to reserve, and answers when nobody waits
// any more. The reservation is taken back, whenever that arrives, and no other one with it.
func TestRedis_aLateCancellationEndsNothing(t *testing.T) {
	for name, silent := range map[string]bool{"the next try is answered": false, "the next try is decided without Redis": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, 1, degraded.Policy{RateLimits: degraded.Local})
			o.window.Parallel = 1
			engine, lost := o.engines[0], o.request(0)
			before := o.admit(t, engine, 1)
			o.settle(t, engine, before)

			o.proxy.Delay(true)
			if decision, err := engine.Reserve(t.Context(), lost); err == nil {
				t.Fatalf("a Redis that says nothing: %+v, want an error", decision)
			}
			if !silent {
				o.proxy.Delay(false)
				o.awaitBack(t)
			}
			if decision, err := engine.Reserve(t.Context(), lost); !errors.Is(err, quota.ErrEnded) {
				t.Fatalf("the id of a reservation that is being taken back: %+v, %v; want ErrEnded", decision, err)
			}
			if !silent { // what was made unheard is taken back before the next try, or nothing more fits
				o.drain(t)
			}
			live := o.request(0)
			if decision, err := o.reserve(t, engine, live); err != nil || !decision.Admitted || decision.Degraded != silent {
				t.Fatalf("the next try: %+v, %v", decision, err)
			}
			o.proxy.Delay(false)
			o.awaitBack(t)
			o.drain(t)
			if decision, err := engine.Reserve(t.Context(), lost); !errors.Is(err, quota.ErrEnded) {
				t.Errorf("the id of a reservation that was taken back: %+v, %v; want ErrEnded", decision, err)
			}
			o.wantWindow(t, 2, 1)

			settlement := quota.Settlement{ID: live.ID, Slot: live.Slot, Tokens: 10, Cost: money.USD, Row: api.LedgerRow{Kind: api.LedgerSettle}}
			if settled, err := engine.Settle(t.Context(), settlement); err != nil || settled.Duplicate {
				t.Errorf("settle the live one: %+v, %v", settled, err)
			}
			o.drain(t)
			o.wantWindow(t, 2, 0)
			if rows := o.record.Rows(); len(rows) != 2 || rows[1].ID != live.ID || rows[1].Kind != api.LedgerSettle || rows[1].Cost != money.USD {
				t.Errorf("the ledger: %+v, want the live one's row beside that of before", rows)
			}
		})
	}
}

// drain moves everything to the record, what is to be taken back included.
func (o *outage) drain(t *testing.T) {
	t.Helper()
	if err := o.engines[0].Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (o *outage) wantWindow(t *testing.T, requests, live int64) {
	t.Helper()
	windows, err := o.engines[0].Used(t.Context(), "marketing", []quota.Window{o.window})
	if err != nil || windows[0].Requests != requests || windows[0].Live != live {
		t.Errorf("the window: %+v, %v; want %d requests, %d live", windows, err, requests, live)
	}
}

// TestRedis_sharesCountWhatRedisMayAdmitYet asks for a second request without Redis while Redis has not answered the
// first: the limit holds for both.
func TestRedis_sharesCountWhatRedisMayAdmitYet(t *testing.T) {
	for name, window := range map[string]quota.Window{
		"requests": {RPM: 1, TPM: quota.Unlimited, Parallel: quota.Unlimited},
		"tokens":   {RPM: quota.Unlimited, TPM: 15, Parallel: quota.Unlimited},
		"parallel": {RPM: quota.Unlimited, TPM: quota.Unlimited, Parallel: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, 1, degraded.Policy{RateLimits: degraded.Local})
			o.window, o.window.Scope, o.window.Name = window, "team:marketing", "team"
			// Long enough that no machine is too slow.
			options := redis.Options{Manual: true, Timeout: 30 * time.Second}
			engine := openGateway(t, o.server.URL(), quotatest.NewRecord(), options, degraded.Policy{RateLimits: degraded.Local})
			var first, second quota.Decision
			var firstErr, secondErr error
			redis.MeanwhileForTest(engine.counters, "marketing", func() {
				first, firstErr = o.reserve(t, engine, o.request(0))
			}, func() {
				second, secondErr = o.reserve(t, engine, o.request(0))
			})
			if firstErr != nil || !first.Admitted || first.Degraded {
				t.Errorf("the first: %+v, %v; want it admitted by Redis", first, firstErr)
			}
			if secondErr != nil || second.Admitted || !second.Degraded {
				t.Errorf("the second: %+v, %v; want it refused without Redis", second, secondErr)
			}
		})
	}
}

// lateBugs are mistakes in taking back what was made unheard.
var lateBugs = []bug{
	{"what was taken back counts as a request", "finish(base, id, r, 0, 0, now, true)", "finish(base, id, r, 0, 0, now)", ""},
	{"what was taken back is forgotten", "  save_ending(base, id, now + remembered)\nend\nsave_changes(base, now, nil, remembered)\nreturn now", "end\nsave_changes(base, now, nil, remembered)\nreturn now", ""},
	{"taking back ends nothing", "  local alerts = finish(base, id, r, 0, 0, now, true)\n", "  local alerts = ''\n", ""},
}

func TestPromise_T22_bugsOfTakingBackAreCaught(t *testing.T) {
	catchBugs(t, lateBugs, "TestRedis_aLateCancellationEndsNothing", "^TestRedis_aLateCancellationEndsNothing$")
}
