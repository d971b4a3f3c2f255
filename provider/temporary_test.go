package provider_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const untilNewYear = "2099-01-01T00:00:00+01:00"

// raisedOf has increases of everything that can be raised for a time.
const raisedOf = `
resource "bursar_team" "marketing" {
  team_id              = "marketing"
  max_budget           = 100
  rpm_limit            = 30
  temp_budget_increase = 50
  temp_budget_expiry   = "` + untilNewYear + `"
  temp_rpm_increase    = 10
  temp_tpm_increase    = 100
  temp_limit_expiry    = "` + untilNewYear + `"
}

resource "bursar_team_member" "ada" {
  team_id              = bursar_team.marketing.team_id
  user_id              = "ada"
  max_budget_in_team   = 5
  temp_budget_increase = 1.5
  temp_budget_expiry   = "` + untilNewYear + `"
  temp_rpm_increase    = 1
  temp_tpm_increase    = 2
  temp_limit_expiry    = "` + untilNewYear + `"
}

resource "bursar_key" "ci" {
  team_id              = bursar_team.marketing.team_id
  key_alias            = "ci"
  max_budget           = 2
  temp_budget_increase = 1
  temp_budget_expiry   = "` + untilNewYear + `"
  temp_rpm_increase    = 3
  temp_tpm_increase    = 4
  temp_limit_expiry    = "` + untilNewYear + `"
}

resource "bursar_user" "linus" {
  user_id              = "linus"
  max_budget           = 7
  temp_budget_increase = 3
  temp_budget_expiry   = "` + untilNewYear + `"
}

resource "bursar_budget" "everything" {
  budget_id            = "everything"
  everything           = true
  max_budget           = 1000
  temp_budget_increase = 5
  temp_budget_expiry   = "` + untilNewYear + `"
}
`

const factsOfMarketing = `
data "bursar_team" "marketing" {
  team_id = bursar_team.marketing.team_id
}
`

// Increases are applied, drift like any attribute while they are configured, and an ended one is no drift.
func TestAccTemporary_configured(t *testing.T) {
	g := startGateway(t)
	ended := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	fact := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.bursar_team.marketing", tfjsonpath.New(name), want)
	}
	raised := func(address, name string, want knownvalue.Check) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(address, tfjsonpath.New(name), want)
	}
	inThePast := replace(raisedOf, untilNewYear, ended.Format(time.RFC3339))
	run(t,
		resource.TestStep{Config: g.config(raisedOf, factsOfMarketing), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			raised("bursar_team.marketing", "max_budget_raised", amountIs(150)), raised("bursar_team.marketing", "rpm_limit_raised", knownvalue.Int64Exact(40)),
			raised("bursar_team.marketing", "tpm_limit_raised", knownvalue.Null()),
			raised("bursar_team_member.ada", "max_budget_raised", amountIs(6.5)), raised("bursar_team_member.ada", "rpm_limit_raised", knownvalue.Null()),
			raised("bursar_key.ci", "max_budget_raised", amountIs(3)), raised("bursar_user.linus", "max_budget_raised", amountIs(10)),
			raised("bursar_budget.everything", "max_budget_raised", amountIs(1005)),
		}}, ConfigStateChecks: []statecheck.StateCheck{
			fact("max_budget", amountIs(100)), fact("max_budget_in_force", amountIs(150)), fact("temp_budget_increase", amountIs(50)),
			fact("rpm_limit_in_force", knownvalue.Int64Exact(40)), fact("tpm_limit_in_force", knownvalue.Null()),
		}},
		resource.TestStep{
			PreConfig: g.changeTeam("marketing", func(f *api.TeamFields) {
				f.TempBudgetIncrease, f.TempRPMIncrease, f.TempTPMIncrease = new(9*money.USD), new(int64(1)), new(int64(2))
				f.TempBudgetExpiry, f.TempLimitExpiry = &ended, &ended
			}),
			Config: g.config(raisedOf), ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{
				"temp_budget_increase": "9 -> 50", "temp_rpm_increase": "1 -> 10", "temp_tpm_increase": "2 -> 100",
				"temp_budget_expiry": `"2020-01-01T00:00:00Z" -> "` + untilNewYear + `"`, "temp_limit_expiry": `"2020-01-01T00:00:00Z" -> "` + untilNewYear + `"`,
				"max_budget_raised": " -> 150", "rpm_limit_raised": " -> 40",
			}),
		},
		resource.TestStep{
			PreConfig: g.changeUser("linus", func(f *api.UserFields) { f.TempBudgetIncrease, f.TempBudgetExpiry = new(4*money.USD), &ended }),
			Config:    g.config(raisedOf), ConfigPlanChecks: onlyChanges("bursar_user.linus", changes{
				"temp_budget_increase": "4 -> 3", "temp_budget_expiry": `"2020-01-01T00:00:00Z" -> "` + untilNewYear + `"`, "max_budget_raised": " -> 10",
			}),
		},
		resource.TestStep{Config: g.config(inThePast, factsOfMarketing), ConfigStateChecks: []statecheck.StateCheck{
			fact("max_budget_in_force", amountIs(100)), fact("rpm_limit_in_force", knownvalue.Int64Exact(30)),
		}},
		resource.TestStep{
			Config:      g.config(replace(raisedOf, `  temp_limit_expiry    = "`+untilNewYear+`"`, "")),
			ExpectError: says("temp_limit_expiry must come together with temp_rpm_increase or temp_tpm_increase"),
		},
		resource.TestStep{Config: g.config(inThePast), PlanOnly: true},
	)
}

