package provider_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	ofNcecere = "registry.terraform.io/ncecere/litellm"
	ofBerriAI = "registry.terraform.io/berriai/litellm"
)

// move moves a state of theirs, as Terraform does before it has configured the provider.
func (p *protocol) move(provider, from, to, state string) *tfprotov6.MoveResourceStateResponse {
	p.t.Helper()
	moved, err := p.server.MoveResourceState(p.ctx, &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: from, TargetTypeName: to,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)},
	})
	p.must(err, nil)
	return moved
}

// moves moves a state that can be, reads it, and compares it with the object as it is imported.
func (g *gateway) moves(provider, noun, state, id string) {
	g.t.Helper()
	typeName := "bursar_" + noun
	moved := newProtocol(g.t).move(provider, "litellm_"+noun, typeName, state)
	p := g.protocol()
	p.must(nil, moved.Diagnostics)
	read, identity := p.read(typeName, moved.TargetState, moved.TargetIdentity, moved.TargetPrivate)
	imported, want := g.protocol().importBy(typeName, id, nil) // one run that has both is warned of
	if noun == "key" {                                         // which an import cannot know
		for _, kept := range []string{"key", "duration", "key_wo_version"} {
			delete(read, kept)
			delete(imported, kept)
		}
	}
	if diff := cmp.Diff(imported, read); diff != "" {
		g.t.Errorf("%s of %s (-imported +moved):\n%s", noun, provider, diff)
	}
	if diff := cmp.Diff(want, identity); diff != "" {
		g.t.Errorf("identity of %s (-want +got):\n%s", noun, diff)
	}
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func TestAccMove_statesOfBothProviders(t *testing.T) {
	g := startGateway(t)
	ctx := t.Context()
	must[api.Team](t)(g.CreateTeam(ctx, "marketing", api.TeamFields{TeamAlias: new("Marketing"), RateLimits: api.RateLimits{RPMLimit: new(int64(30))}}))
	must[api.Budget](t)(g.CreateBudget(ctx, "pot", api.BudgetFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(5 * money.USD)}}))
	const secret = "sk-long-canary-0123456789-key"
	key := must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{Key: new(secret), KeyFields: api.KeyFields{KeyAlias: new("batch"), TeamID: new("marketing")}}))

	g.moves(ofNcecere, "team", `{"id":"marketing","team_id":"marketing","team_alias":"Marketing","organization_id":null,"metadata":{"owner":"ada"},
		"tpm_limit":null,"rpm_limit":30,"tpm_limit_type":null,"rpm_limit_type":null,"max_budget":100.5,"budget_duration":"30d","models":["gpt-4.1"],
		"model_aliases":{},"model_rpm_limit":{"gpt-4.1":3},"model_tpm_limit":{},"tags":[],"guardrails":[],"prompts":[],"blocked":false,
		"team_member_permissions":[],"team_member_budget":null,"router_settings":null,"access_group_ids":[]}`, "marketing")
	g.moves(ofNcecere, "team", `{"id":"marketing","team_alias":"Marketing"}`, "marketing") // before team_id
	g.moves(ofBerriAI, "team", `{"id":"marketing","team_alias":"Marketing","organization_id":"","metadata":null,"tpm_limit":null,"rpm_limit":null,
		"max_budget":null,"budget_duration":"","models":null,"blocked":null,"team_member_permissions":null}`, "marketing")
	g.moves(ofNcecere, "budget", `{"id":"pot","budget_id":"pot","max_budget":5,"soft_budget":4,"max_parallel_requests":null,"tpm_limit":null,
		"tpd_limit":null,"rpm_limit":1,"budget_duration":"1mo","model_max_budget":"{}"}`, "pot")
	must[api.Membership](t)(g.AddMember(ctx, "marketing", "ann", "", api.MemberFields{Role: api.MemberAdmin, RPMLimit: new(int64(3))}))
	g.moves(ofNcecere, "team_member", `{"id":"marketing:ann","team_id":"marketing","user_id":"ann","user_email":"ann@example.com","role":"internal_user","max_budget_in_team":5}`, "marketing/ann")
	must[api.User](t)(g.CreateUser(ctx, "bob@example.com", api.UserFields{
		UserEmail: new("bob@example.com"), UserRole: new("internal_user"), RateLimits: api.RateLimits{RPMLimit: new(int64(5))},
		BudgetTerms: api.BudgetTerms{MaxBudget: new(9 * money.USD), BudgetDuration: new("30d"), HardCap: true},
	}))
	g.moves(ofNcecere, "user", `{"id":"bob@example.com","user_id":"bob@example.com","user_alias":null,"user_email":"bob@example.com","user_role":"internal_user",
		"teams":[],"models":[],"max_budget":10.5,"budget_duration":"30d","tpm_limit":null,"rpm_limit":6,"auto_create_key":false,"metadata":{"a":"b"},"spend":1.5,"key":null}`, "bob@example.com")
	g.moves(ofNcecere, "user", `{"id":"bob@example.com","user_email":"bob@example.com","role":"proxy_admin","metadata":"{\"department\":\"x\"}",
		"budget_duration":"","auto_create_keys":true}`, "bob@example.com") // older ones
	g.moves(ofBerriAI, "user", `{"id":"bob@example.com","user_id":"bob@example.com","user_email":"","user_alias":"","models":null,"max_budget":null}`, "bob@example.com")
	model := api.NewModel("").ModelFields
	model.Name, model.APIKey, model.RPM = "gpt-4.1", new("sk-provider"), new(int64(60))
	must[api.Model](t)(g.CreateModel(ctx, "m-1", model))
	g.moves(ofNcecere, "model", `{"id":"m-1","model_name":"gpt-4.1","custom_llm_provider":"openai","base_model":"gpt-4.1","model_api_key":"sk-canary","tpm":null,"rpm":60}`, "m-1")
	g.moves(ofNcecere, "key", `{"id":"sha256:`+digest(secret)+`","key":"`+secret+`","key_alias":"batch","team_id":"marketing","models":["all-team-models"],
		"max_budget":1.5,"soft_budget":null,"metadata":{},"aliases":{},"config":{},"permissions":{},"model_max_budget":{},"model_rpm_limit":{},
		"service_account_id":null,"duration":"90d","router_settings":null,"tags":[],"blocked":false}`, key.KeyID)
	g.moves(ofNcecere, "key", `{"id":"sha256:`+digest(secret)+`","key":null,"key_wo":null,"key_wo_version":"1","key_alias":"batch"}`, key.KeyID)
	g.moves(ofNcecere, "key", `{"id":"`+secret+`","key":"`+secret+`"}`, key.KeyID) // before ids were digests
	g.moves(ofBerriAI, "key", `{"id":"`+key.KeyID+`","key":null,"token_id":"`+key.KeyID+`","key_alias":"batch","duration":"","team_id":"marketing","budget_id":"","spend":null}`, key.KeyID)
	g.moves(ofBerriAI, "key", `{"id":"`+digest(secret)+`","key":null,"token_id":"`+digest(secret)+`","metadata":null}`, key.KeyID)
}

