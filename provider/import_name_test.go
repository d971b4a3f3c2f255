package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What people know an object by imports it as well as its id does; where several have the name, they are listed.
func TestAccImport_byWhatPeopleCallIt(t *testing.T) {
	g := startGateway(t)
	ctx := t.Context()
	must[api.Team](t)(g.CreateTeam(ctx, "t-1", api.TeamFields{TeamAlias: new("Sales"), BudgetTerms: api.BudgetTerms{HardCap: true}}))
	must[api.Team](t)(g.CreateTeam(ctx, "t-2", api.TeamFields{TeamAlias: new("Twin")}))
	must[api.Team](t)(g.CreateTeam(ctx, "t-3", api.TeamFields{TeamAlias: new("Twin")}))
	must[api.Team](t)(g.CreateTeam(ctx, "Twin-not", api.TeamFields{TeamAlias: new("t-1")})) // an id comes before a name
	must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("app"), BudgetTerms: api.BudgetTerms{HardCap: true}}}))
	must[api.Membership](t)(g.AddMember(ctx, "t-1", "ada", "Ada@example.com", api.MemberFields{Role: api.MemberUser}))
	must[api.AlertRoute](t)(g.CreateAlertRoute(ctx, "r-1", api.AlertRouteFields{
		Name: "oncall", Enabled: true, AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: "https://alerts.example.com/"}},
	}))
	const config = `
import {
  to = bursar_team.sales
  id = "Sales"
}
resource "bursar_team" "sales" {
  team_id    = "t-1"
  team_alias = "Sales"
}
import {
  to = bursar_key.app
  id = "app"
}
resource "bursar_key" "app" {
  key_alias = "app"
}
import {
  to = bursar_team_member.ada
  id = "t-1/ada@EXAMPLE.com"
}
resource "bursar_team_member" "ada" {
  team_id = "t-1"
  user_id = "ada"
}
import {
  to = bursar_alert_route.oncall
  id = "oncall"
}
resource "bursar_alert_route" "oncall" {
  alert_route_id = "r-1"
  name           = "oncall"
  webhook        = {}
}
`
	if state, _ := g.protocol().importBy("bursar_team", "t-1", nil); state["team_id"] != "t-1" {
		t.Errorf("t-1 imports %v", state["team_id"])
	}
	run(t,
		resource.TestStep{Config: g.config(replace(config, `id = "Sales"`, `id = "Twin"`)), ExpectError: says(`are called "Twin": t-2, t-3. Import the one that is meant by its id`)},
		resource.TestStep{Config: g.config(config), ConfigPlanChecks: nothingButImports(4)},
	)
}
