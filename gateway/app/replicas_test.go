package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// replicas starts gateways that share one PostgreSQL and one Redis.
func replicas(t *testing.T, n int, c config.Config) []*gateway {
	t.Helper()
	return replicasOn(t, n, c, testenv.StartRedis(t).URL())
}

// replicasOn starts gateways that share one PostgreSQL and the given counters.
func replicasOn(t *testing.T, n int, c config.Config, counters string) []*gateway {
	t.Helper()
	c.DatabaseURL, c.RedisURL = storetest.Postgres(t), counters
	c.RedisTimeout = 10 * time.Second // these tests are about limits, not about a machine that is busy
	c.SecretKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	gateways := make([]*gateway, n)
	for i := range gateways {
		own := c
		own.DataDir = t.TempDir()
		gateways[i] = start(t, own)
	}
	return gateways
}

// statuses sends calls to the gateways in turn, all at once, and counts how they were answered.
func statuses(gateways []*gateway, calls int, key, body string) map[int]int {
	var mu sync.Mutex
	var running sync.WaitGroup
	counts := map[int]int{}
	for i := range calls {
		running.Go(func() {
			status, _, _ := gateways[i%len(gateways)].do("POST", "/v1/chat/completions", key, body)
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	running.Wait()
	return counts
}

// A limit is one limit, however many gateways there are.
func TestReplicas_shareOneRateLimit(t *testing.T) {
	g := replicas(t, 3, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g[0].admin("POST", "/team/new", `{"team_id":"marketing","rpm_limit":30}`)
	key := g[1].newKey(`{"team_id":"marketing"}`)
	if got := statuses(g, 90, key, hello); got[http.StatusOK] != 30 || got[http.StatusTooManyRequests] != 60 {
		t.Errorf("answers: %v, want 30 times 200 and 60 times 429", got)
		for _, gateway := range g {
			t.Log(gateway.log)
		}
	}
}

func TestReplicas_shareOneBudgetAndOneAlert(t *testing.T) {
	upstream, receiver := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{})
	g := replicas(t, 3, settings(t, upstream))
	g[0].admin("POST", "/team/new", `{"team_id":"marketing","max_budget":20,"soft_threshold_pct":0.5,"budget_duration":"1mo"}`)
	g[1].admin("POST", "/alert_route/new", `{"name":"oncall","webhook":{"url":"`+receiver.URL()+`"}}`)
	key := g[2].newKey(`{"team_id":"marketing"}`)
	got := statuses(g, 60, key, hello)
	spend, _ := g[0].admin("GET", "/team/info?team_id=marketing", "")["spend"].(float64)
	if spend > 20 || got[http.StatusOK] < 18 || spend != float64(got[http.StatusOK]) {
		t.Errorf("answers %v, spent %v of 20", got, spend)
	}
	if bill := upstream.Billed(); bill.PromptTokens+bill.CompletionTokens != int64(100*spend) {
		t.Errorf("the upstream bills %+v, the gateways booked %v", bill, spend)
	}
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	deliveries, err := receiver.Wait(waiting, 2)
	if err != nil {
		t.Fatal("alerts did not arrive:", err)
	}
	ids := map[string]bool{}
	for _, delivery := range deliveries {
		ids[delivery.ID] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d different alerts arrived, want the soft and the hard one", len(ids))
	}
}

// A change is in force on every gateway when the call that made it is answered (T14).
func TestReplicas_changesAreInForceEverywhere(t *testing.T) {
	g := replicas(t, 2, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g[0].admin("POST", "/team/new", `{"team_id":"marketing"}`)
	key := g[0].newKey(`{"team_id":"marketing"}`)
	expect := func(what string, want int) {
		t.Helper()
		for i := range g {
			if status, _, body := g[i].do("POST", "/v1/chat/completions", key, hello); status != want {
				t.Errorf("%s, gateway %d: %d %s", what, i, status, body)
			}
		}
	}
	expect("new key", http.StatusOK)
	g[0].admin("POST", "/team/block", `{"team_id":"marketing"}`)
	expect("team blocked", http.StatusUnauthorized)
	g[1].admin("POST", "/team/unblock", `{"team_id":"marketing"}`)
	expect("team unblocked", http.StatusOK)
	g[0].admin("POST", "/team/update", `{"team_id":"marketing","rpm_limit":0}`)
	expect("no requests", http.StatusTooManyRequests)
	g[1].admin("POST", "/team/update", `{"team_id":"marketing","rpm_limit":null,"max_budget":0}`)
	expect("no money", http.StatusForbidden)
	g[0].admin("POST", "/team/update", `{"team_id":"marketing","max_budget":null}`)
	expect("free again", http.StatusOK)
	g[0].admin("POST", "/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":0}`)
	expect("empty pot", http.StatusForbidden)
	g[1].admin("POST", "/budget/delete", `{"id":"pot"}`)
	expect("no pot", http.StatusOK)
	g[1].admin("POST", "/key/delete", fmt.Sprintf(`{"keys":[%q]}`, key))
	expect("key deleted", http.StatusUnauthorized)
}

// A list of models that was read before is not answered after a change, whichever gateway is asked.
func TestReplicas_modelsAreListedAsTheyAreNow(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := replicas(t, 2, settings(t, upstream))
	g[0].admin("POST", "/team/new", `{"team_id":"marketing"}`)
	key := g[0].newKey(`{"team_id":"marketing"}`)
	listed := func(what, model string, want bool) {
		t.Helper()
		for i := range g {
			for path, entry := range map[string]string{"/v1/models": `"id":"` + model + `"`, "/v1/models/" + model: `"id":"` + model + `"`} {
				if _, _, body := g[i].do("GET", path, key, ""); strings.Contains(body, entry) != want {
					t.Errorf("%s, gateway %d answers %s with %s", what, i, path, body)
				}
			}
		}
	}
	listed("before", "new-model", false)
	g[0].admin("POST", "/model/new", newModel("m", "new-model", upstream, ""))
	listed("made at gateway 0", "new-model", true)
	g[1].admin("POST", "/model/update", `{"model_id":"m","model_name":"renamed"}`)
	listed("renamed at gateway 1", "renamed", true)
	listed("renamed at gateway 1", "new-model", false)
	g[0].admin("POST", "/team/update", `{"team_id":"marketing","models":["gpt-4.1-mini"]}`)
	listed("not of the team any more", "renamed", false)
	g[1].admin("POST", "/team/update", `{"team_id":"marketing","models":[]}`)
	listed("of the team again", "renamed", true)
	g[1].admin("POST", "/model/delete", `{"id":"m"}`)
	listed("deleted at gateway 1", "renamed", false)
}

func TestReplicas_readinessNamesTheStoreThatIsDown(t *testing.T) {
	g := replicas(t, 1, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	status, _, body := g[0].do("GET", "/health/readiness", "", "")
	if status != http.StatusOK || !strings.Contains(body, `"record":"postgres"`) || !strings.Contains(body, `"counters":"redis"`) {
		t.Errorf("%d %s", status, body)
	}
}
