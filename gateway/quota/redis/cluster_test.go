package redis_test

import (
	"context"
	"net"
	"slices"
	"strings"
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

func newCluster(t *testing.T) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := openRedis(t, testenv.RedisCluster(t), clock, record, quotatest.NewID())
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}

func newClusterReplicas(t *testing.T, n int) (quotatest.Harness, []quotatest.Engine) {
	clock, record, prefix := quotatest.NewClock(), quotatest.NewRecord(), quotatest.NewID()
	replicas := make([]quotatest.Engine, n)
	for i := range replicas {
		replicas[i] = openRedis(t, testenv.RedisCluster(t), clock, record, prefix)
	}
	return quotatest.Harness{Engine: replicas[0], Clock: clock, Record: record}, replicas
}

func TestCluster(t *testing.T) { quotatest.Run(t, newCluster) }

func TestPromise_T1_budgetNeverExceeded_onCluster(t *testing.T) {
	h, replicas := newClusterReplicas(t, 4)
	quotatest.BudgetNeverExceeded(t, h, replicas)
}

func TestPromise_T2_windowNeverExceeded_onCluster(t *testing.T) {
	quotatest.WindowNeverExceeded(t, newCluster)
}

func TestPromise_T3_rolloverNeedsNoJob_onCluster(t *testing.T) {
	quotatest.RolloverNeedsNoJob(t, newCluster(t))
}

func TestPromise_T11_linearizable_onCluster(t *testing.T) {
	h, replicas := newClusterReplicas(t, 4)
	quotatest.Linearizable(t, h, replicas)
}

func TestPromise_T14_limitsInForceWhenTheChangeReturns_onCluster(t *testing.T) {
	_, replicas := newClusterReplicas(t, 2)
	quotatest.OldLimitsNeverAdmit(t, replicas)
}

// A client that speaks to one server of a Cluster would see a part of the counters only.
func TestOpen_refusesOneServerOfACluster(t *testing.T) {
	first, _, _ := strings.Cut(strings.TrimPrefix(testenv.RedisCluster(t), "redis+cluster://"), ",")
	_, err := redis.Open(t.Context(), "redis://"+first, quotatest.NewRecord(), redis.Options{})
	if err == nil || !strings.Contains(err.Error(), "redis+cluster://") {
		t.Errorf("error %v does not say how to write the address", err)
	}
}

// TestPromise_T4_lostRepliesChargeOnce_onCluster loses answers of all masters.
func TestPromise_T4_lostRepliesChargeOnce_onCluster(t *testing.T) {
	proxies := map[string]*quotatest.Proxy{}
	for address := range strings.SplitSeq(strings.TrimPrefix(testenv.RedisCluster(t), "redis+cluster://"), ",") {
		proxies[address] = quotatest.StartProxy(t, address)
	}
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	options := redisOptions(clock, quotatest.NewID())
	redis.DialForTest(&options, func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, proxies[address].Addr())
	})
	engine, err := redis.Open(t.Context(), testenv.RedisCluster(t), record, options)
	if err != nil {
		t.Fatal(err)
	}
	loseEvery := func(n int) {
		for _, proxy := range proxies {
			proxy.LoseEvery(n)
		}
	}
	t.Cleanup(func() {
		loseEvery(0)
		if err := engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	loseEvery(7)
	h := quotatest.Harness{Engine: engine, Clock: clock, Record: record}
	quotatest.LostRepliesChargeOnce(t, h, func() (lost int) {
		for _, proxy := range proxies {
			lost += proxy.Lost()
		}
		return lost
	})
	loseEvery(0)
}

// TestPromise_T12_scriptsAreTheModel_onCluster makes random calls to the engine on a Cluster and to the in-process one.
func TestPromise_T12_scriptsAreTheModel_onCluster(t *testing.T) {
	address := testenv.RedisCluster(t)
	steps := quotatest.Compare(t, func(rt *rapid.T) (model, subject quotatest.Harness) {
		subject = startRedis(rt, address)
		subject.PotsApart = true
		return startMemory(rt), subject
	})
	t.Logf("%d calls, no difference", steps)
}

// TestPromise_T12_potsAreTheModel_onCluster spends a pot from several teams and wants the same decisions and the same
// sums as in the process, where the pot is one counter. A refusal may show what the home was told last, not the sums; and
// a slot that has allowance left need not know that a watched pot is spent elsewhere, before the pot begins to refuse.
func TestPromise_T12_potsAreTheModel_onCluster(t *testing.T) {
	address, calls := testenv.RedisCluster(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		model, subject := startMemory(rt), startRedis(rt, address)
		pot := quota.Budget{Scope: quotatest.Everything, Name: "pot", Limit: 1000, Hard: true}
		var live []quota.Request
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			calls++
			switch step := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case step < 5:
				request := quota.Request{
					ID: quotatest.NewID(), Slot: rapid.SampledFrom(potTeams).Draw(rt, "team"), Budgets: []quota.Budget{pot},
					InputCost: money.Nano(rapid.Int64Range(0, 400).Draw(rt, "cost")),
				}
				request.Row = api.LedgerRow{TeamID: request.Slot}
				want, wantErr := model.Engine.Reserve(rt.Context(), request)
				got, gotErr := subject.Engine.Reserve(rt.Context(), request)
				if wantErr != nil || gotErr != nil || want.Admitted != got.Admitted || len(want.Denials) != len(got.Denials) {
					rt.Fatalf("reserve %+v: model %+v, %v; engine %+v, %v", request, want, wantErr, got, gotErr)
				}
				if want.Admitted {
					live = append(live, request)
				}
			case step < 8 && len(live) > 0:
				request := live[0]
				live = live[1:]
				cost := money.Nano(rapid.Int64Range(0, int64(request.InputCost)).Draw(rt, "settled"))
				for _, engine := range []quotatest.Engine{model.Engine, subject.Engine} {
					if _, err := engine.Settle(rt.Context(), quota.Settlement{ID: request.ID, Slot: request.Slot, Cost: cost, Row: request.Row}); err != nil {
						rt.Fatalf("settle: %v", err)
					}
					if err := engine.Drain(rt.Context()); err != nil { // else the home hears of it a moment later
						rt.Fatalf("drain: %v", err)
					}
				}
			case step == 8:
				pot.Limit = money.Nano(rapid.Int64Range(0, 3000).Draw(rt, "limit"))
				after := rapid.Int64Range(-5, 10).Draw(rt, "enforced after seconds")
				pot.EnforcedFrom = model.Clock.Now().Add(time.Duration(after) * time.Second)
			default:
				d := time.Duration(rapid.Int64Range(0, 90).Draw(rt, "seconds")) * time.Second / 10
				model.Clock.Advance(d)
				subject.Clock.Advance(d)
			}
		}
		want, _ := model.Engine.Spent(rt.Context(), []quota.Budget{pot})
		got, err := subject.Engine.Spent(rt.Context(), []quota.Budget{pot})
		if err != nil || !slices.Equal(want, got) {
			rt.Fatalf("the pot: model %+v, engine %+v, %v", want, got, err)
		}
	})
	t.Logf("%d calls, no difference", calls)
}
