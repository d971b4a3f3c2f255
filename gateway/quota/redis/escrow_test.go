package redis_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
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

// potBench is a pot that several teams spend from, on a Redis Cluster.
type potBench struct {
	t       *testing.T
	clock   *quotatest.Clock
	record  *quotatest.Record
	prefix  string
	client  *goredis.ClusterClient
	engines []*redis.Engine
	limit   money.Nano
	hard    bool
	from    time.Time // when it begins to refuse
	version map[string]int64
}

// potTeams are on all three masters.
var potTeams = []string{"marketing", "research", "product", "support", "sales", "legal"}

func newPotBench(t *testing.T, engines int, limit money.Nano, change func(*redis.Options)) *potBench {
	b := &potBench{
		t: t, clock: quotatest.NewClock(), record: quotatest.NewRecord(), prefix: quotatest.NewID(), limit: limit, hard: true,
		version: map[string]int64{},
	}
	addresses := strings.Split(strings.TrimPrefix(testenv.RedisCluster(t), "redis+cluster://"), ",")
	b.client = goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: addresses})
	t.Cleanup(func() { _ = b.client.Close() })
	for range engines {
		b.engines = append(b.engines, b.open(change))
	}
	return b
}

func (b *potBench) open(change func(*redis.Options)) *redis.Engine {
	b.t.Helper()
	options := redisOptions(b.clock, b.prefix)
	if change != nil {
		change(&options)
	}
	engine, err := redis.Open(b.t.Context(), testenv.RedisCluster(b.t), b.record, options)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = engine.Close() })
	return engine
}

func (b *potBench) pot() quota.Budget {
	day := &api.Span{Count: 1, Unit: api.Day}
	return quota.Budget{
		Scope: quotatest.Everything, Name: "budget everything", Limit: b.limit, Hard: b.hard, EnforcedFrom: b.from, Generation: int64(b.limit),
		Periods: quota.Calendar{Span: day, ResetDay: 1, Zone: time.UTC}.Around(b.clock.Now()),
		Thresholds: []quota.Threshold{
			{Share: 0.5, At: b.limit / 2}, {Share: 1, At: b.limit},
		},
	}
}

func (b *potBench) request(team string, cost money.Nano) quota.Request {
	return quota.Request{
		ID: quotatest.NewID(), Slot: team, PolicyVersion: b.version[team], InputTokens: 10, InputCost: cost,
		Budgets: []quota.Budget{b.pot()}, Row: api.LedgerRow{TeamID: team, KeyID: "key_1"},
	}
}

func (b *potBench) reserve(engine *redis.Engine, team string, cost money.Nano) (quota.Request, quota.Decision) {
	b.t.Helper()
	request := b.request(team, cost)
	decision, err := engine.Reserve(b.t.Context(), request)
	if errors.Is(err, quota.ErrStalePolicy) {
		if b.version[team], err = engine.PolicyVersion(b.t.Context(), team); err != nil {
			b.t.Fatal(err)
		}
		request.PolicyVersion = b.version[team]
		decision, err = engine.Reserve(b.t.Context(), request)
	}
	if err != nil {
		b.t.Fatalf("reserve for %s: %v", team, err)
	}
	return request, decision
}

// spend reserves and settles the same cost, and fails unless that is admitted.
func (b *potBench) spend(engine *redis.Engine, team string, cost money.Nano) {
	b.t.Helper()
	request, decision := b.reserve(engine, team, cost)
	if !decision.Admitted {
		b.t.Fatalf("%s is refused %s: %+v", team, cost, decision.Denials)
	}
	b.settle(engine, request, cost)
}

func (b *potBench) settle(engine *redis.Engine, request quota.Request, cost money.Nano) {
	b.t.Helper()
	settlement := quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 10, Cost: cost, Row: request.Row}
	if _, err := engine.Settle(b.t.Context(), settlement); err != nil {
		b.t.Fatalf("settle for %s: %v", request.Slot, err)
	}
}

func (b *potBench) refused(engine *redis.Engine, team string, cost money.Nano) quota.Denial {
	b.t.Helper()
	_, decision := b.reserve(engine, team, cost)
	if decision.Admitted || len(decision.Denials) != 1 {
		b.t.Fatalf("%s is not refused %s: %+v", team, cost, decision)
	}
	return decision.Denials[0]
}

