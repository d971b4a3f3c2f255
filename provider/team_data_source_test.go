package provider_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestAccTeamDataSource(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "rich", api.TeamFields{
		Models: api.StringList{"b", "a"}, Metadata: api.Metadata{"floor": json.RawMessage(`2`)},
		RateLimits: api.RateLimits{RPMLimit: new(int64(0))}, BudgetTerms: api.BudgetTerms{MaxBudget: new(money.USD / 2), BudgetDuration: new("1d")},
	}))
	key := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("rich")}}))
	value := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.bursar_team.rich", tfjsonpath.New(name), want)
	}
	config := g.config("data \"bursar_team\" \"rich\" {\n  team_id = \"rich\"\n}\n")
	run(t,
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				value("models", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("b"), knownvalue.StringExact("a")})),
				value("metadata", knownvalue.MapExact(map[string]knownvalue.Check{"floor": knownvalue.NumberExact(big.NewFloat(2))})),
				value("rpm_limit", knownvalue.Int64Exact(0)), value("tpm_limit", knownvalue.Null()),
				value("max_budget", knownvalue.NumberExact(big.NewFloat(0.5))), value("spend", knownvalue.NumberExact(big.NewFloat(0))),
				value("budget_reset_at", knownvalue.NotNull()), value("hard_cap", knownvalue.Bool(false)),
				value("key_ids", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(key.KeyID)})),
				value("updated_by", knownvalue.StringExact("mallory")),
			},
		},
		resource.TestStep{Config: replace(config, `= "rich"`, `= "gone"`), ExpectError: says("team_id = \"gone\"\n\nRead team \"gone\":")},
	)
}

func TestAccTeamsDataSource_readsEveryPage(t *testing.T) {
	g := startGateway(t)
	const count = 501
	for i := range count {
		must[api.Team](t)(g.CreateTeam(t.Context(), fmt.Sprintf("t%04d", i), api.TeamFields{Metadata: api.Metadata{"i": json.RawMessage(fmt.Sprint(i))}}))
	}
	run(t, resource.TestStep{
		Config: g.config(`
data "bursar_teams" "all" {}

output "ids" {
  value = [for team in data.bursar_teams.all.teams : team.team_id]
}

output "sum" {
  value = sum([for team in data.bursar_teams.all.teams : jsondecode(team.metadata_json).i])
}
`),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownOutputValue("sum", knownvalue.NumberExact(big.NewFloat(count*(count-1)/2))),
			statecheck.ExpectKnownOutputValueAtPath("ids", tfjsonpath.New(count-1), knownvalue.StringExact("t0500")),
		},
	})
}
