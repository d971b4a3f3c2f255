package provider_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const fullTeam = `
resource "bursar_team" "marketing" {
  team_id               = "marketing"
  team_alias            = "Marketing"
  models                = ["gpt-4.1-mini", "gpt-4.1"]
  rpm_limit             = 30
  tpm_limit             = 15000
  max_parallel_requests = 4
  min_output_tokens     = 2048
  model_rpm_limit       = { "gpt-4.1" = 5, "gpt-4.1-mini" = 20 }
  model_tpm_limit       = { "gpt-4.1" = 500 }
  max_budget            = 100.10
  soft_threshold_pct    = 0.8
  hard_cap              = true
  budget_duration       = "1mo"
  reset_day             = 5
  alert_thresholds      = [0.5, 0.95]
  mode                  = "audit"
  enforce_from          = "2099-06-01T00:00:00+02:00"

  team_member_budget          = 5
  team_member_budget_duration = "7d"
  team_member_rpm_limit       = 3
  team_member_tpm_limit       = 30
  team_member_permissions     = ["/key/info", "/key/list"]

  metadata              = { cost_center = "CC-123", floor = 2, on_call = ["ada", "grace"], nested = { a = true } }
}
`

const plainTeam = `
resource "bursar_team" "marketing" {
  team_id = "marketing"
}
`

// changeTeam is somebody with the admin API.
func (g *gateway) changeTeam(id string, change func(*api.TeamFields)) func() {
	return func() {
		g.t.Helper()
		team := must[api.TeamInfo](g.t)(g.GetTeam(g.t.Context(), id))
		change(&team.TeamFields)
		must[api.Team](g.t)(g.UpdateTeam(g.t.Context(), id, team.TeamFields, 0))
	}
}

func (g *gateway) team(id string) api.TeamInfo {
	g.t.Helper()
	return must[api.TeamInfo](g.t)(g.GetTeam(g.t.Context(), id))
}

func TestAccTeam_createUpdateImportDestroy(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(fullTeam)},
		resource.TestStep{Config: g.config(fullTeam), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(fullTeam, "100.10", "50")),
			ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{"max_budget": "100.1 -> 50"}),
		},
		resource.TestStep{
			Config: g.config(replace(fullTeam, "100.10", "50")), ResourceName: "bursar_team.marketing",
			ImportState: true, ImportStateId: "marketing",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "team_id",
			ImportStateVerifyIgnore: []string{"enforce_from"}, // the gateway writes moments in UTC
		},
		resource.TestStep{
			Config: g.config(plainTeam),
			ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{
				"team_alias": `"Marketing" -> `, "models.0": `"gpt-4.1-mini" -> `, "models.1": `"gpt-4.1" -> `,
				"mode": `"audit" -> `, "enforce_from": `"2099-06-01T00:00:00+02:00" -> `,
				"rpm_limit": "30 -> ", "tpm_limit": "15000 -> ", "max_parallel_requests": "4 -> ", "min_output_tokens": "2048 -> ",
				"model_rpm_limit.gpt-4.1": "5 -> ", "model_rpm_limit.gpt-4.1-mini": "20 -> ", "model_tpm_limit.gpt-4.1": "500 -> ",
				"max_budget": "50 -> ", "soft_threshold_pct": "0.8 -> ", "budget_duration": `"1mo" -> `, "reset_day": "5 -> ",
				"alert_thresholds.0": "0.5 -> ", "alert_thresholds.1": "0.95 -> ",
				"metadata.cost_center": `"CC-123" -> `, "metadata.floor": "2 -> ", "metadata.on_call.0": `"ada" -> `,
				"metadata.on_call.1": `"grace" -> `, "metadata.nested.a": "true -> ",
				"team_member_budget": "5 -> ", "team_member_budget_duration": `"7d" -> `, "team_member_rpm_limit": "3 -> ", "team_member_tpm_limit": "30 -> ",
				"team_member_permissions.0": `"/key/info" -> `, "team_member_permissions.1": `"/key/list" -> `,
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				team := g.team("marketing")
				if team.MemberDefaults != (api.MemberDefaults{}) {
					t.Errorf("what was removed is not cleared: %+v", team.MemberDefaults)
				}
				if team.RPMLimit != nil || team.MaxBudget != nil || len(team.Metadata) != 0 || !team.HardCap || team.BudgetDuration != nil {
					t.Errorf("what was removed is not cleared: %+v", team.TeamFields)
				}
			},
			Config: g.config(plainTeam), Destroy: true,
		},
	)
	if _, err := g.GetTeam(t.Context(), "marketing"); api.CodeOf(err) != api.NotFound {
		t.Errorf("after destroy: %v", err)
	}
}

