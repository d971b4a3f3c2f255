package quota_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestPromise_T12_scriptsAreTheModel makes random calls to the Redis engine and to the in-process one.
func TestPromise_T12_scriptsAreTheModel(t *testing.T) {
	url := testenv.Redis(t)
	total := 0
	for total < 5000 {
		total += quotatest.Compare(t, func(rt *rapid.T) (model, subject quotatest.Harness) {
			return startMemory(rt), startRedis(rt, url)
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

func startRedis(rt *rapid.T, url string) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine, err := quota.OpenRedis(rt.Context(), url, record, redisOptions(clock, quotatest.NewID()))
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = engine.Close() })
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}
