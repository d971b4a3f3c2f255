package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// sayTo is a chat completion for a model.
func sayTo(model string) string { return strings.Replace(hello, "gpt-4.1-mini", model, 1) }

// newModel is the body of a create at a fake upstream whose tokens cost a hundredth of a dollar each.
func newModel(id, name string, upstream *testenv.Upstream, more string) string {
	return fmt.Sprintf(`{"model_id":%q,"name":%q,"base_url":%q,"price":{"input_per_million_usd":10000,"output_per_million_usd":10000}%s}`,
		id, name, upstream.URL(), more)
}

func TestModels_ofFileAndRecordAreServedTogether(t *testing.T) {
	inFile, inRecord := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartUpstream(t, testenv.UpstreamOptions{APIKey: "sk-provider"})
	c := settings(t, inFile)
	c.File, c.Models[0].ID = "gateway.yaml", "gpt-4.1-mini:1"
	g := start(t, c)
	key := g.newKey(`{"models":["gpt-4.1-mini","new"]}`)
	g.admin("POST", "/model/new", newModel("second", "gpt-4.1-mini", inRecord, `,"api_key":"sk-provider"`))
	g.admin("POST", "/model/new", newModel("other", "new", inRecord, `,"api_key":"sk-provider"`))
	g.admin("POST", "/model/new", newModel("hidden", "not-for-this-key", inRecord, ""))
	for range 40 {
		if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	if a, b := len(inFile.Requests()), len(inRecord.Requests()); a+b != 40 || a < 5 || b < 5 {
		t.Errorf("the file's deployment got %d calls, the record's %d", a, b)
	}
	_, _, list := g.do("GET", "/v1/models", key, "")
	if !strings.Contains(list, `"gpt-4.1-mini"`) || !strings.Contains(list, `"new"`) || strings.Contains(list, "not-for-this-key") {
		t.Errorf("the key sees %s", list)
	}
	status, _, body := g.do("POST", "/model/delete", adminKey, `{"id":"gpt-4.1-mini:1"}`)
	if status != http.StatusConflict || !strings.Contains(body, "gateway.yaml") {
		t.Errorf("%d %s", status, body)
	}
	_, _, metrics := g.do("GET", "/metrics", adminKey, "")
	for _, want := range []string{
		`bursar_deployment_state{deployment="second",model="gpt-4.1-mini"} 0`,
		fmt.Sprintf(`bursar_deployment_requests_total{deployment="second",model="gpt-4.1-mini"} %d`, len(inRecord.Requests())),
		`bursar_deployment_failures_total{deployment="gpt-4.1-mini:1",model="gpt-4.1-mini"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// Models come back after a restart, with the credentials that only the gateway can read.
func TestModels_outliveARestart(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{APIKey: "sk-provider"})
	c := settings(t, upstream)
	first := start(t, c)
	first.admin("POST", "/model/new", newModel("m", "new", upstream, `,"api_key":"sk-provider"`))
	key := first.newKey(`{}`)
	first.stop()
	if status, _, body := start(t, c).do("POST", "/v1/chat/completions", key, sayTo("new")); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// A change of the models is in force on every gateway when the call that made it is answered.
func TestReplicas_modelsAreInForceEverywhere(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	dead := testenv.StartUpstream(t, testenv.UpstreamOptions{Default: testenv.Behaviour{Fail: 400}})
	g := replicas(t, 2, settings(t, upstream))
	key := g[0].newKey(`{}`)
	expect := func(what string, want int) {
		t.Helper()
		for i := range g {
			if status, _, body := g[i].do("POST", "/v1/chat/completions", key, sayTo("new")); status != want {
				t.Errorf("%s, gateway %d: %d %s", what, i, status, body)
			}
		}
	}
	expect("before", http.StatusNotFound)
	g[0].admin("POST", "/model/new", newModel("m", "new", upstream, ""))
	expect("added", http.StatusOK)
	g[1].admin("POST", "/model/update", fmt.Sprintf(`{"model_id":"m","base_url":%q}`, dead.URL()))
	expect("moved to another upstream", http.StatusBadRequest)
	g[0].admin("POST", "/model/update", fmt.Sprintf(`{"model_id":"m","base_url":%q}`, upstream.URL()))
	expect("moved back", http.StatusOK)
	g[1].admin("POST", "/model/update", `{"model_id":"m","enabled":false}`)
	expect("disabled", http.StatusNotFound)
	g[0].admin("POST", "/model/update", `{"model_id":"m","enabled":true}`)
	expect("enabled", http.StatusOK)
	g[1].admin("POST", "/model/delete", `{"id":"m"}`)
	expect("deleted", http.StatusNotFound)
}

// What a deployment takes is one limit over all gateways and all teams.
func TestReplicas_shareADeploymentsLimit(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.Routing.Cooldown = time.Second
	g := replicas(t, 2, c)
	g[0].admin("POST", "/model/new", newModel("m", "new", upstream, `,"rpm":20`))
	keys := make([]string, 2)
	for i := range keys {
		team := fmt.Sprintf("team-%d", i)
		g[0].admin("POST", "/team/new", fmt.Sprintf(`{"team_id":%q,"rpm_limit":1000}`, team))
		keys[i] = g[0].newKey(fmt.Sprintf(`{"team_id":%q}`, team))
	}
	var mu sync.Mutex
	var running sync.WaitGroup
	counts := map[int]int{}
	for i := range 60 {
		running.Go(func() {
			status, _, _ := g[i%2].do("POST", "/v1/chat/completions", keys[i/2%2], sayTo("new"))
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	running.Wait()
	if counts[http.StatusOK] != 20 || counts[http.StatusTooManyRequests] != 40 || len(upstream.Requests()) != 20 {
		t.Errorf("answers %v, %d reached the upstream; want 20 times 200 and 40 times 429", counts, len(upstream.Requests()))
	}
}
