package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const oneTeam = `
resource "bursar_team" "a" {
  team_id = "a"
}
`

// A second resource for an object would be refused in the middle of the apply.
func TestAccForetold_twoResourcesForOneObject(t *testing.T) {
	g := startGateway(t)
	second := replace(oneTeam, `"bursar_team" "a"`, `"bursar_team" "b"`)
	run(t,
		resource.TestStep{Config: g.config(oneTeam + second), PlanOnly: true, ExpectError: says(`Another bursar_team of this configuration makes or imports the team "a", too`)},
		resource.TestStep{Config: g.config(oneTeam)},
	)
}

// So does an import of what another resource imports or makes. Keys have several names, and are one object by each.
func TestAccForetold_twoImportsOfOneObject(t *testing.T) {
	g := startGateway(t)
	key := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("app")}}))
	must[api.Team](t)(g.CreateTeam(t.Context(), "a", api.TeamFields{}))
	c := newCLI(t, t.TempDir(), g.settings()...)
	second := replace(oneTeam, `"bursar_team" "a"`, `"bursar_team" "b"`)
	adopt := func(address, id string) string {
		return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, id)
	}
	const keys = "resource \"bursar_key\" \"a\" {\n  key_alias = \"app\"\n}\nresource \"bursar_key\" \"b\" {\n  key_alias = \"app\"\n}\n"
	const refused = "Another bursar_%s of this configuration makes or imports the %s, too"
	for what, test := range map[string]struct{ config, want string }{
		"two imports":            {oneTeam + second + adopt("bursar_team.a", "a") + adopt("bursar_team.b", "a"), fmt.Sprintf(refused, "team", `team "a"`)},
		"an import and a create": {oneTeam + second + adopt("bursar_team.a", "a"), fmt.Sprintf(refused, "team", `team "a"`)},
		"two imports of a key":   {keys + adopt("bursar_key.a", "app") + adopt("bursar_key.b", key.Secret), fmt.Sprintf(refused, "key", fmt.Sprintf("key %q", key.KeyID))},
	} {
		if said := c.plans(1, versions+test.config); strings.Count(said, test.want) != 1 {
			t.Errorf("%s: it is not said once that %q:\n%s", what, test.want, said)
		}
	}
}

// What the state has under another address may be imported, as that address may be let go.
func TestAccForetold_anImportOfWhatIsManaged(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	c.write("main.tf", versions+oneTeam)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	second := replace(oneTeam, `"bursar_team" "a"`, `"bursar_team" "b"`) + "import {\n  to = bursar_team.b\n  id = \"a\"\n}\n"
	const warning = `Warning: The team "a" is imported, and in the state under another address already`
	if said := c.plans(2, versions+oneTeam+second); strings.Count(said, warning) != 1 {
		t.Errorf("it is not said once that the state has it:\n%s", said)
	}
	c.write("main.tf", versions+second+"removed {\n  from = bursar_team.a\n  lifecycle {\n    destroy = false\n  }\n}\n")
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	c.plansNothing()
}

// A second resource for what the state has already is told, too.
func TestAccForetold_aSecondResourceForWhatIsManaged(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	first := versions + oneTeam + "resource \"bursar_model\" \"a\" {\n  model_id = \"m\"\n  name = \"m\"\n}\n"
	c.write("main.tf", first)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	second := first + replace(oneTeam, `"bursar_team" "a"`, `"bursar_team" "b"`) + "resource \"bursar_model\" \"b\" {\n  model_id = \"m\"\n  name = \"m\"\n}\n"
	said := c.plans(2, second)
	// Terraform may plan the second before it reads the first: the gateway has the object then, and that is all that is known.
	for _, what := range []string{"team a", `model "m"`} {
		named := strings.Count(said, "Warning: "+what+" is another resource of this configuration already")
		if found := strings.Count(said, "Warning: "+what+" is on the gateway already"); named+found != 1 {
			t.Errorf("the plan does not say of %s once that it is there:\n%s", what, said)
		}
	}
}

