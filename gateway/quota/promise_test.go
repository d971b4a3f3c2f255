package quota_test

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestPromise_T12_scriptsAreTheModel makes random calls to the Redis engine and to the in-process one.
func TestPromise_T12_scriptsAreTheModel(t *testing.T) {
	address := testenv.Redis(t)
	total := 0
	for total < 5000 {
		total += quotatest.Compare(t, func(rt *rapid.T) (model, subject quotatest.Harness) {
			return startMemory(rt), startRedis(rt, address)
		})
	}
	t.Logf("%d calls, no difference", total)
}

func startMemory(rt *rapid.T) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := quota.NewMemory(record, quota.MemoryOptions{Now: clock.Now, ReapEvery: -1})
	rt.Cleanup(func() { _ = engine.Close() })
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}

func startRedis(rt *rapid.T, address string) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine, err := quota.OpenRedis(rt.Context(), address, record, redisOptions(clock, quotatest.NewID()))
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = engine.Close() })
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}

func TestPromise_T1_budgetNeverExceeded(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		h := newMemory(t)
		quotatest.BudgetNeverExceeded(t, h, []quotatest.Engine{h.Engine})
	})
	t.Run("redis", func(t *testing.T) {
		h, replicas := newReplicas(t, 8)
		quotatest.BudgetNeverExceeded(t, h, replicas)
	})
}

// newReplicas opens several engines on the same counters, as that many gateways do.
func newReplicas(t *testing.T, n int) (quotatest.Harness, []quotatest.Engine) {
	clock, record, prefix := quotatest.NewClock(), quotatest.NewRecord(), quotatest.NewID()
	replicas := make([]quotatest.Engine, n)
	for i := range replicas {
		replicas[i] = openRedis(t, testenv.Redis(t), clock, record, prefix)
	}
	return quotatest.Harness{Engine: replicas[0], Clock: clock, Record: record}, replicas
}

func TestPromise_T2_windowNeverExceeded(t *testing.T) {
	t.Run("memory", func(t *testing.T) { quotatest.WindowNeverExceeded(t, newMemory) })
	t.Run("redis", func(t *testing.T) { quotatest.WindowNeverExceeded(t, newRedis) })
}

func TestPromise_T4_lostRepliesChargeOnce(t *testing.T) {
	proxy := quotatest.StartProxy(t, hostOf(t, testenv.Redis(t)))
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := openRedis(t, "redis://"+proxy.Addr(), clock, record, quotatest.NewID())
	proxy.LoseEvery(7)
	h := quotatest.Harness{Engine: engine, Clock: clock, Record: record}
	quotatest.LostRepliesChargeOnce(t, h, proxy.Lost)
	proxy.LoseEvery(0)
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}
