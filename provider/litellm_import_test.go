package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// litellmAnswers are what a small LiteLLM proxy says to its master key.
var litellmAnswers = map[string]string{
	"/team/list": `[{"team_id":"marketing","team_alias":"Marketing","organization_id":"acme","members_with_roles":[{"user_id":"ann","role":"admin"}],
		"max_budget":100,"budget_duration":"30d","budget_reset_at":"2099-01-01T00:00:00Z","rpm_limit":100,"spend":21.25,"models":["gpt-4.1"],
		"metadata":{"cost_center":7,"model_tpm_limit":{"gpt-4.1":5000}},"team_member_permissions":["/key/info"],
		"team_memberships":[{"user_id":"ann","team_id":"marketing","spend":0.5,"budget_id":"member"}],"keys":[]}]`,
	"/key/list": `{"keys":[
		{"token":"` + strings.Repeat("0a", 32) + `","key_name":"sk-...abcd","key_alias":"app","team_id":"marketing","spend":20,"max_budget":50,"budget_duration":"30d",
			"budget_reset_at":"2099-01-01T00:00:00Z","expires":"2098-12-31T12:00:00.123Z","metadata":{"owner":"web"},"model_max_budget":{"gpt-4.1":{"max_budget":15,"budget_duration":"30d"}}},
		{"token":"` + strings.Repeat("0b", 32) + `","user_id":"ann","budget_id":"shared","blocked":true,"spend":0}],"total_pages":1}`,
	"/user/list":         `{"users":[{"user_id":"ann","user_email":"ann@example.com","max_budget":40,"spend":2}],"total_pages":1}`,
	"/budget/list":       `[{"budget_id":"shared","max_budget":50,"soft_budget":40,"budget_duration":"7d"},{"budget_id":"member","max_budget":5,"rpm_limit":7},{"budget_id":"acme","max_budget":500}]`,
	"/organization/list": `[{"organization_id":"acme","budget_id":"acme","spend":33.5,"models":[]}]`,
	"/model/info":        `{"data":[{"model_name":"gpt-4.1","litellm_params":{"model":"openai/gpt-4.1","rpm":60},"model_info":{"id":"m-1","db_model":true,"access_groups":["fast"]}}]}`,
}

// What moved in from LiteLLM is put under Terraform by its export, with an empty plan.
func TestAccExport_ofWhatMovedInPlansEmpty(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if litellmAnswers[r.URL.Path] == "" {
			w.WriteHeader(http.StatusNotFound) // a release without it
		}
		_, _ = io.WriteString(w, litellmAnswers[r.URL.Path])
	}))
	t.Cleanup(proxy.Close)
	estate := must[litellm.Estate](t)(litellm.FromAPI(t.Context(), proxy.URL, "sk-master"))
	g := startGateway(t)
	gateway := must[*client.Client](t)(client.New(client.Options{Endpoint: g.URL, AdminKey: adminKey, Actor: litellm.ActorOf("")}))
	plan := func() *litellm.Plan {
		return must[*litellm.Plan](t)(litellm.NewPlan(t.Context(), gateway, estate, litellm.Options{Now: time.Now()}))
	}
	if err := plan().Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	c := newCLI(t, "", g.settings()...)
	text := g.exportInto(c, export.Options{Endpoint: g.URL})
	said := c.apply()
	// A model, the budget that a key names, a team, a user, a member, two keys, and the pots of a model and of an organization.
	if want := fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", 9); !strings.Contains(said, want) {
		t.Errorf("want %s, got %v of\n%s", want, changesIn(said), text)
	}
	c.plansNothing()
	if again := plan(); again.Changes() {
		var report strings.Builder
		again.Write(&report)
		t.Errorf("under Terraform a further import would change something:\n%s", report.String())
	}
}