// A new address without a moved block destroys the object; what it is, is told. Replacing it under its address is no news.
func TestAccForetold_anAddressThatChanges(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	c.write("main.tf", versions+oneTeam)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	each := versions + `
resource "bursar_team" "t" {
  for_each = toset(["a"])
  team_id  = each.key
}
`
	const warning = `Warning: The team "a" is destroyed and made again`
	if said := c.plans(2, each); strings.Count(said, warning) != 1 {
		t.Errorf("nothing or too much is said of it:\n%s", said)
	}
	if said := c.plans(2, each+"moved {\n  from = bursar_team.a\n  to   = bursar_team.t[\"a\"]\n}\n"); strings.Contains(said, warning) {
		t.Errorf("a move is warned of:\n%s", said)
	}
	c.write("main.tf", versions+oneTeam)
	if said := words(c.run(2, "plan", "-detailed-exitcode", "-no-color", "-input=false", "-replace=bursar_team.a")); strings.Contains(said, "made again") || strings.Contains(said, "Two resources") {
		t.Errorf("a replacement is warned of:\n%s", said)
	}
}

// What only the gateway's file can change is refused by the plan: changed, destroyed, or replaced.
func TestAccForetold_declaredInAFile(t *testing.T) {
	g := startGateway(t)
	declare := func() {
		g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			w.WriteHeader(answer.Code)
			_, _ = w.Write(bytes.ReplaceAll(answer.Body.Bytes(), []byte(`"team_id":"a",`), []byte(`"team_id":"a","declared_in":"gateway.yaml",`)))
		})
	}
	refused := says(`The team "a" is declared in gateway.yaml, and only that file can change or delete it`)
	plan := func(config string) resource.TestStep {
		return resource.TestStep{Config: config, PlanOnly: true, ExpectError: refused}
	}
	run(t,
		resource.TestStep{Config: g.config(oneTeam)},
		resource.TestStep{PreConfig: declare, Config: g.config(oneTeam), ConfigPlanChecks: nothing()},
		plan(g.config(replace(oneTeam, `= "a"`, "= \"a\"\n  rpm_limit = 3"))),
		plan(g.config(replace(oneTeam, `= "a"`, `= "b"`))),
		plan(g.config("data \"bursar_teams\" \"all\" {}\n")),
		resource.TestStep{PreConfig: g.heal, Config: g.config(oneTeam)},
	)
}

// declaring is a gateway whose file declares one object of each kind that it can.
func declaring(t *testing.T) *gateway {
	t.Helper()
	return startGatewayWith(t, func(c *config.Config) {
		c.File = "gateway.yaml"
		team, budget, route := api.NewTeam("a"), api.NewBudget("b"), api.NewAlertRoute("r")
		budget.Everything, budget.MaxBudget = true, new(money.USD)
		route.Name, route.Webhook = "r", &api.WebhookTarget{URL: "https://alerts.example.com/llm"}
		c.Teams, c.Budgets, c.AlertRoutes = []api.Team{team}, []api.Budget{budget}, []api.AlertRoute{route}
	})
}

var declaredObjects = map[string]struct{ config, at string }{
	"bursar_team.x":        {"resource \"bursar_team\" \"x\" {\n  team_id = \"a\"\n}\n", "a"},
	"bursar_budget.x":      {"resource \"bursar_budget\" \"x\" {\n  budget_id = \"b\"\n  everything = true\n  max_budget = 1\n}\n", "b"},
	"bursar_alert_route.x": {"resource \"bursar_alert_route\" \"x\" {\n  alert_route_id = \"r\"\n  name = \"r\"\n  webhook = { url = \"https://alerts.example.com/llm\" }\n}\n", "r"},
}

// What the gateway's file declares is neither made nor imported: the plan says so, and not the apply.
func TestAccForetold_declaredIsNeitherMadeNorImported(t *testing.T) {
	g := declaring(t)
	for address, test := range declaredObjects {
		t.Run(address, func(t *testing.T) {
			adopt := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, test.at)
			run(t,
				resource.TestStep{Config: g.config(test.config), PlanOnly: true, ExpectError: says("already, declared in gateway.yaml, and only that file can change or delete it")},
				resource.TestStep{Config: g.config(adopt, test.config), PlanOnly: true, ExpectError: says("is declared in gateway.yaml, and only that file can change or delete it: Terraform cannot manage it")},
			)
		})
	}
}