// want compares the pot with the ledger.
func (b *potBench) want(engine *redis.Engine, settled, reserved money.Nano) {
	b.t.Helper()
	states, err := engine.Spent(b.t.Context(), []quota.Budget{b.pot()})
	if err != nil {
		b.t.Fatal(err)
	}
	if states[0].Settled != settled || states[0].Reserved != reserved {
		b.t.Errorf("the pot has %s settled and %s reserved, want %s and %s", states[0].Settled, states[0].Reserved, settled, reserved)
	}
	for _, engine := range b.engines {
		if err := engine.Drain(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
	if ledger, err := b.record.Spend(b.t.Context(), quotatest.Everything, states[0].Period); err != nil || ledger != settled {
		b.t.Errorf("the ledger has %s, %v; want %s", ledger, err, settled)
	}
}

// home is the key of the pot's home.
func (b *potBench) home() string {
	period := b.pot().Periods[1]
	return fmt.Sprintf("%s:{b:%s}:b:%d-%d", b.prefix, quotatest.Everything, period.Start.UnixMicro(), period.End.UnixMicro())
}

// lose deletes all keys that hold a text.
func (b *potBench) lose(part string) {
	b.t.Helper()
	var lost atomic.Int64 // the masters are asked at the same time
	err := b.client.ForEachMaster(b.t.Context(), func(ctx context.Context, server *goredis.Client) error {
		keys, err := server.Keys(ctx, b.prefix+"*").Result()
		for _, key := range keys {
			if strings.Contains(key, part) {
				lost.Add(1)
				err = errors.Join(err, server.Del(ctx, key).Err())
			}
		}
		return err
	})
	if err != nil || lost.Load() == 0 {
		b.t.Fatalf("deleted %d keys with %q: %v", lost.Load(), part, err)
	}
}

// TestPromise_T1_potNeverExceeded_onCluster lets gateways spend a pot from teams on all masters to its cap.
func TestPromise_T1_potNeverExceeded_onCluster(t *testing.T) {
	const most = 20 * money.USD
	b := newPotBench(t, 8, 2000*money.USD, nil)
	var mu sync.Mutex
	admitted, refused := 0, 0
	var group sync.WaitGroup
	for number, engine := range b.engines {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(number)))
			for spentFor := 0; spentFor < 3 && !t.Failed(); {
				team := potTeams[random.IntN(len(potTeams))]
				request := b.request(team, most)
				decision, err := engine.Reserve(t.Context(), request)
				if err != nil {
					t.Errorf("reserve: %v", err)
					return
				}
				mu.Lock()
				if decision.Admitted {
					if admitted++; admitted > 10*int(b.limit/most) {
						t.Error("the pot has no end")
					}
				} else {
					refused++
				}
				mu.Unlock()
				if !decision.Admitted {
					spentFor++
					continue
				}
				spentFor = 0
				cost := money.Nano(random.Int64N(int64(most)) + 1)
				for range 2 {
					if _, err := engine.Settle(t.Context(), quota.Settlement{ID: request.ID, Slot: team, Tokens: 10, Cost: cost, Row: request.Row}); err != nil {
						t.Errorf("settle: %v", err)
					}
				}
			}
		})
	}
	group.Wait()
	for _, engine := range b.engines {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var ledger money.Nano
	for _, row := range b.record.Rows() {
		ledger += row.Cost
	}
	if ledger > b.limit {
		t.Errorf("overshoot: %s of %s", ledger, b.limit)
	}
	b.want(b.engines[0], ledger, 0)
	if ledger < b.limit/100*95 {
		t.Errorf("only %s of %s could be spent", ledger, b.limit)
	}
	if len(b.record.Rows()) != admitted {
		t.Errorf("%d rows for %d admitted requests", len(b.record.Rows()), admitted)
	}
	alerts := map[float64]int{}
	for _, event := range b.record.Crossings() {
		alerts[event.Share]++
	}
	if alerts[0.5] != 1 || alerts[1] > 1 {
		t.Errorf("alerts by threshold: %v", alerts)
	}
	t.Logf("%d admitted, %d refused, overshoot 0, %.1f %% of the pot spent", admitted, refused, 100*float64(ledger)/float64(b.limit))
}