func TestAccTeam_nullZeroAndAbsentAreThreeThings(t *testing.T) {
	g := startGateway(t)
	team := func(budget string) string {
		return g.config(fmt.Sprintf("resource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n  %s\n}\n", budget))
	}
	wantBudget := func(want *money.Nano) func() {
		return func() {
			got := g.team("t").MaxBudget
			if (got == nil) != (want == nil) || got != nil && *got != *want {
				t.Errorf("max_budget is %v, want %v", got, want)
			}
		}
	}
	run(t,
		resource.TestStep{Config: team("max_budget = 0")},
		resource.TestStep{
			PreConfig: wantBudget(new(money.Nano(0))), Config: team("max_budget = null"),
			ConfigPlanChecks: onlyChanges("bursar_team.t", changes{"max_budget": "0 -> "}),
		},
		resource.TestStep{
			PreConfig: wantBudget(nil), Config: team("max_budget = 0"),
			ConfigPlanChecks: onlyChanges("bursar_team.t", changes{"max_budget": " -> 0"}),
		},
		resource.TestStep{
			Config:           team(""),
			ConfigPlanChecks: onlyChanges("bursar_team.t", changes{"max_budget": "0 -> "}),
		},
		resource.TestStep{
			PreConfig: wantBudget(nil), Config: team("models = []\n  metadata = {}\n  model_rpm_limit = {}"),
			ConfigPlanChecks: nothing(),
		},
	)
}

// A third of a hundred dollars has more digits than the gateway keeps, and 9007199.254740991
// more than a float64 holds for certain.
func TestAccTeam_amountsKeepEveryDigit(t *testing.T) {
	g := startGateway(t)
	team := func(budget string) string {
		return g.config(fmt.Sprintf("resource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n  max_budget = %s\n}\n", budget))
	}
	run(t,
		resource.TestStep{Config: team("100 / 3")},
		resource.TestStep{Config: team("100 / 3"), ConfigPlanChecks: nothing()},
		resource.TestStep{
			PreConfig: func() {
				if got := g.team("t").MaxBudget.String(); got != "33.333333333" {
					t.Errorf("max_budget is %s", got)
				}
			},
			Config: team("9007199.254740991"),
		},
		resource.TestStep{
			PreConfig: func() {
				if got := g.team("t").MaxBudget.String(); got != "9007199.254740991" {
					t.Errorf("max_budget is %s", got)
				}
			},
			Config: team("9007199.254740992"),
		},
	)
}

