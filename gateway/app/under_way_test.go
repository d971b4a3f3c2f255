package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A gateway with its counters to itself is killed while a provider works out an answer. The next one that starts on its
// data directory has the call in the ledger, and the budget knows of it.
func TestPromise_T5_aKilledGatewayInProcessLosesNoCall(t *testing.T) {
	working, done := make(chan struct{}), make(chan struct{})
	var once sync.Once
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { close(working) })
		<-done
		fmt.Fprint(w, `{"choices":[{"message":{"role":"assistant","content":"late"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}`)
	}))
	t.Cleanup(provider.Close)
	release := sync.OnceFunc(func() { close(done) })
	t.Cleanup(release)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models[0].BaseURL = provider.URL
	g := start(t, c)
	g.admin(http.MethodPost, "/team/new", `{"team_id": "t", "max_budget": 100, "budget_duration": "30d"}`)
	key, _ := g.admin(http.MethodPost, "/key/generate", `{"team_id": "t"}`)["key"].(string)
	var calling sync.WaitGroup
	calling.Go(func() {
		g.do(http.MethodPost, "/v1/chat/completions", key, `{"model": "gpt-4.1-mini", "max_tokens": 5, "messages": [{"role": "user", "content": "hello"}]}`)
	})
	select {
	case <-working:
	case <-time.After(time.Minute):
		t.Fatal("the call does not come to the provider")
	}

	left := t.TempDir() // as a process that is gone leaves it, locked by nobody
	if err := os.CopyFS(left, os.DirFS(c.DataDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(left+"/secret.key", 0o600); err != nil {
		t.Fatal(err)
	}
	release()
	calling.Wait()
	next := c
	next.DataDir, next.DatabaseURL = left, "sqlite:"+left+"/bursar.db"
	after := start(t, next)
	rows, _ := after.admin(http.MethodGet, "/spend/logs/v2?team_id=t", "")["data"].([]any)
	if len(rows) != 1 {
		t.Fatalf("the ledger has %v", rows)
	}
	row, _ := rows[0].(map[string]any)
	spend, _ := row["spend"].(float64)
	info, _ := after.admin(http.MethodGet, "/team/info?team_id=t", "")["team_info"].(map[string]any)
	if spend <= 0 || info["spend"] != spend {
		t.Errorf("the call is booked at %v, the team has spent %v: %v", spend, info["spend"], row)
	}
}
