package provider_test

import (
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

func TestAccBudget_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	step := func(config string, change func(*api.BudgetFields), want changes) resource.TestStep {
		return resource.TestStep{
			PreConfig: g.changeBudget(change), Config: g.config(config),
			ConfigPlanChecks: onlyChanges("bursar_budget.pot", want),
		}
	}
	pot := replace(fullBudget, "[bursar_key.app.key_id]", `["k"]`)
	run(t,
		resource.TestStep{Config: g.config(pot)},
		step(pot, func(f *api.BudgetFields) {
			f.MaxBudget, f.AlertThresholds, f.SoftBudget, f.SoftThresholdPct = nil, nil, nil, new(0.9)
			f.HardCap, f.BudgetDuration, f.ResetDay = true, nil, nil
			f.RPMLimit, f.TPMLimit, f.MaxParallelRequests = nil, new(int64(99)), nil
			f.Timezone, f.OnSoftLimit, f.KeyIDs, f.TeamIDs, f.Models = nil, nil, nil, []string{"later"}, []string{"gpt-4.1", "o3"}
		}, changes{
			"max_budget": " -> 100", "soft_budget": " -> 80", "soft_threshold_pct": "0.9 -> ", "hard_cap": "true -> false",
			"budget_duration": ` -> "3mo"`, "reset_day": " -> 2", "rpm_limit": " -> 1", "tpm_limit": "99 -> 2", "max_parallel_requests": " -> 3",
			"alert_thresholds.0": " -> 0.5", "alert_thresholds.1": " -> 0.8", "alert_thresholds.2": " -> 0.95", "alert_thresholds.3": " -> 1",
			"timezone": ` -> "Europe/Berlin"`, "on_soft_limit.reduce_rpm_pct": " -> 0.5", "key_ids.0": ` -> "k"`,
			"team_ids.0": `"later" -> "a"`, "team_ids.1": ` -> "later"`, "models.1": `"o3" -> `,
		}),
		step(pot, func(f *api.BudgetFields) {
			f.OnSoftLimit.ReduceRPMPct, f.AlertThresholds = new(0.6), []float64{0.5, 0.8, 0.95, 1, 1.2}
			f.MaxBudget = new(200 * money.USD)
		}, changes{"on_soft_limit.reduce_rpm_pct": "0.6 -> 0.5", "alert_thresholds.4": "1.2 -> ", "max_budget": "200 -> 100"}),
		resource.TestStep{Config: g.config(plainBudget)},
		step(plainBudget, func(f *api.BudgetFields) {
			f.Models, f.OnSoftLimit, f.Timezone = []string{"o3"}, &api.OnSoftLimit{ReduceRPMPct: new(0.1)}, new("UTC")
			f.MaxBudget, f.AlertThresholds = new(money.USD), []float64{1}
		}, changes{
			"models.0": `"o3" -> `, "on_soft_limit.reduce_rpm_pct": "0.1 -> ", "timezone": `"UTC" -> `,
			"max_budget": "1 -> ", "alert_thresholds.0": "1 -> ",
		}),
		step(plainBudget, func(f *api.BudgetFields) { f.Everything = true }, changes{"everything": "true -> false"}),
		resource.TestStep{
			PreConfig: func() {
				if err := g.DeleteBudget(t.Context(), "pot"); err != nil {
					t.Fatal(err)
				}
			},
			Config: g.config(plainBudget), ConfigPlanChecks: willCreate("bursar_budget.pot"),
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
