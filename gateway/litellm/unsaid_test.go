package litellm_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// proxyWith is a LiteLLM whose API tells of a team's key in a blocked project, with another status for some lists.
func proxyWith(t *testing.T, refused map[string]int) string {
	t.Helper()
	answers := map[string]string{
		"/team/list": `[{"team_id":"travel","organization_id":"acme","members_with_roles":[],"spend":0}]`,
		"/key/list": `{"keys":[{"token":"` + digestOf("sk-of-the-project-that-is-closed") + `","key_alias":"closed","team_id":"travel","project_id":"flights","spend":1},
			{"token":"` + digestOf("sk-of-a-team-without-a-project") + `","key_alias":"free","team_id":"travel","spend":2}],"total_pages":1}`,
		"/user/list": `{"users":[],"total_pages":1}`, "/budget/list": `[]`, "/model/info": `{"data":[]}`, "/customer/list": `[]`, "/tag/list": `[]`,
		"/organization/list": `[{"organization_id":"acme"}]`, "/project/list": `[{"project_id":"flights","models":["gpt-4.1"],"blocked":true,"spend":0}]`,
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := refused[r.URL.Path]; status != 0 {
			w.WriteHeader(status)
			return
		}
		answer := answers[r.URL.Path]
		if len(refused) > 0 {
			answer = strings.ReplaceAll(answer, `"spend":1}`, `"spend":4}`) // it goes on
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// A list that could not be read is no empty one: only a release or a licence without it may leave it out.
func TestFromAPI_stopsAtAFailure(t *testing.T) {
	for _, path := range []string{"/organization/list", "/project/list", "/customer/list", "/tag/list"} {
		for status, stops := range map[int]bool{400: true, 401: true, 402: false, 403: false, 404: false, 429: true, 500: true, 502: true, 503: true} {
			_, err := litellm.FromAPI(t.Context(), proxyWith(t, map[string]int{path: status}), "sk-master")
			if (err != nil) != stops || stops && !strings.Contains(err.Error(), fmt.Sprintf("%s: it answers %d", path, status)) {
				t.Errorf("%s answered with %d: %v", path, status, err)
			}
		}
	}
}

// A key whose project LiteLLM does not tell of any more stays as its project made it: blocked, with the project's models. What
// it has spent is brought, and the plan says so, as of a team whose organization is not told.
func TestApply_leavesKeysOfUnsaidProjects(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		m := &move{T: t}
		m.gateway, m.url = startGateway(t)
		planOf := func(refused map[string]int) *litellm.Plan {
			estate, err := litellm.FromAPI(t.Context(), proxyWith(t, refused), "sk-master")
			if err != nil {
				t.Fatal(err)
			}
			plan, err := litellm.NewPlan(t.Context(), m.gateway, estate, litellm.Options{Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return plan
		}
		if err := planOf(nil).Apply(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
		unsaid := map[string]int{"/project/list": status, "/organization/list": status}
		plan := planOf(unsaid)
		var report bytes.Buffer
		plan.Write(&report)
		important, _, _ := strings.Cut(report.String(), "different: ")
		for _, want := range []string{"key closed of project flights: blocked, models", "stays as it is here", "team travel: organization acme"} {
			if !strings.Contains(important, want) {
				t.Errorf("after %d what is important lacks %q:\n%s", status, want, report.String())
			}
		}
		if plan.Changes() {
			t.Errorf("after %d the plan would change something", status)
		}
		if err := plan.Apply(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
		if key := m.keyCalled("closed"); !key.Blocked || !slices.Equal(key.Models, []string{"gpt-4.1"}) || key.Spend != 4*money.USD {
			t.Errorf("after %d the key is %+v with %s", status, key.KeyFields, key.Spend)
		}
		if err := planOf(unsaid).Verify(&report); err == nil || !strings.Contains(report.String(), "differs: keys closed") {
			t.Errorf("after %d it is verified: %v", status, err)
		}
	}
}
