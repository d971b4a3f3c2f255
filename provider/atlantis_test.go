package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Atlantis plans and comments with a viewer's key.
func TestAccExample_atlantis(t *testing.T) {
	g := startGateway(t)
	var mu sync.Mutex
	posted := map[string]string{}
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answer := "[]"
			if strings.HasSuffix(r.URL.Path, "/user") {
				answer = `{"login":"atlantis"}`
			}
			_, _ = io.WriteString(w, answer)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		posted[r.URL.Path] = string(body)
		if strings.HasSuffix(r.URL.Path, "/labels") {
			_, _ = io.WriteString(w, "[]")
			return
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(host.Close)
	c := newCLI(t, "../examples/pull-request-review", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.apply()
	c.write("teams.json", strings.Replace(c.read("teams.json"), `"max_budget": 1000`, `"max_budget": 1500`, 1))
	c.env = append(slices.Clip(c.env), "PLANFILE="+c.dir+"/default.tfplan", "BASE_REPO_OWNER=acme", "BASE_REPO_NAME=quotas", "PULL_NUM=7", `PULL_AUTHOR=ann","x":"`,
		"HEAD_COMMIT=abc123", "GITHUB_TOKEN=token", "GITHUB_API_URL="+host.URL)
	c.run(0, "plan", "-no-color", "-input=false", "-out=default.tfplan")
	if said, complaint, exit := c.script(g.keyOf("viewer"), "./atlantis.sh"); exit != 0 || !strings.Contains(said, "research") {
		t.Fatalf("exit code %d: %s%s", exit, said, complaint)
	}
	if comment := posted["/repos/acme/quotas/issues/7/comments"]; !strings.Contains(comment, "research") {
		t.Errorf("the comment is %s", comment)
	}
	if status := posted["/repos/acme/quotas/statuses/abc123"]; !strings.Contains(status, `"state":"failure"`) {
		t.Errorf("the status is %s", status)
	}
	c.destroys()
}
