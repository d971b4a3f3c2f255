package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Atlantis plans and comments with a viewer's key, and applies exactly what it planned, with the pull request in the audit log.
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
	const pull = "https://github.com/acme/quotas/pull/7"
	c.env = append(slices.Clip(c.env), "PLANFILE="+c.dir+"/default.tfplan", "BASE_REPO_OWNER=acme", "BASE_REPO_NAME=quotas", "PULL_NUM=7", `PULL_AUTHOR=ann","x":"`,
		"PULL_URL="+pull, "HEAD_COMMIT=abc123", "GITHUB_TOKEN=token", "GITHUB_API_URL="+host.URL, "BURSAR_APPROVER_KEY="+g.keyOf("approver"), "BURSAR_APPLY_KEY="+adminKey)
	c.run(0, "plan", "-no-color", "-input=false", "-out=default.tfplan")
	viewer := g.keyOf("viewer")
	if said, complaint, exit := c.script(viewer, "./atlantis.sh", "review"); exit != 0 || !strings.Contains(said, "research") {
		t.Fatalf("exit code %d: %s%s", exit, said, complaint)
	}
	if comment := posted["/repos/acme/quotas/issues/7/comments"]; !strings.Contains(comment, "research") {
		t.Errorf("the comment is %s", comment)
	}
	if status := posted["/repos/acme/quotas/statuses/abc123"]; !strings.Contains(status, `"state":"failure"`) {
		t.Errorf("the status is %s", status)
	}
	if said, complaint, exit := c.script(viewer, "./atlantis.sh", "apply"); exit != 0 {
		t.Fatalf("exit code %d: %s%s", exit, said, complaint)
	}
	if team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "research")); *team.MaxBudget != 1500*money.USD {
		t.Errorf("research may spend %s", team.MaxBudget)
	}
	last, _, err := g.LastChange(t.Context(), "research")
	if err != nil || !strings.Contains(last.Reason, pull) || !strings.Contains(last.Reason, "approved review review_") {
		t.Errorf("the audit log says %q, %v", last.Reason, err)
	}
	if _, complaint, exit := c.script(viewer, "./atlantis.sh"); exit != 64 || !strings.Contains(complaint, "atlantis.sh review") {
		t.Errorf("without a step: exit code %d, %s", exit, complaint)
	}
	c.destroys()
}
