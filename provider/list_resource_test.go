package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// query is what terraform query asks the provider.
type query struct {
	of       string
	teamID   string
	limit    int64
	resource bool
}

// found are the results, or what the provider said against listing.
func (p *protocol) list(q query) (found []tfprotov6.ListResourceResult, refused string) {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ListResourceServer)
	if !ok {
		p.t.Fatal("the provider has no list resources")
	}
	config := object{}
	if q.teamID != "" {
		config["team_id"] = q.teamID
	}
	valid, err := server.ValidateListResourceConfig(p.ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: q.of, Config: p.dynamic(config)})
	p.must(err, valid.Diagnostics)
	stream, err := server.ListResource(p.ctx, &tfprotov6.ListResourceRequest{
		TypeName: q.of, Config: p.dynamic(config), IncludeResource: q.resource, Limit: q.limit,
	})
	p.must(err, nil)
	for result := range stream.Results {
		if len(result.Diagnostics) > 0 {
			return nil, said(result.Diagnostics)
		}
		found = append(found, result)
	}
	return found, ""
}

// names lists the names that are shown and the identities.
func (p *protocol) names(q query) []string {
	p.t.Helper()
	found, refused := p.list(q)
	if refused != "" {
		p.t.Fatal(refused)
	}
	names := []string{}
	for _, one := range found {
		names = append(names, fmt.Sprint(one.DisplayName, " ", p.identity(q.of, one.Identity)))
	}
	return names
}

func (g *gateway) fill() {
	g.t.Helper()
	ctx := g.t.Context()
	must[api.Team](g.t)(g.CreateTeam(ctx, "marketing", api.TeamFields{TeamAlias: new("Marketing"), BudgetTerms: api.BudgetTerms{MaxBudget: new(5 * money.USD)}}))
	must[api.Team](g.t)(g.CreateTeam(ctx, "sales", api.TeamFields{}))
	must[api.Membership](g.t)(g.AddMember(ctx, "marketing", "ada", "", api.MemberFields{Role: "admin", RPMLimit: new(int64(7))}))
	must[api.Membership](g.t)(g.AddMember(ctx, "sales", "bob", "", api.MemberFields{Role: "user"}))
	must[api.Budget](g.t)(g.CreateBudget(ctx, "pot", api.BudgetFields{TeamIDs: []string{"sales"}}))
	must[api.AlertRoute](g.t)(g.CreateAlertRoute(ctx, "oncall", api.AlertRouteFields{Name: "On call", AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: "https://hooks.example.com", Secret: new("canary-secret-of-24-bytes-1")}}}))
	must[api.Model](g.t)(g.CreateModel(ctx, "gpt-1", api.ModelFields{Name: "gpt", Upstream: "openai", APIKey: new("sk-canary"), Enabled: true}))
	must[api.AdminKeyCreated](g.t)(g.CreateAdminKey(ctx, client.AdminKeyCreate{AdminKeyFields: api.AdminKeyFields{AdminKeyAlias: new("deploy"), Role: "viewer"}}))
}

func TestAccList_everyResource(t *testing.T) {
	g := startGateway(t)
	g.fill()
	key := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("batch"), TeamID: new("sales")}}))
	p := g.protocol()
	for of, want := range map[string][]string{
		"bursar_team":        {"Marketing map[team_id:marketing]", "sales map[team_id:sales]"},
		"bursar_team_member": {"ada in marketing map[team_id:marketing user_id:ada]", "bob in sales map[team_id:sales user_id:bob]"},
		"bursar_user":        {"ada map[user_id:ada]", "bob map[user_id:bob]"},
		"bursar_key":         {"batch map[key_id:" + key.KeyID + "]"},
		"bursar_budget":      {"pot map[budget_id:pot]"},
		"bursar_alert_route": {"On call map[alert_route_id:oncall]"},
		"bursar_model":       {"gpt map[model_id:gpt-1]"},
		"bursar_admin_key":   {"deploy map[admin_key_id:" + g.onlyAdminKey().AdminKeyID + "]"},
	} {
		if diff := cmp.Diff(want, p.names(query{of: of})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", of, diff)
		}
	}
	for resource := range p.schemas.ResourceSchemas {
		if p.schemas.ListResourceSchemas[resource] == nil {
			t.Errorf("%s cannot be listed", resource)
		}
	}
}

func TestAccList_ofOneTeam(t *testing.T) {
	g := startGateway(t)
	g.fill()
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("batch"), TeamID: new("sales")}}))
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("ours"), TeamID: new("marketing")}}))
	p := g.protocol()
	for of, want := range map[string]string{"bursar_team_member": "ada", "bursar_key": "ours"} {
		if names := p.names(query{of: of, teamID: "marketing"}); len(names) != 1 || !strings.HasPrefix(names[0], want) {
			t.Errorf("%s: %q", of, names)
		}
		if _, refused := p.list(query{of: of, teamID: "none"}); !strings.Contains(refused, `"none"`) {
			t.Errorf("%s of a team that is not there: %q", of, refused)
		}
	}
}

// Terraform writes configuration from what is listed, so it must be as an import reads it.
func TestAccList_resourcesAreAsImported(t *testing.T) {
	g := startGateway(t)
	g.fill()
	p := g.protocol()
	for resource := range p.schemas.ResourceSchemas {
		found, refused := p.list(query{of: resource, resource: true})
		if resource == "bursar_key" {
			must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("batch")}}))
			found, refused = p.list(query{of: resource, resource: true})
		}
		if refused != "" || len(found) == 0 {
			t.Fatal(resource, refused)
		}
		listed := p.resource(resource, found[0].Resource)
		imported, _ := p.importBy(resource, "", p.identity(resource, found[0].Identity))
		if diff := cmp.Diff(imported, listed); diff != "" {
			t.Errorf("%s (-imported +listed):\n%s", resource, diff)
		}
		if text := fmt.Sprint(listed); strings.Contains(text, "canary") {
			t.Errorf("%s shows a secret: %s", resource, text)
		}
	}
}

func TestAccList_manyPagesAndALimit(t *testing.T) {
	g := startGateway(t)
	want := []string{}
	for i := range 501 { // a page of the client has 500
		id := fmt.Sprintf("team-%03d", i)
		must[api.Team](t)(g.CreateTeam(t.Context(), id, api.TeamFields{}))
		want = append(want, fmt.Sprintf("%s map[team_id:%s]", id, id))
	}
	p := g.protocol()
	if got := p.names(query{of: "bursar_team"}); !slices.Equal(got, want) {
		t.Errorf("%d of %d teams are listed", len(got), len(want))
	}
	if got := p.names(query{of: "bursar_team", limit: 3}); !slices.Equal(got, want[:3]) {
		t.Errorf("with a limit: %q", got)
	}
}

func TestAccList_leavesOutWhatAFileDeclares(t *testing.T) {
	g := startGateway(t)
	g.fill()
	// As the gateway answers for a team of its configuration file.
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		_, _ = w.Write(bytes.ReplaceAll(answer.Body.Bytes(), []byte(`"team_id":"marketing",`), []byte(`"team_id":"marketing","declared_in":"gateway.yaml",`)))
	})
	if names := g.protocol().names(query{of: "bursar_team"}); len(names) != 1 || !strings.HasPrefix(names[0], "sales") {
		t.Errorf("%q", names)
	}
}