// An increase that ends while nobody looks leaves the plan empty, and what it was added to changes alone then.
func TestAccTemporary_endsWithoutAWord(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	const endsLater, hasEnded = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
	config := func(budget, ends string) string {
		return versions + "resource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n  max_budget = " + budget +
			"\n  temp_budget_increase = 50\n  temp_budget_expiry = \"" + ends + "\"\n}\n"
	}
	c.write("main.tf", config("100", endsLater))
	c.apply()
	if state := c.read(stateFile); !strings.Contains(state, `"max_budget_raised": 150`) {
		t.Fatalf("the state does not tell the raised cap:\n%s", state)
	}
	// As it is when the time has come: in the configuration, on the gateway and in the state.
	g.changeTeam("t", func(f *api.TeamFields) {
		f.TempBudgetExpiry = new(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	})()
	c.write(stateFile, replace(c.read(stateFile), endsLater, hasEnded))
	c.write("main.tf", config("100", hasEnded))
	c.plansNothing()
	if said := c.plans(2, config("90", hasEnded)); !strings.Contains(said, "max_budget_raised = 150 -> null") {
		t.Errorf("the plan goes on telling the raised cap:\n%s", said)
	}
	c.apply()
	if said := c.plans(2, config("80", hasEnded)); strings.Contains(said, "max_budget_raised") {
		t.Errorf("the plan of a cap tells more:\n%s", said)
	}
}

// What an admin has given at once is told and left alone, by the plan and by the apply of something else.
func TestAccTemporary_leftToTheGateway(t *testing.T) {
	g := startGateway(t)
	const team = "resource \"bursar_team\" \"marketing\" {\n  team_id    = \"marketing\"\n  max_budget = 100\n}\n"
	until := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	run(t,
		resource.TestStep{Config: g.config(team), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectKnownValue("bursar_team.marketing", tfjsonpath.New("temp_budget_increase"), knownvalue.Null()),
			plancheck.ExpectKnownValue("bursar_team.marketing", tfjsonpath.New("temp_limit_expiry"), knownvalue.Null()),
		}}},
		resource.TestStep{
			PreConfig: g.changeTeam("marketing", func(f *api.TeamFields) {
				f.TempBudget = api.TempBudget{TempBudgetIncrease: new(20 * money.USD), TempBudgetExpiry: &until}
				f.TempRates = api.TempRates{TempRPMIncrease: new(int64(7)), TempLimitExpiry: &until}
			}),
			Config: g.config(team), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("bursar_team.marketing", tfjsonpath.New("temp_budget_increase"), amountIs(20)),
			},
		},
		resource.TestStep{Config: g.config(replace(team, "100", "90")), ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{"max_budget": "100 -> 90", "max_budget_raised": "120 -> 110"})},
		resource.TestStep{PreConfig: func() {
			team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "marketing"))
			if team.TempBudgetIncrease == nil || *team.TempBudgetIncrease != 20*money.USD || *team.MaxBudget != 90*money.USD {
				t.Errorf("after the apply of another limit: %+v", team.BudgetTerms)
			}
		}, Config: g.config(replace(team, "100", "90")), PlanOnly: true},
	)
}

func amountIs(dollars float64) knownvalue.Check { return knownvalue.NumberExact(big.NewFloat(dollars)) }

// A cap that a variable says, and so nobody knows while the configuration is validated, is a cap to add to.
func TestAccTemporary_addsToACapOfAVariable(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.write("main.tf", versions+`
variable "cap" {
  default = 100
}

resource "bursar_team" "a" {
  team_id              = "a"
  max_budget           = var.cap
  temp_budget_increase = 25
  temp_budget_expiry   = timeadd(plantimestamp(), "24h")
  lifecycle {
    ignore_changes = [temp_budget_expiry]
  }
}

resource "bursar_team_member" "ann" {
  team_id              = bursar_team.a.team_id
  user_id              = "ann"
  max_budget_in_team   = var.cap
  temp_budget_increase = 5
  temp_budget_expiry   = timeadd(plantimestamp(), "24h")
  lifecycle {
    ignore_changes = [temp_budget_expiry]
  }
}
`)
	c.apply()
	if team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "a")); *team.TempBudgetIncrease != 25*money.USD {
		t.Errorf("the team has %s more", team.TempBudgetIncrease)
	}
	c.destroys()
}