func TestMove_keepsWhatTheGatewayDoesNotTell(t *testing.T) {
	p := newProtocol(t)
	moved := p.move(ofNcecere, "litellm_key", "bursar_key",
		`{"id":"sk-long-canary-0123456789-key","duration":"90d","key_wo_version":"3","max_budget":0.1,"models":["gpt"],"blocked":true,"rpm_limit":0}`)
	p.must(nil, moved.Diagnostics)
	state := p.resource("bursar_key", moved.TargetState)
	for attribute, want := range (object{
		"key": "sk-long-canary-0123456789-key", "duration": "90d", "key_wo_version": "3", "max_budget": "0.1", "rpm_limit": "0",
		"models": "[gpt]", "blocked": "true", "hard_cap": "true", "store_key_in_state": "true", "team_id": "<nil>",
		"key_id": digest("sk-long-canary-0123456789-key"),
	}) {
		if got := fmt.Sprint(state[attribute]); got != want {
			t.Errorf("%s is %s, want %s", attribute, got, want)
		}
	}
	if moved.TargetIdentity != nil && moved.TargetIdentity.IdentityData != nil {
		t.Error("a digest is the key's identity")
	}
	moved = p.move(ofBerriAI, "litellm_team", "bursar_team", `{"id":"a","team_alias":"","budget_duration":""}`)
	p.must(nil, moved.Diagnostics)
	if team := p.resource("bursar_team", moved.TargetState); team["team_alias"] != nil || team["budget_duration"] != nil {
		t.Errorf("an empty text is something: %v", team)
	}
}

