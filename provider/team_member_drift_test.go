package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var memberDrift = []driftCase[api.MemberFields]{
	{fullMember, func(f *api.MemberFields) {
		*f = api.MemberFields{
			Role: api.MemberUser, MaxBudgetInTeam: new(money.USD), BudgetDuration: new("1d"), RPMLimit: new(int64(0)), TPMLimit: new(int64(1)),
		}
	}, changes{
		"role": `"user" -> "admin"`, "max_budget_in_team": "1 -> 12.5", "budget_duration": `"1d" -> "1mo"`, "rpm_limit": "0 -> 10", "tpm_limit": "1 -> 2000",
	}},
	{fullMember, func(f *api.MemberFields) { *f = api.MemberFields{Role: api.MemberAdmin} }, changes{
		"max_budget_in_team": " -> 12.5", "budget_duration": ` -> "1mo"`, "rpm_limit": " -> 10", "tpm_limit": " -> 2000",
	}},
	{plainMember, func(f *api.MemberFields) {
		*f = api.MemberFields{
			Role: api.MemberAdmin, MaxBudgetInTeam: new(money.USD), BudgetDuration: new("1d"), RPMLimit: new(int64(0)), TPMLimit: new(int64(1)),
		}
	}, changes{
		"role": `"admin" -> "user"`, "max_budget_in_team": "1 -> ", "budget_duration": `"1d" -> `, "rpm_limit": "0 -> ", "tpm_limit": "1 -> ",
	}},
}

func TestAccTeamMember_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, append(driftSteps(g, ada, memberDrift, g.changeMember),
		resource.TestStep{PreConfig: g.removeMember, Config: g.config(plainMember), ConfigPlanChecks: willCreate(ada)})...)
}