func TestAccTeam_importedPlanIsEmpty(t *testing.T) {
	g := startGateway(t)
	for id, fields := range map[string]api.TeamFields{
		"bare": api.NewTeam("").TeamFields,
		"rich": {
			TeamAlias: new("Rich"), Models: api.StringList{"b", "a"}, Blocked: true,
			Metadata: api.Metadata{"n": json.RawMessage(`1e3`), "null": json.RawMessage(`null`), "l": json.RawMessage(`[1, "a", null, []]`), "s": json.RawMessage(`"<&>"`)},
			BudgetTerms: api.BudgetTerms{
				MaxBudget: new(33*money.USD + 333_333_333), SoftBudget: new(money.USD / 10), BudgetDuration: new("30d"),
			},
		},
	} {
		must[api.Team](t)(g.CreateTeam(t.Context(), id, fields))
	}
	imports := `
import {
  to = bursar_team.bare
  id = "bare"
}

import {
  to = bursar_team.rich
  id = "rich"
}

resource "bursar_team" "bare" {
  team_id         = "bare"
  models          = []
  model_rpm_limit = {}
}

resource "bursar_team" "rich" {
  team_id         = "rich"
  team_alias      = "Rich"
  models          = ["b", "a"]
  blocked         = true
  metadata        = { n = 1000, "null" = null, l = [1, "a", null, []], s = "<&>" }
  max_budget      = 33.3333333333
  soft_budget     = 0.1
  hard_cap        = false
  budget_duration = "30d"
}
`
	run(t,
		resource.TestStep{Config: g.config(imports), ConfigPlanChecks: nothingButImports(2)},
		resource.TestStep{
			PreConfig: func() {
				for _, id := range []string{"bare", "rich"} {
					if team := g.team(id); team.Revision != 1 {
						t.Errorf("%s was written: revision %d", id, team.Revision)
					}
				}
			},
			Config: g.config(imports), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccTeam_existingOneAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "marketing", api.NewTeam("").TeamFields))
	run(t, resource.TestStep{
		Config:      g.config(plainTeam),
		ExpectError: says("terraform import bursar_team.NAME marketing"),
	})
}

func TestAccTeam_deletionIsDeliberate(t *testing.T) {
	g := startGateway(t)
	protected := replace(plainTeam, `"marketing"`+"\n}", `"marketing"`+"\n  deletion_protection = true\n}")
	forced := replace(plainTeam, `"marketing"`+"\n}", `"marketing"`+"\n  force_destroy = true\n}")
	run(t,
		resource.TestStep{Config: g.config(protected)},
		resource.TestStep{Config: g.config(protected), Destroy: true, ExpectError: says("apply deletion_protection = false first")},
		resource.TestStep{ // another id is another team, and the end of this one
			Config: g.config(replace(protected, `team_id = "marketing"`, `team_id = "sales"`)), PlanOnly: true, ExpectError: says("apply deletion_protection = false first"),
		},
		resource.TestStep{Config: g.config(plainTeam), ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{"deletion_protection": "true -> false"})},
		resource.TestStep{
			PreConfig: func() {
				if revision := g.team("marketing").Revision; revision != 1 {
					t.Errorf("what only Terraform needs to know was written: revision %d", revision)
				}
				must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("marketing"), KeyAlias: new("app")}}))
			},
			Config: g.config(plainTeam), Destroy: true, ExpectError: regexp.MustCompile(`Team still has keys[\s\S]*\(app\)`),
		},
		resource.TestStep{Config: g.config(forced)},
		resource.TestStep{Config: g.config(forced), Destroy: true},
	)
	if keys := must[[]api.Key](t)(g.ListKeys(t.Context())); len(keys) != 0 {
		t.Errorf("%d keys are left", len(keys))
	}
}

func TestAccTeam_chosenIDStays(t *testing.T) {
	g := startGateway(t)
	nameless := "resource \"bursar_team\" \"t\" {\n  rpm_limit = %d\n}\n"
	run(t,
		resource.TestStep{Config: g.config(fmt.Sprintf(nameless, 1)), ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("bursar_team.t", tfjsonpath.New("team_id"), knownvalue.NotNull()),
		}},
		resource.TestStep{Config: g.config(fmt.Sprintf(nameless, 2)), ConfigPlanChecks: onlyChanges("bursar_team.t", changes{"rpm_limit": "1 -> 2"})},
		resource.TestStep{Config: g.config("resource \"bursar_team\" \"t\" {\n  team_id = \"mine\"\n}\n"), ConfigPlanChecks: willReplace("bursar_team.t")},
	)
}