func TestMove_refusesWhatItDoesNotKnow(t *testing.T) {
	p := newProtocol(t)
	for _, test := range []struct{ provider, from, to, state, want string }{
		{ofNcecere, "litellm_team", "bursar_key", `{"id":"a"}`, "does not include support"},
		{"registry.terraform.io/other/other", "litellm_team", "bursar_team", `{"id":"a"}`, "does not include support"},
		{ofNcecere, "litellm_team", "bursar_team", `{"team_alias":"x"}`, "it has no id"},
		{ofNcecere, "litellm_budget", "bursar_budget", `{}`, "it has no id"},
		{ofNcecere, "litellm_key", "bursar_key", `{}`, "it has no id"},
		{ofNcecere, "litellm_team_member", "bursar_team_member", `{"team_id":"t"}`, "it has no id"},
		{ofNcecere, "litellm_user", "bursar_user", `{"user_email":"a@example.com"}`, "it has no id"},
		{ofNcecere, "litellm_model", "bursar_model", `{"model_name":"a"}`, "it has no id"},
		{ofNcecere, "litellm_key", "bursar_key", `{"id":"a","key":{"canary":1}}`, "it is not as the versions"},
	} {
		moved := p.move(test.provider, test.from, test.to, test.state)
		if got := said(moved.Diagnostics); !strings.Contains(got, test.want) || strings.Contains(got, "canary") || moved.TargetState != nil {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// liteLLM is a provider with resources of the shape of theirs, that keeps what it is told.
type liteLLM struct{}

func (liteLLM) Metadata(_ context.Context, _ fwprovider.MetadataRequest, resp *fwprovider.MetadataResponse) {
	resp.TypeName = "litellm"
}

func (liteLLM) Schema(context.Context, fwprovider.SchemaRequest, *fwprovider.SchemaResponse) {}

func (liteLLM) Configure(context.Context, fwprovider.ConfigureRequest, *fwprovider.ConfigureResponse) {
}

func (liteLLM) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (liteLLM) Resources(context.Context) []func() fwresource.Resource {
	text, number := schema.StringAttribute{Optional: true}, schema.Float64Attribute{Optional: true}
	return []func() fwresource.Resource{
		func() fwresource.Resource {
			return liteLLMResource{"litellm_team", map[string]schema.Attribute{
				"id": text, "team_id": text, "team_alias": text, "rpm_limit": number, "max_budget": number, "organization_id": text,
				"metadata": schema.MapAttribute{Optional: true, ElementType: types.StringType},
			}}
		},
		func() fwresource.Resource {
			return liteLLMResource{"litellm_key", map[string]schema.Attribute{"id": text, "key": text, "key_alias": text, "team_id": text}}
		},
		func() fwresource.Resource {
			return liteLLMResource{"litellm_budget", map[string]schema.Attribute{"id": text, "budget_id": text, "max_budget": number}}
		},
	}
}

type liteLLMResource struct {
	name       string
	attributes map[string]schema.Attribute
}

func (r liteLLMResource) Metadata(_ context.Context, _ fwresource.MetadataRequest, resp *fwresource.MetadataResponse) {
	resp.TypeName = r.name
}

func (r liteLLMResource) Schema(_ context.Context, _ fwresource.SchemaRequest, resp *fwresource.SchemaResponse) {
	resp.Schema.Attributes = r.attributes
}

func (r liteLLMResource) Create(_ context.Context, req fwresource.CreateRequest, resp *fwresource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r liteLLMResource) Read(context.Context, fwresource.ReadRequest, *fwresource.ReadResponse) {}

func (r liteLLMResource) Update(_ context.Context, req fwresource.UpdateRequest, resp *fwresource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r liteLLMResource) Delete(context.Context, fwresource.DeleteRequest, *fwresource.DeleteResponse) {
}

func TestAccMove_aMovedBlockKeepsTheObjects(t *testing.T) {
	g := startGateway(t)
	ctx := t.Context()
	const secret = "sk-long-0123456789-moved-key"
	must[api.Team](t)(g.CreateTeam(ctx, "marketing", api.TeamFields{
		TeamAlias: new("Marketing"), RateLimits: api.RateLimits{RPMLimit: new(int64(30))}, BudgetTerms: api.BudgetTerms{MaxBudget: new(100 * money.USD), HardCap: true},
	}))
	must[api.Budget](t)(g.CreateBudget(ctx, "pot", api.BudgetFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(5 * money.USD), HardCap: true}}))
	key := must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{
		Key: new(secret), KeyFields: api.KeyFields{KeyAlias: new("batch"), TeamID: new("marketing"), BudgetTerms: api.BudgetTerms{HardCap: true}},
	}))
	theirs := `
resource "litellm_team" "t" {
  id         = "marketing"
  team_id    = "marketing"
  team_alias = "Marketing"
  rpm_limit  = 30
  max_budget = 100
}

resource "litellm_budget" "b" {
  id         = "pot"
  max_budget = 5
}

resource "litellm_key" "k" {
  id        = "sha256:` + digest(secret) + `"
  key       = "` + secret + `"
  key_alias = "batch"
  team_id   = litellm_team.t.id
}
`
	ours := `
moved {
  from = litellm_team.t
  to   = bursar_team.t
}

moved {
  from = litellm_budget.b
  to   = bursar_budget.b
}

moved {
  from = litellm_key.k
  to   = bursar_key.k
}

resource "bursar_team" "t" {
  team_id    = "marketing"
  team_alias = "Marketing"
  rpm_limit  = 30
  max_budget = 100
}

resource "bursar_budget" "b" {
  budget_id  = "pot"
  max_budget = 5
}

resource "bursar_key" "k" {
  key_alias = "batch"
  team_id   = bursar_team.t.team_id
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"bursar": providers["bursar"], "litellm": providerserver.NewProtocol6WithError(liteLLM{}),
		},
		Steps: []resource.TestStep{
			{Config: theirs},
			{Config: g.config(ours), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				importChecker(0), // no change but the move
			}}, ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("bursar_key.k", tfjsonpath.New("key_id"), knownvalue.StringExact(key.KeyID)),
				statecheck.ExpectKnownValue("bursar_key.k", tfjsonpath.New("key"), knownvalue.StringExact(secret)),
			}},
			{
				Config:           g.config(replace(ours, "rpm_limit  = 30", "rpm_limit  = 20")),
				ConfigPlanChecks: onlyChanges("bursar_team.t", changes{"rpm_limit": "30 -> 20"}),
			},
		},
	})
}

// A limit that has no counterpart is warned of by name with what takes its place, and never by its value.
func TestMove_warnsOfLimitsThatAreLeftBehind(t *testing.T) {
	p := newProtocol(t)
	for attribute, test := range map[string]struct{ value, want string }{
		"model_max_budget":         {`{"canary":5}`, "bursar_budget with key_ids or team_ids, and models"},
		"budget_limits":            {`[{"budget_duration":"1d","max_budget":1,"x":"canary"}]`, "for each window"},
		"budget_fallbacks":         {`{"canary":["b"]}`, "calls no other model"},
		"aliases":                  {`{"fast":"canary"}`, "in bursar_model"},
		"model_aliases":            {`{"fast":"canary"}`, "in bursar_model"},
		"tags":                     {`["canary"]`, "in metadata"},
		"tpd_limit":                {`1000`, `budget_duration = "1d"`},
		"rpd_limit":                {`1000`, `budget_duration = "1d"`},
		"team_member_key_duration": {`"7d"`, "its duration"},
		"permissions":              {`{"canary":true}`, "calls models"},
		"object_permission":        {`{"vector_stores":["canary"]}`, "in models"},
		"enforced_params":          {`["canary"]`, "no parameter"},
		"allowed_routes":           {`["/canary"]`, "all routes of models"},
		"allowed_model_region":     {`"canary"`, "in models"},
	} {
		for noun, id := range map[string]string{"key": "key_1", "team": "a", "budget": "b", "user": "u"} {
			moved := p.move(ofNcecere, "litellm_"+noun, "bursar_"+noun, fmt.Sprintf(`{"id":%q,"max_budget":50,%q:%s}`, id, attribute, test.value))
			got := said(moved.Diagnostics)
			if len(moved.Diagnostics) != 1 || moved.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityWarning || moved.TargetState == nil ||
				!strings.Contains(got, attribute) || !strings.Contains(got, "litellm_"+noun) || !strings.Contains(got, test.want) || strings.Contains(got, "canary") {
				t.Errorf("%s of a %s: %q", attribute, noun, got)
			}
		}
		for _, nothing := range []string{"null", "{}", "[]", `""`, `"{}"`, "{ }"} {
			if moved := p.move(ofNcecere, "litellm_key", "bursar_key", fmt.Sprintf(`{"id":"key_1",%q:%s}`, attribute, nothing)); len(moved.Diagnostics) != 0 {
				t.Errorf("%s is %s: %q", attribute, nothing, said(moved.Diagnostics))
			}
		}
	}
}

// A user has fewer limits here than a key or a team, and each that is lost is told with where it goes instead.
func TestMove_warnsOfWhatAUserHasNot(t *testing.T) {
	p := newProtocol(t)
	for attribute, test := range map[string]struct{ value, want string }{
		"models":          {`["canary"]`, "in models of the user's keys"},
		"model_rpm_limit": {`{"canary":5}`, "on the user's keys"},
		"model_tpm_limit": {`{"canary":5}`, "on the user's keys"},
		"blocked":         {`true`, "block the user's keys"},
	} {
		moved := p.move(ofNcecere, "litellm_user", "bursar_user", fmt.Sprintf(`{"id":"u","max_budget":50,%q:%s}`, attribute, test.value))
		if got := said(moved.Diagnostics); len(moved.Diagnostics) != 1 || !strings.Contains(got, attribute) || !strings.Contains(got, test.want) || strings.Contains(got, "canary") {
			t.Errorf("%s: %q", attribute, got)
		}
		team := p.move(ofNcecere, "litellm_team", "bursar_team", fmt.Sprintf(`{"id":"t",%q:%s}`, attribute, test.value))
		if len(team.Diagnostics) != 0 {
			t.Errorf("%s of a team, which has it: %q", attribute, said(team.Diagnostics))
		}
	}
}
