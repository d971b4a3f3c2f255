package app_test

import (
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Two gateways on a Redis Cluster share one pot that teams of all its masters spend from.
func TestPromise_T1_potsAreNeverExceeded_onCluster(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	g := replicasOn(t, 2, c, testenv.StartRedisCluster(t, false).URL())
	g[0].admin("POST", "/budget/new", `{"budget_id":"pot","max_budget":20,"team_ids":["marketing","research","product","support","sales","legal"]}`)
	teams := []string{"marketing", "research", "product", "support", "sales", "legal"}
	total := map[int]int{}
	var keys []string
	for number, team := range teams {
		g[number%2].admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
		keys = append(keys, g[number%2].newKey(`{"team_id":"`+team+`"}`))
	}
	for range 2 {
		for _, key := range keys {
			for status, n := range statuses(g, 4, key, hello) {
				total[status] += n
			}
		}
	}
	bill := upstream.Billed()
	t.Logf("answers %v", total)
	// A call costs a dollar; what it may cost at most is more, so the last dollar or two cannot be reserved.
	served := total[http.StatusOK]
	if served < 18 || served > 20 || total[http.StatusForbidden] != 48-served {
		t.Errorf("answers %v, want 18 to 20 times 200 and 403 for the others", total)
	}
	if bill.PromptTokens+bill.CompletionTokens != int64(100*served) {
		t.Errorf("the upstream bills %+v, want 100 tokens for each of %d calls", bill, served)
	}
	g[0].admin("POST", "/budget/update", `{"budget_id":"pot","max_budget":30}`)
	if status, _, body := g[1].do("POST", "/v1/chat/completions", keys[0], hello); status != http.StatusOK {
		t.Errorf("after the cap was raised: %d %s", status, body)
	}
	g[1].admin("POST", "/budget/update", `{"budget_id":"pot","max_budget":10}`)
	for number, key := range keys {
		if status, _, body := g[number%2].do("POST", "/v1/chat/completions", key, hello); status != http.StatusForbidden {
			t.Errorf("after the cap was lowered, %s: %d %s", teams[number], status, body)
		}
	}
	// What another gateway had spent counts in all slots at once, and no more when it is taken back.
	g[0].admin("POST", "/budget/update", `{"budget_id":"pot","max_budget":60}`)
	g[1].admin("POST", "/budget/opening", `{"budget_id":"pot","opening_id":"litellm","spend":45}`)
	for number, key := range keys {
		if status, _, body := g[number%2].do("POST", "/v1/chat/completions", key, hello); status != http.StatusForbidden {
			t.Errorf("with a balance brought, %s: %d %s", teams[number], status, body)
		}
	}
	g[0].admin("POST", "/budget/opening", `{"budget_id":"pot","opening_id":"litellm","spend":0}`)
	if status, _, body := g[1].do("POST", "/v1/chat/completions", keys[0], hello); status != http.StatusOK {
		t.Errorf("after it was taken back: %d %s", status, body)
	}
}
