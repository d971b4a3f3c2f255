package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// estate is a gateway that has what the test says.
type estate struct {
	teams   []api.Team
	users   []api.User
	members []api.Membership
	keys    []api.Key
	budgets []api.Budget
	routes  []api.AlertRoute
	models  []api.Model
	admins  []api.AdminKey
	err     error
	// hides is what is said of admin keys.
	hides error
}

func (e estate) ListTeams(context.Context) ([]api.Team, error)             { return e.teams, nil }
func (e estate) ListUsers(context.Context) ([]api.User, error)             { return e.users, nil }
func (e estate) ListMembers(context.Context) ([]api.Membership, error)     { return e.members, nil }
func (e estate) ListKeys(context.Context) ([]api.Key, error)               { return e.keys, nil }
func (e estate) ListBudgets(context.Context) ([]api.Budget, error)         { return e.budgets, nil }
func (e estate) ListAlertRoutes(context.Context) ([]api.AlertRoute, error) { return e.routes, nil }
func (e estate) ListModels(context.Context) ([]api.Model, error)           { return e.models, e.err }

func (e estate) ListAdminKeys(context.Context) ([]api.AdminKey, error) { return e.admins, e.hides }

func (e estate) files(t *testing.T) map[string]string {
	t.Helper()
	files, err := export.Configuration(t.Context(), e, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		texts[file.Name] = file.Text
	}
	return texts
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); diff != "" {
		t.Error(diff)
	}
}

func TestConfiguration_namesOthersByReference(t *testing.T) {
	team, key, pot := api.NewTeam("Data Science"), api.NewKey("key_1"), api.NewBudget("pot")
	team.MaxBudget, team.Metadata = new(100*money.USD), api.Metadata{"cost center": json.RawMessage(`"${x}"`)}
	key.TeamID = &team.TeamID
	pot.TeamIDs, pot.KeyIDs = []string{"Data Science", "elsewhere"}, []string{"key_1"}
	files := estate{teams: []api.Team{team}, keys: []api.Key{key}, budgets: []api.Budget{pot}}.files(t)
	same(t, files["teams.tf"], `
resource "bursar_team" "data_science" {
  team_id    = "Data Science"
  max_budget = 100
  metadata = {
    "cost center" = "$${x}"
  }
}`)
	same(t, files["keys.tf"], `
resource "bursar_key" "key_1" {
  team_id = bursar_team.data_science.team_id
}`)
	same(t, files["budgets.tf"], `
resource "bursar_budget" "pot" {
  budget_id = "pot"
  team_ids  = [bursar_team.data_science.team_id, "elsewhere"]
  key_ids   = [bursar_key.key_1.key_id]
}`)
	same(t, files["imports.tf"], `
import {
  to = bursar_budget.pot
  id = "pot"
}

import {
  to = bursar_team.data_science
  id = "Data Science"
}

import {
  to = bursar_key.key_1
  id = "key_1"
}`)
	if files["models.tf"] != "" {
		t.Error("there is a file without anything in it")
	}
}

func TestConfiguration_namesModelsByReference(t *testing.T) {
	model := func(id, name string) api.Model {
		model := api.NewModel(id)
		model.Name = name
		return model
	}
	declared := model("declared", "declared")
	declared.DeclaredIn = "bursar.yaml"
	team, key, pot := api.NewTeam("t"), api.NewKey("key_1"), api.NewBudget("pot")
	team.Models = api.StringList{"gpt", "declared", "all-proxy-models", "openai/*"}
	key.Models, pot.Models = api.StringList{"gpt"}, []string{"gpt"}
	files := estate{
		models: []api.Model{declared, model("eu", "gpt"), model("us", "gpt")}, teams: []api.Team{team}, keys: []api.Key{key}, budgets: []api.Budget{pot},
	}.files(t)
	for file, want := range map[string]string{
		"teams.tf": `models  = [bursar_model.eu.name, "declared", "all-proxy-models", "openai/*"]`,
		"keys.tf":  `models = [bursar_model.eu.name]`, "budgets.tf": `models    = [bursar_model.eu.name]`,
	} {
		if !strings.Contains(files[file], want) {
			t.Errorf("%s is not in\n%s", want, files[file])
		}
	}
	var many estate
	for i := range 4 {
		many.models = append(many.models, model(fmt.Sprint("m", i), "gpt"))
	}
	many.teams = []api.Team{team}
	if files = many.files(t); !strings.Contains(files["teams.tf"], `local.model_names["m0"]`) || !strings.Contains(files["models.tf"], "=> model.name") {
		t.Errorf("got\n%s\n%s", files["teams.tf"], files["models.tf"])
	}
}

