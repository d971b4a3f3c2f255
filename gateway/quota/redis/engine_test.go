package redis_test

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// The driver looks once a second whether a server that was killed is back, and then finds itself closed.
func TestMain(m *testing.M) {
	removeChildren := goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(children)
		os.Exit(code)
	})
	goleak.VerifyTestMain(m, removeChildren, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

func newRedis(t *testing.T) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := openRedis(t, testenv.Redis(t), clock, record, quotatest.NewID())
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record, Together: togetherOn(engine)}
}

// openRedis opens an engine whose clock and background work are the test's.
func openRedis(t *testing.T, url string, clock *quotatest.Clock, record quota.Record, prefix string) *redis.Engine {
	t.Helper()
	engine, err := redis.Open(t.Context(), url, record, redisOptions(clock, prefix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return engine
}

func redisOptions(clock *quotatest.Clock, prefix string) redis.Options {
	options := redis.Options{
		Prefix: prefix, Now: clock.Now, Manual: true, Strict: true,
		Timeout: 5 * time.Second, // the machine that runs tests may be slow
	}
	putBugForTest(&options)
	return options
}

func TestRedis(t *testing.T) { quotatest.Run(t, newRedis) }
