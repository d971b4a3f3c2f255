package provider_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const termsOfTwoBudgets = `
resource "bursar_budget" "trial" {
  budget_id = "trial"
}

resource "bursar_budget" "other" {
  budget_id = "other"
}
`

const teamOnTrial = termsOfTwoBudgets + `
resource "bursar_team" "marketing" {
  team_id   = "marketing"
  budget_id = bursar_budget.trial.budget_id
}
`

const teamWithSoftBudget = `
resource "bursar_team" "marketing" {
  team_id     = "marketing"
  max_budget  = 10
  soft_budget = 5
}
`

var teamDrift = []driftCase[api.TeamFields]{
	{fullTeam, func(f *api.TeamFields) { // value to value
		f.TeamAlias, f.Models = new("M"), api.StringList{"gpt-4.1", "gpt-4.1-mini"}
		f.RPMLimit, f.TPMLimit, f.MaxParallelRequests = new(int64(300)), new(int64(0)), new(int64(5))
		f.MinOutputTokens = new(int64(16))
		f.ModelRPMLimit["gpt-4.1"], f.ModelTPMLimit["gpt-4.1"] = 6, 600
		f.MaxBudget, f.SoftThresholdPct, f.HardCap = new(100*money.USD+1), new(0.85), false
		f.BudgetDuration, f.ResetDay, f.Blocked = new("2mo"), new(6), true
		f.AlertThresholds = []float64{0.6, 0.95}
		f.EnforceFrom = new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
		f.Metadata["cost_center"], f.Metadata["floor"] = json.RawMessage(`"CC-9"`), json.RawMessage(`"2"`)
		f.Metadata["on_call"], f.Metadata["nested"] = json.RawMessage(`["ada","linus"]`), json.RawMessage(`{"a":false}`)
		f.TeamMemberBudget, f.TeamMemberBudgetDuration = new(6*money.USD), new("1d")
		f.TeamMemberRPMLimit, f.TeamMemberTPMLimit = new(int64(0)), new(int64(31))
		f.TeamMemberPermissions = &api.StringList{"/key/list", "/key/info"}
	}, changes{
		"team_alias": `"M" -> "Marketing"`, "models.0": `"gpt-4.1" -> "gpt-4.1-mini"`, "models.1": `"gpt-4.1-mini" -> "gpt-4.1"`,
		"rpm_limit": "300 -> 30", "tpm_limit": "0 -> 15000", "max_parallel_requests": "5 -> 4", "min_output_tokens": "16 -> 2048",
		"model_rpm_limit.gpt-4.1": "6 -> 5", "model_tpm_limit.gpt-4.1": "600 -> 500",
		"max_budget": "100.000000001 -> 100.1", "soft_threshold_pct": "0.85 -> 0.8", "hard_cap": "false -> true",
		"budget_duration": `"2mo" -> "1mo"`, "reset_day": "6 -> 5", "alert_thresholds.0": "0.6 -> 0.5", "blocked": "true -> false",
		"enforce_from":         `"2098-01-01T00:00:00Z" -> "2099-06-01T00:00:00+02:00"`,
		"metadata.cost_center": `"CC-9" -> "CC-123"`, "metadata.floor": `"2" -> 2`,
		"metadata.on_call.1": `"linus" -> "grace"`, "metadata.nested.a": "false -> true",
		"team_member_budget": "6 -> 5", "team_member_budget_duration": `"1d" -> "7d"`, "team_member_rpm_limit": "0 -> 3", "team_member_tpm_limit": "31 -> 30",
		"team_member_permissions.0": `"/key/list" -> "/key/info"`, "team_member_permissions.1": `"/key/info" -> "/key/list"`,
	}},
	{fullTeam, func(f *api.TeamFields) { // value to null
		*f = api.TeamFields{BudgetTerms: api.BudgetTerms{HardCap: true}}
	}, changes{
		"team_alias": ` -> "Marketing"`, "models.0": ` -> "gpt-4.1-mini"`, "models.1": ` -> "gpt-4.1"`,
		"rpm_limit": " -> 30", "tpm_limit": " -> 15000", "max_parallel_requests": " -> 4", "min_output_tokens": " -> 2048",
		"model_rpm_limit.gpt-4.1": " -> 5", "model_rpm_limit.gpt-4.1-mini": " -> 20", "model_tpm_limit.gpt-4.1": " -> 500",
		"max_budget": " -> 100.1", "soft_threshold_pct": " -> 0.8", "budget_duration": ` -> "1mo"`, "reset_day": " -> 5",
		"alert_thresholds.0": " -> 0.5", "alert_thresholds.1": " -> 0.95",
		"mode": ` -> "audit"`, "enforce_from": ` -> "2099-06-01T00:00:00+02:00"`,
		"metadata.cost_center": ` -> "CC-123"`, "metadata.floor": " -> 2", "metadata.on_call.0": ` -> "ada"`,
		"metadata.on_call.1": ` -> "grace"`, "metadata.nested.a": " -> true",
		"team_member_budget": " -> 5", "team_member_budget_duration": ` -> "7d"`, "team_member_rpm_limit": " -> 3", "team_member_tpm_limit": " -> 30",
		"team_member_permissions.0": ` -> "/key/info"`, "team_member_permissions.1": ` -> "/key/list"`,
	}},
	{fullTeam, func(f *api.TeamFields) { // entries added and removed
		f.Models = append(f.Models, "o3")
		f.ModelRPMLimit["o3"] = 1
		delete(f.ModelRPMLimit, "gpt-4.1-mini")
		f.ModelTPMLimit = nil
		f.Metadata["owner"] = json.RawMessage(`"eve"`)
		delete(f.Metadata, "floor")
		f.SoftThresholdPct, f.SoftBudget = nil, new(7*money.USD)
		f.TeamMemberPermissions = &api.StringList{}
	}, changes{
		"models.2": `"o3" -> `, "model_rpm_limit.o3": "1 -> ", "model_rpm_limit.gpt-4.1-mini": " -> 20",
		"model_tpm_limit.gpt-4.1": " -> 500", "metadata.owner": `"eve" -> `, "metadata.floor": " -> 2",
		"soft_threshold_pct": " -> 0.8", "soft_budget": "7 -> ",
		"team_member_permissions.0": ` -> "/key/info"`, "team_member_permissions.1": ` -> "/key/list"`,
	}},
	{plainTeam, func(f *api.TeamFields) { // null to value
		*f = api.TeamFields{
			TeamAlias: new("M"), Models: api.StringList{"o3"}, Metadata: api.Metadata{"a": json.RawMessage(`1.5`)},
			MinOutputTokens: new(int64(64)), AlertThresholds: []float64{0.5},
			RateLimits:      api.RateLimits{RPMLimit: new(int64(0)), TPMLimit: new(int64(1)), MaxParallelRequests: new(int64(2))},
			ModelRateLimits: api.ModelRateLimits{ModelRPMLimit: map[string]int64{"o3": 1}, ModelTPMLimit: map[string]int64{"o3": 2}},
			BudgetTerms: api.BudgetTerms{
				MaxBudget: new(money.Nano(0)), HardCap: true, BudgetDuration: new("1y"), ResetDay: new(2), SoftThresholdPct: new(0.5),
			},
			MemberDefaults: api.MemberDefaults{
				TeamMemberBudget: new(money.USD), TeamMemberBudgetDuration: new("1d"), TeamMemberRPMLimit: new(int64(0)), TeamMemberTPMLimit: new(int64(1)),
				TeamMemberPermissions: &api.StringList{"/key/info"},
			},
		}
	}, changes{
		"team_alias": `"M" -> `, "models.0": `"o3" -> `, "metadata.a": "1.5 -> ", "rpm_limit": "0 -> ", "tpm_limit": "1 -> ",
		"min_output_tokens": "64 -> ", "alert_thresholds.0": "0.5 -> ", "max_parallel_requests": "2 -> ", "model_rpm_limit.o3": "1 -> ", "model_tpm_limit.o3": "2 -> ", "max_budget": "0 -> ",
		"budget_duration": `"1y" -> `, "reset_day": "2 -> ", "soft_threshold_pct": "0.5 -> ",
		"team_member_budget": "1 -> ", "team_member_budget_duration": `"1d" -> `, "team_member_rpm_limit": "0 -> ", "team_member_tpm_limit": "1 -> ",
		"team_member_permissions.0": `"/key/info" -> `,
	}},
	{plainTeam, func(f *api.TeamFields) {
		f.Mode, f.EnforceFrom = new(api.ModeAudit), new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
	}, changes{"mode": `"audit" -> `, "enforce_from": `"2098-01-01T00:00:00Z" -> `}},
	{fullTeam, func(f *api.TeamFields) { f.Mode, f.EnforceFrom = new(api.ModeEnforce), nil }, changes{
		"mode": `"enforce" -> "audit"`, "enforce_from": ` -> "2099-06-01T00:00:00+02:00"`,
	}},
	{teamWithSoftBudget, func(f *api.TeamFields) { f.SoftBudget = new(6 * money.USD) }, changes{"soft_budget": "6 -> 5"}},
	{teamWithSoftBudget, func(f *api.TeamFields) { f.SoftBudget = nil }, changes{"soft_budget": " -> 5"}},
	{teamOnTrial, func(f *api.TeamFields) { f.BudgetID = new("other") }, changes{"budget_id": `"other" -> "trial"`}},
	{teamOnTrial, func(f *api.TeamFields) { f.BudgetID = nil }, changes{"budget_id": ` -> "trial"`}},
	{plainTeam + termsOfTwoBudgets, func(f *api.TeamFields) { f.BudgetID = new("trial") }, changes{"budget_id": `"trial" -> `}},
}

func TestAccTeam_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	steps := driftSteps(g, "bursar_team.marketing", teamDrift, func(change func(*api.TeamFields)) func() { return g.changeTeam("marketing", change) })
	run(t, append(steps,
		resource.TestStep{Config: g.config(plainTeam)},
		resource.TestStep{
			PreConfig: func() {
				g.changeTeam("marketing", func(f *api.TeamFields) { f.Blocked = true })()
			},
			Config:           g.config(plainTeam),
			ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{"blocked": "true -> false"}),
		},
		resource.TestStep{
			PreConfig: func() {
				if err := g.DeleteTeam(t.Context(), "marketing"); err != nil {
					t.Fatal(err)
				}
			},
			Config:           g.config(plainTeam),
			ConfigPlanChecks: willCreate("bursar_team.marketing"),
		},
	)...)
}
