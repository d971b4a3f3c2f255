package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const planWithDrift = `{"format_version":"1.2","planned_values":{},"resource_changes":[],"resource_drift":[
 {"address":"bursar_team.a","mode":"managed","type":"bursar_team","change":{"actions":["update"],"before":{"team_id":"a","max_budget":100},"after":{"team_id":"a","max_budget":250}}}]}`

// A nightly job knows by the exit code, and its issue is opened; on a pull request the same is a comment.
func TestDrift_tellsTheJobAndTheHost(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	drifted, quiet := write("drift.json", planWithDrift), write("quiet.json", `{"format_version":"1.2","planned_values":{},"resource_changes":[]}`)
	var mu sync.Mutex
	posted := map[string]string{}
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent struct{ Body, Description, Context string }
		if r.Method != http.MethodGet {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				t.Error(err)
			}
			mu.Lock()
			posted[r.URL.Path] = sent.Context + sent.Body
			mu.Unlock()
		}
		answer := `{"login":"bot"}`
		if r.Method == http.MethodGet && !strings.HasSuffix(r.URL.Path, "/user") {
			answer = "[]"
		}
		if _, err := w.Write([]byte(answer)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(host.Close)
	for name, value := range map[string]string{
		"GITHUB_REPOSITORY": "acme/quotas", "GITHUB_TOKEN": "token", "GITHUB_API_URL": host.URL, "BURSAR_ENDPOINT": "",
		"GITHUB_EVENT_PATH": write("event.json", `{"pull_request":{"number":3,"head":{"sha":"abc"}}}`),
	} {
		t.Setenv(name, value)
	}
	for _, test := range []struct {
		arguments string
		code      int
		path, has string
	}{
		{"drift " + quiet + " --post github", 0, "", ""},
		{"drift " + drifted, 2, "", ""},
		{"drift " + drifted + " --post github", 2, "/repos/acme/quotas/issues", "<!-- bursar review drift -->\n## Changed outside of Terraform"},
		{"review --drift " + drifted + " --post github", 2, "/repos/acme/quotas/issues/3/comments", "<!-- bursar review drift -->\n## Changed outside of Terraform"},
		{"review --drift " + quiet + " --post github", 0, "/repos/acme/quotas/statuses/abc", "bursar/drift"},
		{"review --drift --replay 7d " + drifted, 1, "", ""},
		{"review --drift", 1, "", ""},
	} {
		mu.Lock()
		posted = map[string]string{}
		mu.Unlock()
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(test.arguments), &out, &errs); code != test.code {
			t.Errorf("%s: exit code %d, want %d: %s", test.arguments, code, test.code, errs.String())
		}
		mu.Lock()
		if test.path == "" && len(posted) > 0 || test.path != "" && !strings.HasPrefix(posted[test.path], test.has) {
			t.Errorf("%s: posted %v", test.arguments, posted)
		}
		mu.Unlock()
	}
}
