package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// An object tells which configuration it is of; what is done to it at once is no drift and is not taken back.
func TestAccManagedBy_atOnce(t *testing.T) {
	g := startGateway(t)
	config := func(rpm string) string {
		return replace(g.config("resource \"bursar_team\" \"a\" {\n  team_id   = \"a\"\n  rpm_limit = "+rpm+"\n}\n"), "  max_retries = 2\n",
			"  managed_by = {\n    workspace = \"prod\"\n    address   = \"https://git.example/quotas\"\n  }\n")
	}
	atNight := must[*client.Client](t)(client.New(client.Options{Endpoint: g.URL, AdminKey: adminKey, Actor: "ada", Reason: "it leaks", RetryMax: -1}))
	blocked := func(want bool) func() {
		return func() {
			team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "a"))
			if team.Blocked != want || team.ManagedBy == nil || team.ManagedBy.Workspace != "prod" || team.ManagedBy.Address != "https://git.example/quotas" {
				t.Errorf("blocked %t by %+v", team.Blocked, team.ManagedBy)
			}
		}
	}
	run(t,
		resource.TestStep{Config: config("5")},
		resource.TestStep{
			PreConfig: func() { must[api.Team](t)(atNight.BlockTeam(t.Context(), "a")) },
			Config:    config("5"), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{PreConfig: blocked(true), Config: config("6"), ConfigPlanChecks: onlyChanges("bursar_team.a", changes{"rpm_limit": "5 -> 6"})},
		resource.TestStep{PreConfig: blocked(true), Config: config("6"), PlanOnly: true},
	)
}

// A plan says that another workspace has the object too, and that somebody has blocked it.
func TestAccManagedBy_isToldByThePlan(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	managed := func(workspace string) string {
		return versions + "provider \"bursar\" {\n  managed_by = { workspace = \"" + workspace + "\" }\n}\n\nresource \"bursar_team\" \"a\" {\n  team_id = \"a\"\n}\n"
	}
	c.write("main.tf", managed("prod"))
	c.apply()
	if said := c.plans(0, managed("prod")); strings.Contains(said, "Two configurations") || strings.Contains(said, "Changed at once") {
		t.Errorf("nothing is to be told:\n%s", said)
	}
	if said := c.plans(0, managed("staging")); !strings.Contains(said, "Two configurations manage one object") || !strings.Contains(said, "workspace prod") {
		t.Errorf("another workspace is not told:\n%s", said)
	}
	atNight := must[*client.Client](t)(client.New(client.Options{Endpoint: g.URL, AdminKey: adminKey, Actor: "ada", Reason: "it leaks", RetryMax: -1}))
	must[api.Team](t)(atNight.BlockTeam(t.Context(), "a"))
	if said := c.plans(0, managed("prod")); !strings.Contains(said, "was blocked by ada") || !strings.Contains(said, "it leaks") {
		t.Errorf("what was done at once is not told:\n%s", said)
	}
}
