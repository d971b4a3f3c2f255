package quota_test

import (
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
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
func TestOpenRedis_refusesOneServerOfACluster(t *testing.T) {
	first, _, _ := strings.Cut(strings.TrimPrefix(testenv.RedisCluster(t), "redis+cluster://"), ",")
	_, err := quota.OpenRedis(t.Context(), "redis://"+first, quotatest.NewRecord(), quota.RedisOptions{})
	if err == nil || !strings.Contains(err.Error(), "redis+cluster://") {
		t.Errorf("error %v does not say how to write the address", err)
	}
}