// What one team has and does not need is another one's when it is needed, to the last nano-dollar.
func TestEscrow_spendsAPotToTheEnd(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, nil)
	first, second := b.engines[0], b.engines[1]
	for _, team := range potTeams {
		b.spend(first, team, 10*money.USD)
	}
	held, _ := b.reserve(second, "marketing", 500*money.USD)
	b.spend(second, "legal", 440*money.USD)
	b.refused(first, "marketing", 1)
	denial := b.refused(first, "sales", 1)
	if denial.Limit != int64(b.limit) || denial.Used != int64(b.limit) || denial.Settled != int64(500*money.USD) {
		t.Errorf("refused with %+v", denial)
	}
	b.settle(second, held, 100*money.USD)
	b.spend(first, "sales", 400*money.USD)
	b.refused(second, "sales", 1)
	b.want(first, 1000*money.USD, 0)
}

// Between the answer that nothing is left and the refusal another request settles for less, and what the team
// has of the pot by then lies idle and is taken back: there is room again, at the home.
func TestEscrow_asksAgainWhenOthersSettledMeanwhile(t *testing.T) {
	b := newPotBench(t, 1, 100*money.USD, nil)
	held, _ := b.reserve(b.engines[0], "marketing", 90*money.USD)
	settled := 0
	late := b.open(func(options *redis.Options) {
		redis.BeforeStepForTest(options, func(step string) error {
			if step == "refuse" && settled == 0 {
				settled++
				b.settle(b.engines[0], held, money.USD)
				b.spend(b.engines[0], "legal", 20*money.USD)
			}
			return nil
		})
	})
	b.spend(late, "marketing", 50*money.USD)
	if settled != 1 {
		t.Error("the other request was not settled before the refusal")
	}
	b.refused(late, "marketing", 50*money.USD)
	b.want(late, 71*money.USD, 0)
}

// A gateway dies before each step of a transfer in turn: nothing is lost and nothing is there twice.
func TestEscrow_transfersSurviveTheirGateway(t *testing.T) {
	for dies := 1; ; dies++ {
		steps := 0
		died := errors.New("the gateway dies")
		b := newPotBench(t, 0, 100*money.USD, nil)
		mortal := b.open(func(options *redis.Options) {
			redis.BeforeStepForTest(options, func(string) error {
				if steps++; steps >= dies {
					return died
				}
				return nil
			})
		})
		survivor := b.open(nil)
		b.engines = []*redis.Engine{survivor}
		var spent money.Nano
		var failed bool
		for number := range 9 { // the last ones need what lies idle at other teams
			team := potTeams[number%len(potTeams)]
			request := b.request(team, 10*money.USD)
			if _, err := mortal.Reserve(t.Context(), request); err != nil {
				failed = true
				break
			}
			b.settle(survivor, request, 10*money.USD)
			spent += 10 * money.USD
		}
		for spent < b.limit {
			b.spend(survivor, potTeams[int(spent/money.USD)%len(potTeams)], money.USD)
			spent += money.USD
		}
		for _, team := range potTeams {
			b.refused(survivor, team, 1)
		}
		b.want(survivor, 100*money.USD, 0)
		if t.Failed() {
			t.Fatalf("the gateway died before step %d", dies)
		}
		if !failed {
			t.Logf("%d steps, after each of which all of the pot could be spent and no more", dies-1)
			return
		}
	}
}

// The home's server loses everything, once emptied and once put back to an earlier state.
func TestPromise_T8_potsHomeIsFilledAgain_onCluster(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, nil)
	for _, team := range potTeams {
		b.spend(b.engines[0], team, 50*money.USD)
	}
	held, _ := b.reserve(b.engines[1], "legal", 100*money.USD)
	before, err := b.client.Dump(t.Context(), b.home()).Result()
	if err != nil {
		t.Fatal(err)
	}
	b.lose("{b:")
	b.spend(b.engines[0], "marketing", 300*money.USD)
	b.want(b.engines[1], 600*money.USD, 100*money.USD)

	if err := b.client.RestoreReplace(t.Context(), b.home(), 0, before).Err(); err != nil {
		t.Fatal(err)
	}
	b.refused(b.engines[0], "research", 301*money.USD)
	b.settle(b.engines[1], held, 100*money.USD)
	b.spend(b.engines[0], "research", 300*money.USD)
	for _, team := range potTeams {
		b.refused(b.engines[1], team, 1)
	}
	b.want(b.engines[0], 1000*money.USD, 0)
}

