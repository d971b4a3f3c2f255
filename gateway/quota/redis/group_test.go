package redis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// groupBench is an engine on a Redis of its own, and what is asked of it.
type groupBench struct {
	engine *redis.Engine
	client *goredis.Client
	clock  *quotatest.Clock
	record *quotatest.Record
	server *testenv.RedisServer
}

func newGroupBench(t *testing.T) *groupBench {
	b := &groupBench{clock: quotatest.NewClock(), record: quotatest.NewRecord(), server: testenv.StartRedis(t)}
	b.engine = openRedis(t, b.server.URL(), b.clock, b.record, "bursar")
	b.client = goredis.NewClient(&goredis.Options{Addr: b.server.Addr()})
	t.Cleanup(func() { _ = b.client.Close() })
	return b
}

// together makes n calls at once and returns their errors.
func (b *groupBench) together(n int, call func(i int) error) []error {
	errs, calls := make([]error, n), make([]func(), n)
	for i := range calls {
		calls[i] = func() { errs[i] = call(i) }
	}
	redis.TogetherForTest(b.engine, "marketing", calls)
	return errs
}

// reserve makes n reservations of 100 dollars at most at once.
func (b *groupBench) reserve(t *testing.T, n int) []quota.Request {
	t.Helper()
	if _, err := b.engine.Spent(t.Context(), teamRequest(b.clock, money.Max).Budgets); err != nil {
		t.Fatal(err)
	}
	requests := make([]quota.Request, n)
	err := errors.Join(b.together(n, func(i int) error {
		requests[i] = teamRequest(b.clock, money.Max)
		decision, err := b.engine.Reserve(t.Context(), requests[i])
		if err == nil && !decision.Admitted {
			err = errors.New("refused")
		}
		return err
	})...)
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

func (b *groupBench) settle(t *testing.T, requests []quota.Request) {
	t.Helper()
	err := errors.Join(b.together(len(requests), func(i int) error {
		row := requests[i].Row
		row.CompletionTokens = int64(i)
		_, err := b.engine.Settle(t.Context(), quota.Settlement{ID: requests[i].ID, Slot: "marketing", Tokens: 10, Cost: money.USD, Row: row})
		return err
	})...)
	if err != nil {
		t.Fatal(err)
	}
}

// calls is how many scripts Redis has run.
func (b *groupBench) calls(t *testing.T) int {
	t.Helper()
	info, err := b.client.InfoMap(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	stats := info["Commandstats"]["cmdstat_evalsha"]
	count, _, _ := strings.Cut(strings.TrimPrefix(stats, "calls="), ",")
	n := 0
	for _, digit := range count {
		n = 10*n + int(digit-'0')
	}
	return n
}

func TestRedis_oneScriptDecidesAGroup(t *testing.T) {
	b := newGroupBench(t)
	b.settle(t, b.reserve(t, 2)) // Redis knows the scripts from here on
	if _, err := b.engine.Spent(t.Context(), teamRequest(b.clock, money.Max).Budgets); err != nil {
		t.Fatal(err)
	}
	before := b.calls(t)
	requests := b.reserve(t, 40) // and one script that reads the budget
	b.settle(t, requests)
	if got := b.calls(t) - before; got != 3 {
		t.Errorf("40 reservations and settlements made at once took %d scripts, want 3", got)
	}
}

// More than one script may decide are decided by several.
func TestRedis_groupsAreBounded(t *testing.T) {
	b := newGroupBench(t)
	b.settle(t, b.reserve(t, 150))
	if err := b.engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := b.record.Rows(); len(rows) != 150 {
		t.Errorf("%d rows, want 150", len(rows))
	}
}

// What a gateway has settled goes to the record from its memory, or from the stream when it died: the same rows, once.
func TestRedis_drainsFromMemoryAndFromTheStream(t *testing.T) {
	b := newGroupBench(t)
	b.settle(t, b.reserve(t, 20))
	if backlog, err := b.engine.Backlog(t.Context()); err != nil || backlog.Entries != 20 {
		t.Errorf("what waits for the record: %+v, %v; want 20 rows", backlog, err)
	}
	record := quotatest.NewRecord()
	other := openRedis(t, b.server.URL(), b.clock, record, "bursar")
	for _, engine := range []*redis.Engine{other, b.engine} {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	byID := cmpopts.SortSlices(func(x, y api.LedgerRow) bool { return x.ID < y.ID })
	fromStream, fromMemory := record.Rows(), b.record.Rows()
	if diff := cmp.Diff(fromStream, fromMemory, byID); len(fromStream) != 20 || diff != "" {
		t.Errorf("%d rows from the stream; rows from memory are others (-stream +memory):\n%s", len(fromStream), diff)
	}
	if n, err := b.client.XLen(t.Context(), "bursar:{t:marketing}:led").Result(); err != nil || n != 0 {
		t.Errorf("%d entries are left in the stream, %v", n, err)
	}
}

// A record that is away keeps nothing from being recorded later.
func TestRedis_drainsWhatCouldNotBeRecorded(t *testing.T) {
	b := newGroupBench(t)
	requests := b.reserve(t, 5)
	b.record.SetDown(true)
	b.settle(t, requests)
	if err := b.engine.Drain(t.Context()); !errors.Is(err, quotatest.ErrRecordDown) {
		t.Errorf("drain while the record is down: %v", err)
	}
	b.record.SetDown(false)
	if err := b.engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := b.record.Rows(); len(rows) != 5 {
		t.Errorf("%d rows, want 5", len(rows))
	}
}

func TestRedis_aCallerThatLeavesTakesNobodyAlong(t *testing.T) {
	b := newGroupBench(t)
	b.settle(t, b.reserve(t, 1))
	leaving, leave := context.WithCancel(t.Context())
	errs := b.together(3, func(i int) error {
		ctx := t.Context()
		switch i {
		case 0:
			ctx = leaving
		case 2:
			leave()
		}
		_, err := b.engine.Reserve(ctx, teamRequest(b.clock, money.Max))
		return err
	})
	if !errors.Is(errs[0], context.Canceled) || errs[1] != nil || errs[2] != nil {
		t.Errorf("the one that left and those that stayed: %v", errs)
	}
	if err := b.engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	states, err := b.engine.Used(t.Context(), "marketing", teamRequest(b.clock, 0).Windows)
	if err != nil || states[0].Live != 2 {
		t.Errorf("live: %+v, %v; want 2", states, err)
	}
}

// What reservations have in common is kept as long as one of them lives, and not for ever.
func TestRedis_dropsTermsThatNobodyUses(t *testing.T) {
	b := newGroupBench(t)
	kept := b.reserve(t, 1)[0]
	brief := teamRequest(b.clock, money.Max)
	brief.Windows = nil
	if _, err := b.engine.Reserve(t.Context(), brief); err != nil {
		t.Fatal(err)
	}
	b.settle(t, []quota.Request{brief})
	terms := func() int64 {
		n, err := b.client.HLen(t.Context(), "bursar:{t:marketing}:t").Result()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := terms(); got != 2 {
		t.Errorf("terms of two reservations: %d", got)
	}
	b.clock.Advance(time.Hour + time.Second)
	if err := b.engine.Renew(t.Context(), []quota.Checkpoint{{ID: kept.ID, Slot: kept.Slot}}); err != nil {
		t.Fatal(err)
	}
	if n, err := b.engine.Reap(t.Context()); err != nil || n != 0 {
		t.Errorf("reaped %d, %v", n, err)
	}
	if got := terms(); got != 1 {
		t.Errorf("terms of the one that lives: %d", got)
	}
	b.settle(t, []quota.Request{kept})
	states, err := b.engine.Spent(t.Context(), kept.Budgets)
	if err != nil || states[0].Settled != 2*money.USD || states[0].Reserved != 0 {
		t.Errorf("budget: %+v, %v; want $2 settled and nothing reserved", states, err)
	}
}

func TestRedis_notesSeldomThatTermsAreUsed(t *testing.T) {
	b := newGroupBench(t)
	noted := func() float64 {
		uses, err := b.client.ZRangeWithScores(t.Context(), "bursar:{t:marketing}:tu", 0, -1).Result()
		if err != nil || len(uses) != 1 {
			t.Fatalf("uses of terms: %v, %v; want one", uses, err)
		}
		return uses[0].Score
	}
	b.reserve(t, 1)
	first := noted()
	b.clock.Advance(9 * time.Minute)
	b.reserve(t, 1)
	if got := noted(); got != first {
		t.Errorf("after nine minutes the use was noted again: %.0f after %.0f", got, first)
	}
	b.clock.Advance(2 * time.Minute)
	b.reserve(t, 1)
	if got := noted(); got < first+float64((11*time.Minute).Microseconds()) {
		t.Errorf("after eleven minutes the last noted use is %.0f, the first %.0f", got, first)
	}
}
