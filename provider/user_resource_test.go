package provider_test

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const fullUser = `
resource "bursar_user" "ada" {
  user_id               = "ada"
  user_email            = "Ada@example.com"
  user_alias            = "Ada"
  user_role             = "internal_user"
  rpm_limit             = 30
  tpm_limit             = 15000
  max_parallel_requests = 4
  max_budget            = 50.10
  soft_threshold_pct    = 0.8
  hard_cap              = true
  budget_duration       = "1mo"
  reset_day             = 5
  metadata              = { cost_center = "CC-123", floor = 2 }
}
`

const userWithSoftBudget = `
resource "bursar_user" "ada" {
  user_id     = "ada"
  max_budget  = 10
  soft_budget = 5
}
`

const plainUser = `
resource "bursar_user" "ada" {
  user_id = "ada"
}
`

const theUser = "bursar_user.ada"

// changeUser is somebody with the admin API.
func (g *gateway) changeUser(id string, change func(*api.UserFields)) func() {
	return func() {
		g.t.Helper()
		user := must[client.UserInfo](g.t)(g.GetUser(g.t.Context(), id))
		change(&user.UserFields)
		must[api.User](g.t)(g.UpdateUser(g.t.Context(), id, user.UserFields, 0))
	}
}

var userDrift = []driftCase[api.UserFields]{
	{fullUser, func(f *api.UserFields) { // value to value
		f.UserEmail, f.UserAlias, f.UserRole = new("a@example.com"), new("A"), new("proxy_admin")
		f.RPMLimit, f.TPMLimit, f.MaxParallelRequests = new(int64(300)), new(int64(0)), new(int64(5))
		f.MaxBudget, f.SoftThresholdPct, f.HardCap = new(100*money.USD+1), new(0.85), false
		f.BudgetDuration, f.ResetDay = new("2mo"), new(6)
		f.Metadata["cost_center"] = json.RawMessage(`"CC-9"`)
	}, changes{
		"user_email": `"a@example.com" -> "Ada@example.com"`, "user_alias": `"A" -> "Ada"`, "user_role": `"proxy_admin" -> "internal_user"`,
		"rpm_limit": "300 -> 30", "tpm_limit": "0 -> 15000", "max_parallel_requests": "5 -> 4",
		"max_budget": "100.000000001 -> 50.1", "soft_threshold_pct": "0.85 -> 0.8", "hard_cap": "false -> true",
		"budget_duration": `"2mo" -> "1mo"`, "reset_day": "6 -> 5", "metadata.cost_center": `"CC-9" -> "CC-123"`,
	}},
	{fullUser, func(f *api.UserFields) { *f = api.UserFields{BudgetTerms: api.BudgetTerms{HardCap: true}} }, changes{ // value to null
		"user_email": ` -> "Ada@example.com"`, "user_alias": ` -> "Ada"`, "user_role": ` -> "internal_user"`,
		"rpm_limit": " -> 30", "tpm_limit": " -> 15000", "max_parallel_requests": " -> 4",
		"max_budget": " -> 50.1", "soft_threshold_pct": " -> 0.8", "budget_duration": ` -> "1mo"`, "reset_day": " -> 5",
		"metadata.cost_center": ` -> "CC-123"`, "metadata.floor": " -> 2",
	}},
	{plainUser, func(f *api.UserFields) { // null to value
		*f = api.UserFields{
			UserEmail: new("ada@example.com"), UserAlias: new("A"), UserRole: new("customer"),
			RateLimits:  api.RateLimits{RPMLimit: new(int64(0)), TPMLimit: new(int64(1)), MaxParallelRequests: new(int64(2))},
			BudgetTerms: api.BudgetTerms{MaxBudget: new(money.USD), SoftThresholdPct: new(0.9), HardCap: true, BudgetDuration: new("1y"), ResetDay: new(4)},
			Metadata:    api.Metadata{"a": json.RawMessage(`1`)},
		}
	}, changes{
		"user_email": `"ada@example.com" -> `, "user_alias": `"A" -> `, "user_role": `"customer" -> `,
		"rpm_limit": "0 -> ", "tpm_limit": "1 -> ", "max_parallel_requests": "2 -> ",
		"max_budget": "1 -> ", "soft_threshold_pct": "0.9 -> ", "budget_duration": `"1y" -> `, "reset_day": "4 -> ", "metadata.a": "1 -> ",
	}},
	{userWithSoftBudget, func(f *api.UserFields) { f.SoftBudget = new(6 * money.USD) }, changes{"soft_budget": "6 -> 5"}},
	{userWithSoftBudget, func(f *api.UserFields) { f.SoftBudget = nil }, changes{"soft_budget": " -> 5"}},
	{plainUser, func(f *api.UserFields) { f.SoftBudget = new(money.USD) }, changes{"soft_budget": "1 -> "}},
}

