package litellm_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
)

// Whatever an id is made of, its object is here under that id or the one that the plan proposes, each under one of its own, and
// its key opens the gateway.
func TestApply_takesOddIDs(t *testing.T) {
	m := newMove(t, "testdata/one_team.sql")
	ids := []string{"with space", "with  space", "Süd", "日本", "a/b", "100%", "%20", `it's "quoted"`, `back\slash`, "${x}", "line\nbreak", strings.Repeat("x", 300), strings.Repeat("x", 301)}
	for n, id := range ids {
		if _, err := m.sql.ExecContext(t.Context(), `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, spend) VALUES ($1, $1, 1.5)`, id); err != nil {
			t.Fatal(err)
		}
		if _, err := m.sql.ExecContext(t.Context(), `INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, spend) VALUES ($1, $2, $2, 1.5)`, digestOf(secretOf(n)), id); err != nil {
			t.Fatal(err)
		}
	}
	var report bytes.Buffer
	m.plan(false).Write(&report)
	for _, id := range ids {
		if id != "a/b" && !strings.Contains(report.String(), fmt.Sprintf("team %q could be ", id)) {
			t.Errorf("no other id is proposed for %q", id)
		}
	}
	m.apply()
	teams, err := m.gateway.ListTeams(t.Context())
	if err != nil || len(teams) != len(ids)+1 {
		t.Errorf("%d of %d teams are here, %v", len(teams), len(ids)+1, err)
	}
	for n, id := range ids {
		if got := m.opens(secretOf(n)); got != http.StatusOK {
			t.Errorf("the key of %q is answered %d", id, got)
		}
	}
}

func secretOf(n int) string { return fmt.Sprintf("sk-of-a-team-with-an-odd-id-%d", n) }

// Lists that need a licence stop no import: what LiteLLM refuses to tell is named, what a release does not have is not.
func TestFromAPI_ofWhatNotEveryProxyTells(t *testing.T) {
	answers := map[string]string{
		"/team/list": `[{"team_id":"web","members_with_roles":[],"spend":0}]`, "/key/list": `{"keys":[],"total_pages":1}`, "/user/list": `{"users":[],"total_pages":1}`,
		"/budget/list": `[]`, "/model/info": `{"data":[]}`,
		"/customer/list": `[{"user_id":"customer","blocked":false,"litellm_budget_table":{"budget_id":"five","max_budget":5}},{"user_id":"free","blocked":false}]`,
		"/tag/list":      `[{"name":"nightly","litellm_budget_table":{"max_budget":5}}]`,
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/project/list":
			w.WriteHeader(http.StatusForbidden)
		case answers[r.URL.Path] == "":
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, answers[r.URL.Path])
	}))
	t.Cleanup(proxy.Close)
	estate, err := litellm.FromAPI(t.Context(), proxy.URL, "sk-master")
	if err != nil {
		t.Fatal(err)
	}
	gateway, _ := startGateway(t)
	plan, err := litellm.NewPlan(t.Context(), gateway, estate, litellm.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	var report bytes.Buffer
	plan.Write(&report)
	for _, want := range []string{"/project/list: Forbidden", "end user customer has a budget", "tag nightly has a budget"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
	for _, other := range []string{"/organization/list", "end user free"} {
		if strings.Contains(report.String(), other) {
			t.Errorf("the report tells of %s", other)
		}
	}
	if _, err := litellm.FromAPI(t.Context(), proxy.URL+"/v1", "sk-master"); err == nil || !strings.Contains(err.Error(), "without /v1") {
		t.Errorf("an address with a path: %v", err)
	}
}
