package redis_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestPromise_T9_survivesAFailover_onSentinel kills the master under load: Sentinel promotes a replica, the gateways
// follow, and every settlement that was acknowledged is in the ledger once and in the counter.
func TestPromise_T9_survivesAFailover_onSentinel(t *testing.T) {
	set := testenv.RedisSentinel(t)
	record := quotatest.NewRecord()
	load := startLoad(t, record, set.URL(), 2)
	load.awaitMore(t, 40)
	set.Master.Kill()
	load.awaitMore(t, 80)
	load.stopAndCheck(t)
}

// TestPromise_T9_survivesAFailover_onCluster kills a master of a Cluster under load of a team that is counted on it.
func TestPromise_T9_survivesAFailover_onCluster(t *testing.T) {
	cluster := testenv.StartRedisCluster(t, true)
	record := quotatest.NewRecord()
	load := startLoad(t, record, cluster.URL(), 2)
	load.awaitMore(t, 40)
	cluster.MasterOf(t, "bursar:{t:marketing}:r").Kill()
	load.awaitMore(t, 80)
	load.stopAndCheck(t)
}

// loadPatience is how long a load waits for one more request, failovers included.
const loadPatience = 60 * time.Second
