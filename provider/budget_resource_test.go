package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const fullBudget = `
resource "bursar_team" "a" {
  team_id = "a"
}

resource "bursar_key" "app" {
  team_id = bursar_team.a.team_id
}

resource "bursar_budget" "pot" {
  budget_id             = "pot"
  max_budget            = 100
  soft_budget           = 80
  hard_cap              = false
  budget_duration       = "3mo"
  reset_day             = 2
  mode                  = "audit"
  enforce_from          = "2099-06-01T00:00:00Z"
  rpm_limit             = 1
  tpm_limit             = 2
  max_parallel_requests = 3
  alert_thresholds      = [0.5, 0.8, 0.95, 1.0]
  timezone              = "Europe/Berlin"
  on_soft_limit         = { reduce_rpm_pct = 0.5 }
  team_ids              = [bursar_team.a.team_id, "later"]
  key_ids               = [bursar_key.app.key_id]
  models                = ["gpt-4.1"]
}
`

const plainBudget = `
resource "bursar_budget" "pot" {
  budget_id = "pot"
}
`

const everythingBudget = `
resource "bursar_budget" "pot" {
  budget_id  = "pot"
  everything = true
}
`

func (g *gateway) changeBudget(change func(*api.BudgetFields)) func() {
	return func() {
		g.t.Helper()
		budget := must[api.Budget](g.t)(g.GetBudget(g.t.Context(), "pot"))
		change(&budget.BudgetFields)
		must[api.Budget](g.t)(g.UpdateBudget(g.t.Context(), "pot", budget.BudgetFields, 0))
	}
}

func TestAccBudget_createUpdateImport(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(fullBudget)},
		resource.TestStep{Config: g.config(fullBudget), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(fullBudget, "0.95, 1.0", "1.0")),
			ConfigPlanChecks: onlyChanges("bursar_budget.pot", changes{"alert_thresholds.2": "0.95 -> 1", "alert_thresholds.3": "1 -> "}),
		},
		resource.TestStep{
			Config: g.config(replace(fullBudget, "0.95, 1.0", "1.0")), ResourceName: "bursar_budget.pot",
			ImportState: true, ImportStateId: "pot",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "budget_id",
		},
		resource.TestStep{
			Config:           g.config(replace(replace(fullBudget, "Berlin", "Paris"), "0.95, 1.0", "1.0")),
			ConfigPlanChecks: onlyChanges("bursar_budget.pot", changes{"timezone": `"Europe/Berlin" -> "Europe/Paris"`}),
		},
		resource.TestStep{Config: g.config(plainBudget)},
		resource.TestStep{
			Config:           g.config(everythingBudget),
			ConfigPlanChecks: onlyChanges("bursar_budget.pot", changes{"everything": "false -> true"}),
		},
	)
}

func TestAccBudget_existingOneAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	must[api.Budget](t)(g.CreateBudget(t.Context(), "pot", api.BudgetFields{}))
	run(t, resource.TestStep{Config: g.config(plainBudget), ExpectError: says("terraform import bursar_budget.NAME pot")})
}

func TestAccBudget_termsOfATeam(t *testing.T) {
	g := startGateway(t)
	const config = `
resource "bursar_budget" "trial" {
  max_budget      = 20
  budget_duration = "7d"
}

resource "bursar_team" "t" {
  team_id   = "t"
  budget_id = bursar_budget.trial.budget_id
}
`
	run(t,
		resource.TestStep{Config: g.config(config)},
		resource.TestStep{
			PreConfig: g.changeTeam("t", func(f *api.TeamFields) { f.BudgetID, f.MaxBudget = nil, new(money.USD) }),
			Config:    g.config(config),
		},
		resource.TestStep{Config: g.config(config), ConfigPlanChecks: nothing()},
	)
}

// An empty scope, such as one that was computed, would select nothing, where elsewhere an empty list is all.
func TestAccBudget_emptyScopeIsRefused(t *testing.T) {
	g := startGateway(t)
	const pot = "resource \"bursar_budget\" \"pot\" {\n  budget_id = \"pot\"\n  team_ids = []\n}\n"
	run(t, resource.TestStep{Config: g.config(pot), ExpectError: regexp.MustCompile(`everything\s+=\s+true\s+is\s+a\s+pot`)})
}
