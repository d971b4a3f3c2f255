package litellm_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// keyCalled is the key with an alias.
func (m *move) keyCalled(alias string) api.Key {
	m.Helper()
	keys, err := m.gateway.ListKeys(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	for _, key := range keys {
		if key.KeyAlias != nil && *key.KeyAlias == alias {
			return key
		}
	}
	m.Fatalf("no key is called %s", alias)
	return api.Key{}
}

// A project caps its keys together, each key calls what it and its project may, and a key that comes later counts with them.
func TestProjects(t *testing.T) {
	m := newMove(t, "testdata/projects.sql")
	m.apply()
	search, booking, odd := m.keyCalled("search"), m.keyCalled("booking"), m.keyCalled("odd")
	pot := m.pot("project:flights")
	if pot.Spend != 12_500_000_000 || *pot.MaxBudget != 100*money.USD || *pot.SoftBudget != 80*money.USD || len(pot.KeyIDs) != 3 || !slices.Contains(pot.KeyIDs, booking.KeyID) {
		t.Errorf("the project is %+v", pot)
	}
	if pot := m.pot("litellm:project:flights:model:gpt-4.1"); pot.Spend != 5_500_000_000 || *pot.MaxBudget != 20*money.USD || len(pot.KeyIDs) != 3 {
		t.Errorf("the project's cap of a model is %+v", pot)
	}
	for alias, models := range map[string][2]api.StringList{
		"search": {search.Models, {"gpt-4.1", "claude"}}, "booking": {booking.Models, {"gpt-4.1"}}, "odd": {odd.Models, {"o3"}},
	} {
		if !slices.Equal(models[0], models[1]) {
			t.Errorf("%s may call %v, want %v", alias, models[0], models[1])
		}
	}
	if got := m.opens("sk-of-the-project-that-is-closed"); got != 401 {
		t.Errorf("a key of a blocked project is answered %d", got)
	}
	var report bytes.Buffer
	m.plan(true).Write(&report)
	for _, want := range []string{
		"project flights (Flight search): rate limits", "project flights (Flight search): model_rpm_limit", "key odd: models", "key booking: models", "key stray: project gone",
		`project "Hôtel 1" is H-tel-1-`, "project empty", "key closed",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(report.String())
	}
	m.exec(`INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, project_id) VALUES (encode(sha256('sk-of-flights-that-came-later'), 'hex'), 'later', 'travel', 'flights');
		DELETE FROM "LiteLLM_VerificationToken" WHERE key_alias = 'odd'`)
	m.apply()
	if pot := m.pot("project:flights"); len(pot.KeyIDs) != 3 || !slices.Contains(pot.KeyIDs, m.keyCalled("later").KeyID) || slices.Contains(pot.KeyIDs, odd.KeyID) {
		t.Errorf("later the project is %+v", pot)
	}
}

// The bounds of teams, users and members are told as those of keys are, and so are the models that a budget allows.
func TestPlan_tellsOfBoundsOfEverybody(t *testing.T) {
	m := newMove(t, "testdata/lost.sql")
	m.exec(`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{group-1}', policies = '{strict}', object_permission_id = 'permits', budget_fallbacks = '{"gpt-4.1": ["o3"]}',
			metadata = '{"team_member_budget_id": "five"}', members_with_roles = '[{"role":"user","user_id":"ann"}]' WHERE team_id = 'web';
		UPDATE "LiteLLM_TeamTable" SET members_with_roles = '[{"role":"user","user_id":"ann"},{"role":"user","user_id":"bob"}]', organization_id = 'acme' WHERE team_id = 'odd';
		UPDATE "LiteLLM_UserTable" SET policies = '{strict}', object_permission_id = 'permits';
		INSERT INTO "LiteLLM_UserTable" (user_id) VALUES ('bob');
		INSERT INTO "LiteLLM_TeamMembership" (user_id, team_id, budget_id) VALUES ('ann', 'odd', 'five'), ('bob', 'odd', 'gone');
		INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id) VALUES ('acme', 'ACME', 'five');
		UPDATE "LiteLLM_VerificationToken" SET budget_id = 'five', policies = '{strict}', budget_fallbacks = '{"gpt-4.1": ["o3"]}', organization_id = 'acme'`)
	var report bytes.Buffer
	m.plan(true).Write(&report)
	heavy, light, _ := strings.Cut(report.String(), "different: ")
	for _, want := range []string{
		"team web: access_group_ids", "team web: members: allowed_models of budget five", "member ann of team odd: allowed_models of budget five", "member bob of team odd: budget_id",
		"organization acme: allowed_models of budget five", "key app: allowed_models of budget five", "key app: organization acme",
	} {
		if !strings.Contains(heavy, want+"\n") {
			t.Errorf("what is important lacks %q", want)
		}
	}
	for _, want := range []string{
		"team web: policies", "team web: object_permission_id", "team web: budget_fallbacks", "user ann: policies", "user ann: object_permission_id", "key app: policies", "key app: budget_fallbacks",
	} {
		if !strings.Contains(light, want+"\n") {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(report.String())
	}
}

// What limits somebody at LiteLLM and nobody here is told, with what to do, the heaviest first.
func TestPlan_tellsOfLimitsThatAreLost(t *testing.T) {
	m := newMove(t, "testdata/lost.sql")
	m.apply()
	var report bytes.Buffer
	m.plan(true).Write(&report)
	heavy, _, _ := strings.Cut(report.String(), "different: ")
	for _, want := range []string{
		"end user customer has a budget", "end user banned is blocked", "tag nightly has a budget", "member ann of organization acme has a budget",
		"key app: its secret from before the rotation, until ", "tokens with sub robot as key app", "key app: allowed_routes", "key app: access_group_ids", `team odd: budget_duration "1 month"`,
	} {
		if !strings.Contains(heavy, want) {
			t.Errorf("what is important lacks %q", want)
		}
	}
	for _, want := range []string{"key app: auto_rotate", "key app: object_permission_id"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, other := range []string{"end user free", "tag plain", "member bob", "gone"} {
		if strings.Contains(report.String(), other) {
			t.Errorf("the report tells of %q, which limits nobody", other)
		}
	}
	if t.Failed() {
		t.Log(report.String())
	}
	if web := m.team("web"); *web.MaxBudget != 0 || *web.BudgetDuration != "24h" {
		t.Errorf("a budget of nothing is %+v", web.BudgetTerms)
	}
	if app := m.keyCalled("app"); *app.MaxParallelRequests != 3 || string(app.Metadata["service_account_id"]) != `"robot"` {
		t.Errorf("the service account's key is %+v", app)
	}
	model, err := m.gateway.GetModel(t.Context(), "m-1")
	if err != nil || model.Enabled {
		t.Errorf("the blocked model is %+v, %v", model, err)
	}
}
