package provider_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const keyOnTrial = termsOfTwoBudgets + `
resource "bursar_key" "app" {
  key_alias = "app"
  budget_id = bursar_budget.trial.budget_id
}
`

const keyWithThreshold = `
resource "bursar_key" "app" {
  key_alias          = "app"
  max_budget         = 10
  soft_threshold_pct = 0.8
}
`

const keyWatched = `
resource "bursar_key" "app" {
  key_alias    = "app"
  mode         = "audit"
  enforce_from = "2099-01-01T00:00:00Z"
}
`

var keyDrift = []driftCase[api.KeyFields]{
	{keyTeams + fullKey, func(f *api.KeyFields) { // value to value
		f.KeyAlias, f.TeamID, f.UserID, f.Models = new("x"), new("b"), new("eve"), api.StringList{"o3", "gpt-4.1-mini"}
		f.RPMLimit, f.TPMLimit, f.MaxParallelRequests = new(int64(99999)), new(int64(0)), new(int64(3))
		f.ModelRPMLimit["gpt-4.1-mini"], f.ModelTPMLimit["gpt-4.1-mini"] = 99999, 0
		f.MaxBudget, f.SoftBudget, f.HardCap = new(100*money.USD), new(9*money.USD), false
		f.BudgetDuration, f.ResetDay, f.Blocked = new("2mo"), new(4), true
		f.Mode, f.EnforceFrom = new(api.ModeAudit), new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
		f.Metadata = api.Metadata{"app": json.RawMessage(`1`)}
		f.SpeakForTeams, f.Expires = api.StringList{"b", "a"}, new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
	}, changes{
		"key_alias": `"x" -> "app"`, "team_id": `"b" -> "a"`, "user_id": `"eve" -> "ada"`, "models.0": `"o3" -> "gpt-4.1-mini"`, "models.1": `"gpt-4.1-mini" -> `,
		"rpm_limit": "99999 -> 10", "tpm_limit": "0 -> 1000", "max_parallel_requests": "3 -> 2",
		"model_rpm_limit.gpt-4.1-mini": "99999 -> 5", "model_tpm_limit.gpt-4.1-mini": "0 -> 50",
		"max_budget": "100 -> 10", "soft_budget": "9 -> 8", "hard_cap": "false -> true", "budget_duration": `"2mo" -> "1y"`,
		"mode": `"audit" -> "enforce"`, "enforce_from": `"2098-01-01T00:00:00Z" -> `, "reset_day": "4 -> 3", "blocked": "true -> false", "metadata.app": `1 -> "web"`,
		"speak_for_teams.0": `"b" -> "a"`, "speak_for_teams.1": `"a" -> "b"`,
		"expires": `"2098-01-01T00:00:00Z" -> "2099-01-31T12:00:00+01:00"`,
	}},
	{keyTeams + fullKey, func(f *api.KeyFields) { // value to null
		*f = api.KeyFields{BudgetTerms: api.BudgetTerms{HardCap: true}}
	}, changes{
		"key_alias": ` -> "app"`, "team_id": ` -> "a"`, "user_id": ` -> "ada"`, "models.0": ` -> "gpt-4.1-mini"`,
		"rpm_limit": " -> 10", "tpm_limit": " -> 1000", "max_parallel_requests": " -> 2",
		"model_rpm_limit.gpt-4.1-mini": " -> 5", "model_tpm_limit.gpt-4.1-mini": " -> 50",
		"max_budget": " -> 10", "soft_budget": " -> 8", "budget_duration": ` -> "1y"`, "reset_day": " -> 3", "mode": ` -> "enforce"`, "metadata.app": ` -> "web"`,
		"speak_for_teams.0": ` -> "a"`, "speak_for_teams.1": ` -> "b"`, "expires": ` -> "2099-01-31T12:00:00+01:00"`,
	}},
	{keyTeams + fullKey, func(f *api.KeyFields) { // entries added and removed
		f.Models, f.SpeakForTeams = append(f.Models, "o3"), f.SpeakForTeams[:1]
		f.ModelRPMLimit["o3"], f.ModelTPMLimit["o3"] = 1, 2
		f.Metadata["b"] = json.RawMessage(`1`)
	}, changes{
		"models.1": `"o3" -> `, "speak_for_teams.1": ` -> "b"`, "model_rpm_limit.o3": "1 -> ", "model_tpm_limit.o3": "2 -> ", "metadata.b": "1 -> ",
	}},
	{keyTeams + plainKey, func(f *api.KeyFields) { f.Mode = new(api.ModeAudit) }, changes{"mode": `"audit" -> `}},
	{keyTeams + keyWatched, func(f *api.KeyFields) { f.EnforceFrom = new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC)) }, changes{
		"enforce_from": `"2098-01-01T00:00:00Z" -> "2099-01-01T00:00:00Z"`,
	}},
	{keyTeams + keyWatched, func(f *api.KeyFields) { f.EnforceFrom = nil }, changes{"enforce_from": ` -> "2099-01-01T00:00:00Z"`}},
	{keyTeams + keyWithThreshold, func(f *api.KeyFields) { f.SoftThresholdPct = new(0.9) }, changes{"soft_threshold_pct": "0.9 -> 0.8"}},
	{keyTeams + keyWithThreshold, func(f *api.KeyFields) { f.SoftThresholdPct, f.SoftBudget = nil, new(7*money.USD) }, changes{
		"soft_threshold_pct": " -> 0.8", "soft_budget": "7 -> ",
	}},
	{keyOnTrial, func(f *api.KeyFields) { f.BudgetID = new("other") }, changes{"budget_id": `"other" -> "trial"`}},
	{keyOnTrial, func(f *api.KeyFields) { f.BudgetID = nil }, changes{"budget_id": ` -> "trial"`}},
	{termsOfTwoBudgets + plainKey, func(f *api.KeyFields) { f.BudgetID = new("trial") }, changes{"budget_id": `"trial" -> `}},
	{keyTeams + "\nresource \"bursar_key\" \"app\" {\n}\n", func(f *api.KeyFields) { // null to value
		*f = api.KeyFields{
			KeyAlias: new("x"), TeamID: new("a"), UserID: new("eve"), Models: api.StringList{"o3"}, Metadata: api.Metadata{"a": json.RawMessage(`1`)},
			RateLimits:      api.RateLimits{RPMLimit: new(int64(0)), TPMLimit: new(int64(1)), MaxParallelRequests: new(int64(2))},
			ModelRateLimits: api.ModelRateLimits{ModelRPMLimit: map[string]int64{"o3": 1}, ModelTPMLimit: map[string]int64{"o3": 2}},
			BudgetTerms: api.BudgetTerms{
				MaxBudget: new(money.Nano(0)), HardCap: true, BudgetDuration: new("1y"), ResetDay: new(2), SoftThresholdPct: new(0.5),
			},
			SpeakForTeams: api.StringList{"*"}, Expires: new(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)),
		}
	}, changes{
		"key_alias": `"x" -> `, "team_id": `"a" -> `, "user_id": `"eve" -> `, "models.0": `"o3" -> `, "metadata.a": "1 -> ",
		"rpm_limit": "0 -> ", "tpm_limit": "1 -> ", "max_parallel_requests": "2 -> ", "model_rpm_limit.o3": "1 -> ", "model_tpm_limit.o3": "2 -> ",
		"max_budget": "0 -> ", "budget_duration": `"1y" -> `, "reset_day": "2 -> ", "soft_threshold_pct": "0.5 -> ",
		"speak_for_teams.0": `"*" -> `, "expires": `"2099-01-01T00:00:00Z" -> `,
	}},
}

func TestAccKey_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, append(driftSteps(g, "bursar_key.app", keyDrift, g.changeKey), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteKey(t.Context(), g.onlyKey().KeyID); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(plainKey), ConfigPlanChecks: willCreate("bursar_key.app"),
	})...)
}