func TestAccUser_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	change := func(change func(*api.UserFields)) func() { return g.changeUser("ada", change) }
	run(t, append(driftSteps(g, theUser, userDrift, change), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteUser(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(plainUser), ConfigPlanChecks: willCreate(theUser),
	})...)
}

func TestAccUser_createUpdateImport(t *testing.T) {
	g := startGateway(t)
	imported := func(id string) resource.TestStep {
		return resource.TestStep{
			Config: g.config(fullUser), ResourceName: theUser, ImportState: true, ImportStateId: id,
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "user_id", ImportStateVerifyIgnore: []string{"user_email"},
		}
	}
	run(t,
		resource.TestStep{Config: g.config(fullUser)},
		resource.TestStep{Config: g.config(fullUser), ConfigPlanChecks: nothing()},
		imported("ada"),
		imported("Ada@example.com"),
		resource.TestStep{
			Config:           g.config(replace(fullUser, "30\n", "40\n")),
			ConfigPlanChecks: onlyChanges(theUser, changes{"rpm_limit": "30 -> 40"}),
		},
		resource.TestStep{Config: g.config(plainUser)},
		resource.TestStep{Config: g.config(plainUser), ConfigPlanChecks: nothing()},
	)
}

// An id that the gateway chose is another user's when it changes; a user without one is made once.
func TestAccUser_withoutID(t *testing.T) {
	g := startGateway(t)
	const config = "resource \"bursar_user\" \"ada\" {\n  user_email = \"ada@example.com\"\n}\n"
	run(t,
		resource.TestStep{Config: g.config(config), ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(theUser, tfjsonpath.New("user_id"), knownvalue.NotNull()),
		}},
		resource.TestStep{Config: g.config(config), ConfigPlanChecks: nothing()},
	)
}

func TestAccUser_existingOneAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	must[api.User](t)(g.CreateUser(t.Context(), "ada", api.UserFields{}))
	run(t, resource.TestStep{Config: g.config(plainUser), ExpectError: says("terraform import bursar_user.NAME ada")})
}

func TestAccUser_mistakesAreToldByThePlan(t *testing.T) {
	g := startGateway(t)
	for config, want := range map[string]string{
		"user_email = \"ada\"":                 "is not an e-mail address",
		"user_role = \"king\"":                 `"king" is no role`,
		"max_budget = 1\n  soft_budget = 2":    "soft_budget",
		"budget_duration = \"x\"":              "budget_duration",
		"rpm_limit = -1":                       "rpm_limit",
		"temp_budget_increase = 1":             "temp_budget_expiry",
		"user_id = \"\"\n  user_alias = \"x\"": "user_id",
	} {
		run(t, resource.TestStep{Config: g.config("resource \"bursar_user\" \"ada\" {\n  " + config + "\n}\n"), ExpectError: says(want)})
	}
}

// A user takes no key and no place in a team along that nobody said may go.
func TestAccUser_destroyLeavesWhatOthersHold(t *testing.T) {
	g := startGateway(t)
	const others = "resource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n}\n"
	key := ""
	run(t,
		resource.TestStep{Config: g.config(plainUser, others)},
		resource.TestStep{
			PreConfig: func() {
				must[api.Membership](t)(g.AddMember(t.Context(), "t", "ada", "", api.MemberFields{Role: "user"}))
			},
			Config: g.config(others), ExpectError: says("User still in teams"),
		},
		resource.TestStep{
			PreConfig: func() {
				key = must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{UserID: new("ada")}})).KeyID
			},
			Config: g.config(others), ExpectError: says("User still has keys"),
		},
		resource.TestStep{Config: g.config(replace(plainUser, "\"ada\"\n}", "\"ada\"\n  deletion_protection = true\n  force_destroy = true\n}"), others)},
		resource.TestStep{Config: g.config(others), ExpectError: says("deletion_protection")},
		resource.TestStep{Config: g.config(replace(plainUser, "\"ada\"\n}", "\"ada\"\n  force_destroy = true\n}"), others)},
		resource.TestStep{Config: g.config(others)},
	)
	if _, err := g.GetKey(t.Context(), key); api.CodeOf(err) != api.NotFound {
		t.Errorf("the key of a user that was destroyed by force: %v", err)
	}
}
