//go:build agents

package agenttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const adminKey = "sk-admin-of-the-agents-tests"

// gateway is bin/bursar serve as a process of its own, in front of a fake model server.
type gateway struct {
	url   string
	model *testenv.Upstream
	// log is the file that the gateway writes its lines to.
	log string
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{model: testenv.StartUpstream(t, testenv.UpstreamOptions{}), log: filepath.Join(t.TempDir(), "log")}
	address := testenv.FreeAddress(t)
	g.url = "http://" + address
	program, err := filepath.Abs("../../bin/bursar")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "serve", "--config", "gateway.yaml")
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "BURSAR_LISTEN=" + address, "BURSAR_ADMIN_KEY=" + adminKey,
		"BURSAR_DATA_DIR=" + t.TempDir(), "AGENTS_UPSTREAM_URL=" + g.model.URL(),
	}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatalf("start the gateway, which make test-agents builds: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
		_ = log.Close()
		if t.Failed() {
			t.Logf("the gateway said:\n%s", g.said(t))
		}
	})
	g.await(t)
	return g
}

func (g *gateway) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/health/readiness", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if ctx.Err() != nil {
			t.Fatal("the gateway is not ready in time")
		}
	}
}

func (g *gateway) said(t *testing.T) []byte {
	t.Helper()
	said, err := os.ReadFile(g.log)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// answered counts the calls that were answered so, by status and reason; "" is any reason.
func (g *gateway) answered(t *testing.T, status int64, reason string) (count int) {
	t.Helper()
	for line := range bytes.Lines(g.said(t)) {
		call := gjson.ParseBytes(line)
		if call.Get("msg").String() == "request" && call.Get("status").Int() == status && (reason == "" || call.Get("reason").String() == reason) {
			count++
		}
	}
	return count
}

// team makes a team with these terms and returns its id and a key of it.
func (g *gateway) team(t *testing.T, terms string) (id, key string) {
	t.Helper()
	id = g.admin(t, http.MethodPost, "/team/new", terms).Get("team_id").String()
	return id, g.admin(t, http.MethodPost, "/key/generate", `{"team_id":"`+id+`"}`).Get("key").String()
}

func (g *gateway) admin(t *testing.T, method, path, body string) gjson.Result {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, g.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !json.Valid(data) {
		t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, data)
	}
	return gjson.ParseBytes(data)
}