// A team's server loses everything: what it had spent and reserved of the pot still counts.
func TestPromise_T8_potsSlotIsFilledAgain_onCluster(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, nil)
	for _, team := range potTeams {
		b.spend(b.engines[0], team, 50*money.USD)
	}
	held, _ := b.reserve(b.engines[0], "legal", 100*money.USD)
	for _, engine := range b.engines {
		if err := engine.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.lose("{t:legal}")
	if err := b.engines[0].Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(b.engines[1], 300*money.USD, 100*money.USD)
	b.refused(b.engines[1], "legal", 601*money.USD)
	b.spend(b.engines[1], "legal", 600*money.USD)
	b.refused(b.engines[0], "marketing", 1)
	b.settle(b.engines[0], held, 100*money.USD)
	b.want(b.engines[0], 1000*money.USD, 0)
}

// The spending from before a pot was made counts, also that of teams that have not asked since.
func TestEscrow_countsWhatWasSpentBefore(t *testing.T) {
	b := newPotBench(t, 1, 100*money.USD, nil)
	row := api.LedgerRow{ID: quotatest.NewID(), TeamID: "research", AdmittedAt: b.clock.Now(), Cost: 60 * money.USD}
	if err := b.record.Append(t.Context(), []quota.Entry{{Row: &row}}); err != nil {
		t.Fatal(err)
	}
	b.refused(b.engines[0], "marketing", 41*money.USD)
	b.spend(b.engines[0], "marketing", 30*money.USD)
	b.want(b.engines[0], 90*money.USD, 0)
	b.spend(b.engines[0], "research", 10*money.USD)
	b.refused(b.engines[0], "research", 1)
	b.want(b.engines[0], 100*money.USD, 0)
}

// The next period begins with the whole pot; what ends in it and was admitted before belongs to the old one.
func TestPromise_T3_potsRollOver_onCluster(t *testing.T) {
	b := newPotBench(t, 2, 100*money.USD, nil)
	b.spend(b.engines[0], "marketing", 60*money.USD)
	held, _ := b.reserve(b.engines[1], "research", 40*money.USD)
	b.refused(b.engines[0], "legal", 1)
	b.clock.Advance(24 * time.Hour)
	b.spend(b.engines[0], "legal", 90*money.USD)
	b.settle(b.engines[1], held, 40*money.USD)
	b.refused(b.engines[1], "research", 11*money.USD)
	b.want(b.engines[1], 90*money.USD, 0)
}

// A gateway that never spent from a pot fills it again after its ledger was adjusted, for all gateways.
func TestEscrow_isFilledAgainByAnyGateway(t *testing.T) {
	b := newPotBench(t, 2, 100*money.USD, nil)
	for _, team := range potTeams[:3] {
		b.spend(b.engines[0], team, 10*money.USD)
	}
	for round := range 2 {
		for number, slot := range []string{potTeams[0], potTeams[4]} { // one that is counted already, and a new one
			row := api.LedgerRow{
				ID: quotatest.NewID(), Kind: api.LedgerAdjust, TeamID: slot, AdmittedAt: b.clock.Now(), Cost: -2 * money.USD,
			}
			if err := b.record.Append(t.Context(), []quota.Entry{{Row: &row}}); err != nil {
				t.Fatal(err)
			}
			want := 30*money.USD - money.Nano(2*(2*round+number+1))*money.USD
			states, err := b.engines[1-round].Refill(t.Context(), []quota.Budget{b.pot()})
			if err != nil || states[0].Settled != want {
				t.Errorf("%d: filled with %+v, %v; want %s", 2*round+number, states, err, want)
			}
		}
	}
	if _, decision := b.reserve(b.engines[0], potTeams[1], 78*money.USD); !decision.Admitted {
		t.Errorf("what the adjustments gave back is refused: %+v", decision.Denials)
	}
	if _, decision := b.reserve(b.engines[1], potTeams[2], money.USD); decision.Admitted {
		t.Error("more than the pot was admitted")
	}
}
