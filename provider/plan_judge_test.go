package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const judgedConfig = `
resource "bursar_team" "marketing" {
  team_id         = "marketing"
  models          = ["gpt"]
  rpm_limit       = 100
  max_budget      = 100
  budget_duration = "1mo"
}

resource "bursar_key" "k" {
  key_alias      = "app"
  team_id        = bursar_team.marketing.team_id
  max_budget     = 50
  key_wo         = "sk-long-0123456789-judged-app"
  key_wo_version = 1
}

resource "bursar_budget" "all" {
  budget_id  = "all"
  max_budget = 200
  everything = true
}
`

const versions = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}
`

// words is the text of a plan without line breaks and frames.
func words(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)), " ")
}

// plans writes the configuration and returns what terraform plan says of it.
func (c *cli) plans(exit int, config string) string {
	c.t.Helper()
	c.write("main.tf", config)
	return words(c.run(exit, "plan", "-detailed-exitcode", "-no-color", "-input=false"))
}

func TestAccJudge_warnsOfWhatAPlanWouldDo(t *testing.T) {
	g := startGateway(t)
	g.serve("gpt")
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.write("main.tf", versions+judgedConfig)
	if said := c.run(0, "apply", "-auto-approve", "-no-color", "-input=false"); strings.Contains(said, "Warning: model") {
		t.Errorf("a model that is served is warned of:\n%s", said)
	}
	g.spend("sk-long-0123456789-judged-app", "gpt", 7)

	changed := versions + judgedConfig
	for old, lower := range map[string]string{
		"rpm_limit       = 100": "rpm_limit       = 1", "max_budget      = 100": "max_budget      = 6.5",
		"max_budget     = 50": "max_budget     = 7", "max_budget = 200": "max_budget = 3", `["gpt"]`: `["gpt", "gpt-typo"]`,
	} {
		changed = replace(changed, old, lower)
	}
	said := c.plans(2, changed)
	for _, want := range []string{
		"Warning: marketing has spent $7.00 of this month's budget; at 6.5 it is refused from apply on",
		"Warning: rpm_limit 1 of marketing is below the last day's peak of ",
		"Warning: app has spent $7.00 of its budget; at 7 it is refused from apply on",
		"Warning: all has spent $7.00 of its budget; at 3 it is refused from apply on",
		"Warning: model gpt-typo is not served",
		`in resource "bursar_team" "marketing":`,
		"Plan: 0 to add, 3 to change, 0 to destroy.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	if count := strings.Count(said, "Warning: "); count != 6 { // one is of the development override
		t.Errorf("%d warnings:\n%s", count, said)
	}
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	// What is so already is no news, even when something else changes.
	other := replace(replace(replace(changed, `"1mo"`, "\"1mo\"\n  team_alias = \"M\""), `"app"`, `"app2"`), "everything = true", "everything = true\n  soft_budget = 1")
	for config, exit := range map[string]int{changed: 0, other: 2} {
		if said := c.plans(exit, config); strings.Count(said, "Warning: ") != 1 {
			t.Errorf("without a change that does something:\n%s", said)
		}
	}
}

func TestAccJudge_termsOfABudgetAreJudgedByItsTeams(t *testing.T) {
	g := startGateway(t)
	g.serve("gpt")
	config := `
resource "bursar_budget" "gold" {
  budget_id       = "gold"
  max_budget      = 100
  budget_duration = "1d"
}
`
	ctx := t.Context()
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.write("main.tf", versions+config)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	must[api.Team](t)(g.CreateTeam(ctx, "sales", api.TeamFields{TeamAlias: new("Sales"), BudgetID: new("gold")}))
	key := must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("sales")}}))
	g.spend(key.Secret, "gpt", 2)
	if said := c.plans(2, versions+replace(config, "100", "2")); !strings.Contains(said, "Sales has spent $2.00 of today's budget; at 2 it is refused from apply on") {
		t.Error(said)
	}
}

func TestAccJudge_modelsOfTheSamePlanAreServed(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	said := c.plans(2, versions+`
resource "bursar_model" "gpt" {
  name = "gpt"
}

resource "bursar_team" "t" {
  models = [bursar_model.gpt.name, "other"]
}
`)
	if !strings.Contains(said, "model other is not served") || strings.Contains(said, "model gpt is not served") {
		t.Error(said)
	}
}

func TestAccJudge_tellsOfWhatIsThereAlready(t *testing.T) {
	g := startGateway(t)
	ctx := t.Context()
	must[api.Team](t)(g.CreateTeam(ctx, "marketing", api.TeamFields{}))
	must[api.Budget](t)(g.CreateBudget(ctx, "all", api.BudgetFields{Everything: true}))
	must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("app")}}))
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	said := c.plans(2, versions+judgedConfig)
	for _, what := range []string{"team marketing", "budget all"} {
		if !strings.Contains(said, what+" is on the gateway already") {
			t.Errorf("nothing says that %s is there:\n%s", what, said)
		}
	}
}

func TestAccJudge_whatIsReplacedIsNoNews(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.write("main.tf", versions+judgedConfig)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	c.run(0, "taint", "bursar_key.k")
	c.run(0, "taint", "bursar_budget.all")
	said := words(c.run(2, "plan", "-detailed-exitcode", "-no-color", "-input=false", "-replace=bursar_team.marketing"))
	if !strings.Contains(said, "Plan: 3 to add, 0 to change, 3 to destroy.") || strings.Contains(said, "on the gateway already") {
		t.Error(said)
	}
}

// The gateway is not asked when nothing changes, and what it does not answer is passed over.
func TestAccJudge_isQuietAndNeverFails(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "other", api.TeamFields{}))
	var asked atomic.Int32
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/quota/check" {
			asked.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	config := g.config(judgedConfig)
	unanswered := func(answer func(http.ResponseWriter)) func() {
		return func() {
			asked.Store(0)
			g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.URL.Path == "/quota/check" {
					asked.Add(1)
					answer(w)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	status := func(status int) func() {
		return unanswered(func(w http.ResponseWriter) { w.WriteHeader(status) })
	}
	step := func(prepare func(), rpm int) resource.TestStep {
		return resource.TestStep{PreConfig: prepare, Config: replace(config, "rpm_limit       = 100", fmt.Sprint("rpm_limit       = ", rpm))}
	}
	run(t,
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: func() { asked.Store(0) }, Config: config, ConfigPlanChecks: nothing()},
		step(func() {
			if asked.Load() != 0 {
				t.Errorf("asked %d times about a plan without changes", asked.Load())
			}
			status(http.StatusNotFound)()
		}, 99),
		step(status(http.StatusForbidden), 98),
		step(status(http.StatusInternalServerError), 97),
		step(unanswered(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }), 96),
		step(unanswered(func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"changes":[]}`)) }), 95),
	)
	if asked.Load() == 0 {
		t.Error("nobody was asked")
	}
}

func TestAccJudge_aGatewayThatDoesNotAnswerIsNotAskedAgain(t *testing.T) {
	g := startGateway(t)
	var asked atomic.Int32
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	})
	c := newCLI(t, t.TempDir())
	c.plans(2, versions+fmt.Sprintf(`
provider "bursar" {
  endpoint    = %q
  admin_key   = %q
  max_retries = 0
}

resource "bursar_team" "t" {
  count = 60
}
`, g.URL, adminKey))
	if count := asked.Load(); count == 0 || count > 30 { // Terraform plans ten at a time
		t.Errorf("asked %d times about 60 teams", count)
	}
}