// Who leaves a team loses the keys there, so Terraform has to know which come first.
func TestConfiguration_namesTheMemberOfAKey(t *testing.T) {
	ofMember, ofOther, ofNobody := api.NewKey("key_1"), api.NewKey("key_2"), api.NewKey("key_3")
	ofMember.TeamID, ofMember.UserID = new("t"), new("ada")
	ofOther.TeamID, ofOther.UserID, ofOther.Blocked = new("t"), new("eve"), true
	ofNobody.UserID = new("ada")
	text := estate{
		teams: []api.Team{api.NewTeam("t")}, members: []api.Membership{api.NewMembership("t", "ada")}, keys: []api.Key{ofMember, ofOther, ofNobody},
	}.files(t)["keys.tf"]
	for _, want := range []string{`user_id = bursar_team_member.t_ada.user_id`, `user_id = "eve"`, `user_id = "ada"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

func TestConfiguration_tellsNothingFromEverything(t *testing.T) {
	pot := api.NewBudget("pot")
	pot.TeamIDs = []string{}
	same(t, estate{budgets: []api.Budget{pot}}.files(t)["budgets.tf"], `
resource "bursar_budget" "pot" {
  budget_id = "pot"
  team_ids  = []
}`)
}

// Two aliases that Terraform cannot tell apart are no keys of one for_each.
func TestConfiguration_keepsApartWhatIsWrittenAlike(t *testing.T) {
	var e estate
	for i, alias := range []string{"é", "e\u0301", "a", "b"} {
		key := api.NewKey(fmt.Sprint("key_", i))
		key.KeyAlias = &alias
		e.keys = append(e.keys, key)
	}
	if files := e.files(t); strings.Contains(files["keys.tf"], "for_each") || strings.Count(files["imports.tf"], "id = ") != 4 {
		t.Errorf("got\n%s", files["keys.tf"])
	}
}

func TestConfiguration_putsTheSameTogether(t *testing.T) {
	var e estate
	for i := range 4 {
		team, key := api.NewTeam(fmt.Sprintf("t%d", i)), api.NewKey(fmt.Sprintf("key_%d", i))
		team.RPMLimit, team.TPMLimit = new(int64(30)), new(int64(i))
		key.TeamID, key.KeyAlias = &team.TeamID, new(fmt.Sprintf("app %d", i))
		e.teams, e.keys = append(e.teams, team), append(e.keys, key)
	}
	files := e.files(t)
	same(t, files["teams.tf"], `
locals {
  teams = {
    t0 = { tpm_limit = 0 }
    t1 = { tpm_limit = 1 }
    t2 = { tpm_limit = 2 }
    t3 = { tpm_limit = 3 }
  }
}

resource "bursar_team" "teams" {
  for_each  = local.teams
  team_id   = each.key
  rpm_limit = 30
  tpm_limit = each.value.tpm_limit
}

locals {
  team_ids = { for name, team in bursar_team.teams : name => team.team_id }
}`)
	for _, want := range []string{`"app 3" = {`, `team_id   = local.team_ids["t3"]`, `for_each  = local.keys`} {
		if !strings.Contains(files["keys.tf"], want) {
			t.Errorf("%s is not in\n%s", want, files["keys.tf"])
		}
	}
	if strings.Contains(files["keys.tf"], "key_ids") {
		t.Error("there is a local value that nothing refers to")
	}
	if want := `"app 3" = "key_3"`; !strings.Contains(files["imports.tf"], want) {
		t.Errorf("%s is not in\n%s", want, files["imports.tf"])
	}
}

func TestConfiguration_goesThroughAMapWhenThereAreMany(t *testing.T) {
	everyTeam := func(count int) string {
		var e estate
		for i := range count {
			e.teams = append(e.teams, api.NewTeam(fmt.Sprintf("team-%03d", i)))
		}
		return strings.Join(strings.Fields(e.files(t)["teams.tf"]), " ")
	}
	for count, want := range map[int][2]string{
		100: {`teams = toset(["team-000", "team-001",`, `"team-099"])`},
		101: {`teams = { for key in ["team-000", "team-001",`, `"team-100"] : key => key }`},
	} {
		if text := everyTeam(count); !strings.Contains(text, want[0]) || !strings.Contains(text, want[1]) || !strings.Contains(text, "team_id = each.key") {
			t.Errorf("%d teams: %s", count, text)
		}
	}
}

func TestConfiguration_holdsNoSecret(t *testing.T) {
	route, model := api.NewAlertRoute("r"), api.NewModel("m")
	route.Name, route.Webhook = "oncall", &api.WebhookTarget{URL: "https://hooks.example.com/canary", SecretFingerprint: "canary"}
	model.Name, model.HasAPIKey, model.APIKeyFingerprint = "gpt", true, "canary"
	files := estate{routes: []api.AlertRoute{route}, models: []api.Model{model}}.files(t)
	for name, text := range files {
		if strings.Contains(text, "canary") {
			t.Errorf("%s holds a secret:\n%s", name, text)
		}
	}
	same(t, files["alert_routes.tf"], `
# Secrets are not written: what is left out of a target stays as it is on the gateway.

resource "bursar_alert_route" "oncall" {
  alert_route_id = "r"
  name           = "oncall"
  webhook = {
    secret_wo_version = 1
  }
}`)
	same(t, files["models.tf"], `
# Keys of providers are not written: with api_key_wo_version alone the key stays as it is on the gateway.

resource "bursar_model" "m" {
  model_id           = "m"
  name               = "gpt"
  api_key_wo_version = 1
}`)
}

func TestConfiguration_leavesOutWhatIsDeclared(t *testing.T) {
	team := api.NewTeam("ops")
	team.DeclaredIn = "bursar.yaml"
	same(t, estate{teams: []api.Team{team}}.files(t)["teams.tf"], "# Declared in the gateway's configuration file, and managed there: ops.")
}

func TestConfiguration_givesEachItsName(t *testing.T) {
	var e estate
	for i, id := range []string{"a b", "a-b", "4x", "A.B.", "日本", "/", "for", "a_b_2"} {
		team := api.NewTeam(id)
		team.HardCap, team.Blocked = i%2 == 0, i/2%2 == 0
		if i >= 4 {
			team.RPMLimit = new(int64(i))
		}
		e.teams = append(e.teams, team)
	}
	text := e.files(t)["teams.tf"]
	for _, want := range []string{`"a_b"`, `"a_b_2"`, `"team_4x"`, `"a_b_3"`, `"team"`, `"team_2"`, `"for"`, `"a_b_2_2"`} {
		if !strings.Contains(text, `resource "bursar_team" `+want) {
			t.Errorf("no resource %s in\n%s", want, text)
		}
	}
}

func TestConfiguration_isWholeOrAnError(t *testing.T) {
	broken := errors.New("no models today")
	if files, err := export.Configuration(t.Context(), estate{err: broken}, export.Options{}); !errors.Is(err, broken) || files != nil {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestConfiguration_adminKeysWithoutTheirSecrets(t *testing.T) {
	ends := time.Date(2099, 1, 31, 0, 0, 0, 0, time.UTC)
	files := estate{teams: []api.Team{api.NewTeam("marketing")}, admins: []api.AdminKey{
		{AdminKeyID: "adminkey_1", KeyName: "sk-...Ab3d", KeyFingerprint: "f00", AdminKeyFields: api.AdminKeyFields{AdminKeyAlias: new("deploy"), Role: "admin", Expires: &ends}},
		{AdminKeyID: "adminkey_2", AdminKeyFields: api.AdminKeyFields{Role: "team_admin", TeamIDs: api.StringList{"marketing"}}},
	}}.files(t)
	same(t, files["admin_keys.tf"], `
# Secrets of admin keys are not written: with key_wo_version alone a secret stays as it is on the gateway.

resource "bursar_admin_key" "deploy" {
  admin_key_alias = "deploy"
  role            = "admin"
  expires         = "2099-01-31T00:00:00Z"
  key_wo_version  = 1
}

resource "bursar_admin_key" "adminkey_2" {
  role           = "team_admin"
  team_ids       = [bursar_team.marketing.team_id]
  key_wo_version = 1
}
`)
	if !strings.Contains(files["imports.tf"], `"adminkey_1"`) {
		t.Errorf("imports.tf = %s", files["imports.tf"])
	}
}

// A viewer exports everything else, and is told what is missing.
func TestConfiguration_adminKeysMayBeHidden(t *testing.T) {
	files := estate{teams: []api.Team{api.NewTeam("marketing")}, hides: api.Errorf(api.Forbidden, "no")}.files(t)
	if !strings.Contains(files["admin_keys.tf"], "may not see them") || !strings.Contains(files["teams.tf"], "marketing") {
		t.Errorf("files = %v", files)
	}
	if _, err := export.Configuration(t.Context(), estate{hides: errors.New("broken")}, export.Options{}); err == nil {
		t.Error("a list that cannot be read is left out")
	}
}

// Who is no more than an id is made by the member; others are resources of their own, to which places and keys refer.
func TestConfiguration_users(t *testing.T) {
	ada, bob := api.NewUser("ada"), api.NewUser("bob")
	ada.UserEmail, ada.UserRole, ada.MaxBudget, ada.BudgetDuration = new("ada@example.com"), new("internal_user"), new(5*money.USD), new("1mo")
	ada.Metadata, bob.Metadata = api.Metadata{"floor": json.RawMessage("2")}, api.Metadata{}
	key := api.NewKey("key_1")
	key.UserID = new("ada")
	files := estate{
		users: []api.User{ada, bob}, teams: []api.Team{api.NewTeam("t")}, keys: []api.Key{key},
		members: []api.Membership{api.NewMembership("t", "ada"), api.NewMembership("t", "bob")},
	}.files(t)
	for file, wants := range map[string][]string{
		"users.tf":        {`resource "bursar_user" "ada"`, `"ada@example.com"`, `"internal_user"`, `"1mo"`, `floor = 2`},
		"team_members.tf": {`bursar_user.ada.user_id`, `"bob"`},
		"keys.tf":         {`user_id = bursar_user.ada.user_id`},
	} {
		for _, want := range wants {
			if !strings.Contains(files[file], want) {
				t.Errorf("%s lacks %s:\n%s", file, want, files[file])
			}
		}
	}
	if strings.Contains(files["users.tf"], "bob") {
		t.Errorf("who is in a team and no more is a resource:\n%s", files["users.tf"])
	}
}

// All local values of a configuration stand in one name space.
func TestConfiguration_localValuesHaveNamesOfTheirOwn(t *testing.T) {
	files := manyUsersOfATeam().files(t)
	for _, once := range []string{"  user_ids = {", "  member_user_ids = {"} {
		if got := strings.Count(files["users.tf"]+files["team_members.tf"], once); got != 1 {
			t.Errorf("%q stands %d times:\n%s\n%s", once, got, files["users.tf"], files["team_members.tf"])
		}
	}
}

// manyUsersOfATeam have a key of the team each and one of their own.
func manyUsersOfATeam() estate {
	var e estate
	e.teams = []api.Team{api.NewTeam("t")}
	for i := range 12 {
		user := api.NewUser(fmt.Sprintf("user-%02d", i))
		user.MaxBudget, user.BudgetDuration = new(5*money.USD), new("1mo")
		ofTeam, own := api.NewKey(fmt.Sprintf("key_t%02d", i)), api.NewKey(fmt.Sprintf("key_o%02d", i))
		ofTeam.UserID, ofTeam.TeamID, own.UserID = &user.UserID, new("t"), &user.UserID
		e.users, e.members, e.keys = append(e.users, user), append(e.members, api.NewMembership("t", user.UserID)), append(e.keys, ofTeam, own)
	}
	return e
}