// What is there already is told for every kind whose id is chosen.
func TestAccForetold_whatIsThereAlready(t *testing.T) {
	g := startGateway(t)
	g.fill()
	c := newCLI(t, t.TempDir(), g.settings()...)
	said := c.plans(2, versions+`
resource "bursar_model" "m" {
  model_id = "gpt-1"
  name     = "gpt"
}

resource "bursar_alert_route" "r" {
  alert_route_id = "oncall"
  name           = "r"
  webhook        = { url = "https://alerts.example.com/llm" }
}

resource "bursar_team" "t" {
  team_id = "sales"
}
`)
	for _, want := range []string{`model "gpt-1" is on the gateway already`, `alert route "oncall" is on the gateway already`, "team sales is on the gateway already"} {
		if strings.Count(said, "Warning: "+want) != 1 {
			t.Errorf("the plan does not say %q once:\n%s", want, said)
		}
	}
}

const teamWithAKey = `
resource "bursar_team" "a" {
  team_id = "a"
}

resource "bursar_key" "k" {
  team_id = bursar_team.a.team_id
}
`

// Keys that a plan leaves in a team keep it from being destroyed. Those that it destroys as well are no news.
func TestAccForetold_keysLeftInATeam(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	c.write("main.tf", versions+teamWithAKey)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	const warning = "key(s) that this plan does not destroy, so destroying it will be refused"
	destroy := []string{"plan", "-destroy", "-detailed-exitcode", "-no-color", "-input=false"}
	plans := func(when string, want bool, said string) {
		t.Helper()
		if got := strings.Contains(words(said), warning); got != want {
			t.Errorf("%s: it is said of keys that are left: %t\n%s", when, got, said)
		}
	}
	plans("all is destroyed", false, c.run(2, destroy...))
	plans("all is taken out", false, c.plans(2, versions))
	c.write("main.tf", versions+teamWithAKey)

	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("a"), KeyAlias: new("of-somebody")}}))
	said := c.run(2, destroy...)
	plans("all is destroyed but a key of somebody else", true, said)
	if !strings.Contains(said, "of-somebody") {
		t.Errorf("it is not said which key:\n%s", said)
	}
	plans("all is taken out but a key of somebody else", true, c.plans(2, versions))
	c.write("main.tf", versions+replace(teamWithAKey, `team_id = "a"`, "team_id = \"a\"\n  force_destroy = true"))
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	said = c.run(2, destroy...)
	plans("the keys go with the team", false, said)
	if !strings.Contains(words(said), "a takes 1 key(s) along that this plan does not name") || !strings.Contains(said, "of-somebody") {
		t.Errorf("it is not said which keys go along:\n%s", said)
	}
}

// The keys of a member go with the member, or keep them from being taken out: the plan says which.
func TestAccForetold_keysOfAMember(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	const theirs = "bursar_team_member.ada.user_id"
	c.write("main.tf", versions+memberWithKey("", theirs))
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	if said := words(c.plans(2, versions+memberTeam)); strings.Contains(said, "key(s)") {
		t.Errorf("keys that the plan destroys are warned of:\n%s", said)
	}
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("t"), UserID: new("ada"), KeyAlias: new("her-own")}}))
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("t"), KeyAlias: new("of-the-team")}}))
	tells := func(when, want, config string) {
		t.Helper()
		said := words(c.plans(2, versions+config))
		if strings.Count(said, "Warning: "+want) != 1 || !strings.Contains(said, "her-own") || strings.Contains(said, "of-the-team") {
			t.Errorf("%s: it is not said that %q:\n%s", when, want, said)
		}
	}
	tells("taken out", "ada in t has 1 key(s) that this plan does not destroy, so destroying it will be refused", memberTeam)
	tells("another user", "ada in t has 2 key(s), so changing its user_id fails without create_before_destroy", replace(memberWithKey("", theirs), `"ada"`+"\n", `"bob"`+"\n"))
	c.write("main.tf", versions+memberWithKey("force_destroy = true", theirs))
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	tells("taken out by force", "ada in t takes 1 key(s) along that this plan does not name", memberTeam)
	tells("another user by force", "ada in t has 2 key(s), so changing its user_id deletes them without create_before_destroy",
		replace(memberWithKey("force_destroy = true", theirs), `"ada"`+"\n", `"bob"`+"\n"))
}
