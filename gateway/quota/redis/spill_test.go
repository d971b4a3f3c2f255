package redis_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// The record is away, Redis is emptied, and the gateway that settled is killed: what it settled is in its data directory,
// and in the record before the next one that starts there admits anything.
func TestPromise_T8_whatAKilledGatewayAloneKnewIsOnItsDisk(t *testing.T) {
	const limit, spent = 10 * money.USD, 7
	for name, end := range map[string]func(*testing.T, *redis.Engine, string) string{
		"killed": func(t *testing.T, engine *redis.Engine, dir string) string {
			t.Cleanup(func() { _ = engine.Close() })
			left := t.TempDir() // what a process that is gone has left is as it is on the disk, and locked by nobody
			if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			tearSpilled(t, left)
			return left
		},
		"stopped": func(t *testing.T, engine *redis.Engine, dir string) string {
			if err := engine.Close(); !errors.Is(err, quotatest.ErrRecordDown) {
				t.Errorf("close while the record is away: %v", err)
			}
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, record := testenv.StartRedis(t), quotatest.NewRecord()
			open := func(dir string) *redis.Engine {
				options := redis.Options{Manual: true, StrictRecovery: true, DataDir: dir, Timeout: time.Second}
				engine, err := redis.Open(t.Context(), server.URL(), record, options)
				if err != nil {
					t.Fatal(err)
				}
				return engine
			}
			dir := t.TempDir()
			first := open(dir)
			request := func() quota.Request {
				r := teamRequest(quotatest.NewClock(), limit)
				r.Budgets[0].Periods, r.InputTokens, r.InputCost = []quota.Period{{}}, 0, 0
				r.OutputTokens, r.MinOutputTokens, r.OutputTokenCost = 1, 1, money.USD
				return r
			}
			settled := func(engine *redis.Engine) bool {
				r := request()
				decision, err := engine.Reserve(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if !decision.Admitted {
					return false
				}
				if _, err := engine.Settle(t.Context(), quota.Settlement{ID: r.ID, Slot: r.Slot, Tokens: 1, Cost: money.USD, Row: r.Row}); err != nil {
					t.Fatal(err)
				}
				return true
			}
			settled(first)
			if err := first.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			record.SetDown(true)
			for number := range spent - 1 {
				settled(first)
				if number%2 == 0 {
					if err := first.Drain(t.Context()); !errors.Is(err, quotatest.ErrRecordDown) {
						t.Errorf("drain while the record is away: %v", err)
					}
				}
			}
			if err := first.Drain(t.Context()); !errors.Is(err, quotatest.ErrRecordDown) {
				t.Errorf("drain while the record is away: %v", err)
			}
			left := end(t, first, dir)
			client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
			t.Cleanup(func() { _ = client.Close() })
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}

			record.SetDown(false)
			second := open(left)
			t.Cleanup(func() { _ = second.Close() })
			if rows := record.Rows(); len(rows) != spent {
				t.Errorf("the ledger has %d rows, want %d", len(rows), spent)
			}
			admitted := 0
			for settled(second) {
				admitted++
			}
			if admitted != int(limit/money.USD)-spent {
				t.Errorf("%d calls of a dollar fit beside %d under a cap of %s", admitted, spent, limit)
			}
			if err := second.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if names := spilledIn(t, left); len(names) != 0 {
				t.Errorf("%v are left although the record has all", names)
			}
		})
	}
}

// On a Cluster a pot learns within a beat what a killed gateway alone knew, although its home was filled before the ledger
// had that, and nothing is asked of the slot any more.
func TestPromise_T8_whatAKilledGatewayAloneKnewIsInThePot_onCluster(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	b := newPotBench(t, 1, 100*money.USD, nil)
	mortal := b.open(func(options *redis.Options) { options.DataDir = dir })
	b.spend(b.engines[0], potTeams[1], 10*money.USD)
	b.drain(b.engines[0])
	request, _ := b.reserve(mortal, potTeams[0], 50*money.USD)
	b.record.SetDown(true)
	b.settle(mortal, request, 50*money.USD)
	_ = mortal.Drain(t.Context()) // it fails
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	b.lose("{t:")
	b.lose("{b:")
	b.record.SetDown(false)
	b.spend(b.engines[0], potTeams[1], 10*money.USD) // which fills the home
	b.want(b.engines[0], 20*money.USD, 0)

	b.open(func(options *redis.Options) { options.DataDir = left })
	if err := b.engines[0].Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(b.engines[0], 70*money.USD, 0)
	b.refused(b.engines[0], potTeams[0], 31*money.USD)
	b.spend(b.engines[0], potTeams[1], 30*money.USD)
	b.refused(b.engines[0], potTeams[2], 1)
}

// While the record is there nothing is written to the disk, and when it is back what was is taken away.
func TestRedis_spillsNothingThatTheRecordHas(t *testing.T) {
	server, record, dir := testenv.StartRedis(t), quotatest.NewRecord(), t.TempDir()
	engine, err := redis.Open(t.Context(), server.URL(), record, redis.Options{Manual: true, DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	for _, down := range []bool{false, true, false} {
		record.SetDown(down)
		r := teamRequest(quotatest.NewClock(), 0)
		r.Budgets[0].Periods = []quota.Period{{}}
		if _, err := engine.Reserve(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Settle(t.Context(), quota.Settlement{ID: r.ID, Slot: r.Slot, Tokens: 1, Cost: 1, Row: r.Row}); err != nil {
			t.Fatal(err)
		}
		if err := engine.Drain(t.Context()); (err != nil) != down {
			t.Errorf("drain: %v", err)
		}
		if names := spilledIn(t, dir); len(names) > 0 != down {
			t.Errorf("with the record away (%t) there are %v", down, names)
		}
	}
}

func spilledIn(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// tearSpilled leaves in each file what a process writes that dies halfway.
func tearSpilled(t *testing.T, dir string) {
	t.Helper()
	for _, name := range spilledIn(t, dir) {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(`0badc0de {"Row":{"id":"torn","cost_usd":5`); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// On a Cluster, too: the record is away, all servers are emptied, and what was settled was settled long ago. When the
// record is back every settlement is in it, and the pot says so.
func TestPromise_T8_whatTheRecordLacksIsRemembered_onCluster(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, func(o *redis.Options) { redis.KeepSettledForTest(o, time.Nanosecond) })
	for number, team := range potTeams {
		b.spend(b.engines[number%2], team, 50*money.USD)
	}
	for _, engine := range b.engines {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.record.SetDown(true)
	for number, team := range potTeams {
		b.spend(b.engines[number%2], team, 100*money.USD)
		_ = b.engines[number%2].Drain(t.Context()) // it fails
	}
	b.lose("{t:")
	b.lose("{b:")
	b.record.SetDown(false)
	for _, engine := range b.engines {
		if err := engine.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.want(b.engines[0], 900*money.USD, 0)
	b.refused(b.engines[1], "legal", 101*money.USD)
	b.spend(b.engines[1], "legal", 100*money.USD)
	b.refused(b.engines[0], "marketing", 1)
}
