package provider_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var potOfKey = replace(fullBudget, "[bursar_key.app.key_id]", `["k"]`)

const budgetWithThreshold = `
resource "bursar_budget" "pot" {
  budget_id          = "pot"
  max_budget         = 10
  soft_threshold_pct = 0.5
}
`

var budgetDrift = []driftCase[api.BudgetFields]{
	{potOfKey, func(f *api.BudgetFields) { // value to value
		f.MaxBudget, f.SoftBudget, f.HardCap = new(200*money.USD), new(90*money.USD), true
		f.BudgetDuration, f.ResetDay, f.AlertThresholds = new("1mo"), new(3), []float64{0.6, 0.8, 0.95, 1}
		f.RPMLimit, f.TPMLimit, f.MaxParallelRequests = new(int64(9)), new(int64(99)), new(int64(0))
		f.Timezone, f.OnSoftLimit.ReduceRPMPct = new("UTC"), new(0.6)
		f.Mode, f.EnforceFrom = new(api.ModeEnforce), nil
		f.TeamIDs, f.KeyIDs, f.Models = []string{"b", "later"}, []string{"x"}, []string{"o3"}
	}, changes{
		"max_budget": "200 -> 100", "soft_budget": "90 -> 80", "hard_cap": "true -> false", "budget_duration": `"1mo" -> "3mo"`, "reset_day": "3 -> 2",
		"alert_thresholds.0": "0.6 -> 0.5", "rpm_limit": "9 -> 1", "tpm_limit": "99 -> 2", "max_parallel_requests": "0 -> 3",
		"mode": `"enforce" -> "audit"`, "enforce_from": ` -> "2099-06-01T00:00:00Z"`, "timezone": `"UTC" -> "Europe/Berlin"`, "on_soft_limit.reduce_rpm_pct": "0.6 -> 0.5",
		"team_ids.0": `"b" -> "a"`, "key_ids.0": `"x" -> "k"`, "models.0": `"o3" -> "gpt-4.1"`,
	}},
	{potOfKey, func(f *api.BudgetFields) { *f = api.BudgetFields{} }, changes{ // value to null
		"max_budget": " -> 100", "soft_budget": " -> 80", "budget_duration": ` -> "3mo"`, "reset_day": " -> 2",
		"rpm_limit": " -> 1", "tpm_limit": " -> 2", "max_parallel_requests": " -> 3",
		"alert_thresholds.0": " -> 0.5", "alert_thresholds.1": " -> 0.8", "alert_thresholds.2": " -> 0.95", "alert_thresholds.3": " -> 1",
		"mode": ` -> "audit"`, "enforce_from": ` -> "2099-06-01T00:00:00Z"`, "timezone": ` -> "Europe/Berlin"`, "on_soft_limit.reduce_rpm_pct": " -> 0.5",
		"team_ids.0": ` -> "a"`, "team_ids.1": ` -> "later"`, "key_ids.0": ` -> "k"`, "models.0": ` -> "gpt-4.1"`,
	}},
	{potOfKey, func(f *api.BudgetFields) { // entries added and removed
		f.AlertThresholds, f.TeamIDs, f.Models = []float64{0.5, 0.8, 0.95, 1, 1.2}, []string{"later"}, []string{"gpt-4.1", "o3"}
	}, changes{"alert_thresholds.4": "1.2 -> ", "team_ids.0": `"later" -> "a"`, "team_ids.1": ` -> "later"`, "models.1": `"o3" -> `}},
	{plainBudget, func(f *api.BudgetFields) { // null to value
		*f = api.BudgetFields{
			BudgetTerms: api.BudgetTerms{MaxBudget: new(money.USD), SoftThresholdPct: new(0.9), HardCap: true, BudgetDuration: new("1y"), ResetDay: new(4)},
			RateLimits:  api.RateLimits{RPMLimit: new(int64(0)), TPMLimit: new(int64(1)), MaxParallelRequests: new(int64(2))},
			Timezone:    new("UTC"), OnSoftLimit: &api.OnSoftLimit{ReduceRPMPct: new(0.1)}, AlertThresholds: []float64{1},
			TeamIDs: []string{"a"}, KeyIDs: []string{"k"}, Models: []string{"o3"},
		}
	}, changes{
		"max_budget": "1 -> ", "soft_threshold_pct": "0.9 -> ", "budget_duration": `"1y" -> `, "reset_day": "4 -> ",
		"rpm_limit": "0 -> ", "tpm_limit": "1 -> ", "max_parallel_requests": "2 -> ", "timezone": `"UTC" -> `,
		"on_soft_limit.reduce_rpm_pct": "0.1 -> ", "alert_thresholds.0": "1 -> ", "team_ids.0": `"a" -> `, "key_ids.0": `"k" -> `, "models.0": `"o3" -> `,
	}},
	{potOfKey, func(f *api.BudgetFields) { f.EnforceFrom = new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC)) }, changes{
		"enforce_from": `"2098-01-01T00:00:00Z" -> "2099-06-01T00:00:00Z"`,
	}},
	{plainBudget, func(f *api.BudgetFields) {
		f.Mode, f.EnforceFrom = new(api.ModeAudit), new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
	}, changes{"mode": `"audit" -> `, "enforce_from": `"2098-01-01T00:00:00Z" -> `}},
	{plainBudget, func(f *api.BudgetFields) { f.Everything = true }, changes{"everything": "true -> false"}},
	{budgetWithThreshold, func(f *api.BudgetFields) { f.SoftThresholdPct = new(0.6) }, changes{"soft_threshold_pct": "0.6 -> 0.5"}},
	{budgetWithThreshold, func(f *api.BudgetFields) { f.SoftThresholdPct, f.SoftBudget = nil, new(7*money.USD) }, changes{
		"soft_threshold_pct": " -> 0.5", "soft_budget": "7 -> ",
	}},
}

func TestAccBudget_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, append(driftSteps(g, "bursar_budget.pot", budgetDrift, g.changeBudget), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteBudget(t.Context(), "pot"); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(plainBudget), ConfigPlanChecks: willCreate("bursar_budget.pot"),
	})...)
}
