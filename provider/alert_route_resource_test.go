package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	firstSecret  = "whsec_Y2FuYXJ5LXNlY3JldC1vZi0yNC1ieXRlcy0x" // decodes to a canary
	secondSecret = "canary-secret-of-24-bytes-2"
)

const fullRoute = `
resource "bursar_alert_route" "oncall" {
  name         = "oncall"
  events       = ["budget.soft_limit", "budget.hard_limit"]
  team_ids     = ["a", "b"]
  min_severity = "warning"
  thresholds   = [0.8, 0.95, 1.0]
  labels       = { tier = "gold" }
  fallback     = true
  group_wait   = "30s"
  quiet_hours  = "22:00-07:00 Europe/Berlin"

  repeat_interval = "24h"
  escalate_to     = "boss"
  escalate_after  = "15m"
  digest          = "daily 08:00 Europe/Berlin"
  webhook = {
    url               = "https://alerts.example.com/llm"
    secret_wo         = "` + firstSecret + `"
    secret_wo_version = 1
  }
}
`

const plainRoute = `
resource "bursar_alert_route" "oncall" {
  name = "oncall"
  webhook = {
    url = "https://alerts.example.com/llm"
  }
}
`

// escalatedTo are the routes that others escalate to.
var escalatedTo = []string{"boss", "ann"}

func (g *gateway) addEscalatedTo() *gateway {
	g.t.Helper()
	for _, id := range escalatedTo {
		fields := api.NewAlertRoute(id).AlertRouteFields
		fields.Name, fields.Webhook = id, &api.WebhookTarget{URL: "https://alerts.example.com/" + id}
		must[api.AlertRoute](g.t)(g.CreateAlertRoute(g.t.Context(), id, fields))
	}
	return g
}

// onlyRoute is the one beside them.
func (g *gateway) onlyRoute() api.AlertRoute {
	g.t.Helper()
	routes := must[[]api.AlertRoute](g.t)(g.ListAlertRoutes(g.t.Context()))
	routes = slices.DeleteFunc(routes, func(route api.AlertRoute) bool { return slices.Contains(escalatedTo, route.AlertRouteID) })
	if len(routes) != 1 {
		g.t.Fatalf("there are %d alert routes", len(routes))
	}
	return routes[0]
}

func (g *gateway) changeRoute(change func(*api.AlertRouteFields)) func() {
	return func() {
		g.t.Helper()
		route := g.onlyRoute()
		change(&route.AlertRouteFields)
		must[api.AlertRoute](g.t)(g.UpdateAlertRoute(g.t.Context(), route.AlertRouteID, route.AlertRouteFields, 0))
	}
}

func TestAccAlertRoute_createUpdateImport(t *testing.T) {
	g := startGateway(t).addEscalatedTo()
	run(t,
		resource.TestStep{Config: g.config(fullRoute), ConfigStateChecks: noCanary()},
		resource.TestStep{Config: g.config(fullRoute), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(fullRoute, "0.95, 1.0", "1.0")),
			ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{"thresholds.1": "0.95 -> 1", "thresholds.2": "1 -> "}),
		},
		resource.TestStep{
			Config: g.config(replace(fullRoute, "0.95, 1.0", "1.0")), ResourceName: "bursar_alert_route.oncall",
			ImportState: true, ImportStateIdFunc: importID("bursar_alert_route.oncall", "alert_route_id"),
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "alert_route_id",
		},
		resource.TestStep{
			PreConfig: func() {
				if print := g.onlyRoute().Webhook.SecretFingerprint; print == "" {
					t.Error("the secret was not set, or was lost in an update")
				}
			},
			Config: g.config(plainRoute),
			ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{
				"events.0": `"budget.soft_limit" -> `, "events.1": `"budget.hard_limit" -> `, "team_ids.0": `"a" -> `, "team_ids.1": `"b" -> `,
				"min_severity": `"warning" -> `, "thresholds.0": "0.8 -> ", "thresholds.1": "1 -> ", "webhook.secret_wo_version": "1 -> ",
				"labels.tier": `"gold" -> `, "fallback": "true -> false", "group_wait": `"30s" -> `,
				"quiet_hours": `"22:00-07:00 Europe/Berlin" -> `, "repeat_interval": `"24h" -> `,
				"escalate_to": `"boss" -> `, "escalate_after": `"15m" -> `,
				"digest": `"daily 08:00 Europe/Berlin" -> `,
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				if print := g.onlyRoute().Webhook.SecretFingerprint; print != "" {
					t.Error("the secret was not taken off")
				}
			},
			Config: g.config(plainRoute), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccAlertRoute_secretDrifts(t *testing.T) {
	g := startGateway(t).addEscalatedTo()
	setSecret := func(secret string) func() {
		return g.changeRoute(func(f *api.AlertRouteFields) {
			f.Webhook = &api.WebhookTarget{URL: f.Webhook.URL, Secret: &secret}
		})
	}
	var configured string
	keep := func() { configured = g.onlyRoute().Webhook.SecretFingerprint }
	same := func() {
		if got := g.onlyRoute().Webhook.SecretFingerprint; got != configured {
			t.Error("the configured secret is not back")
		}
	}
	version := func(before, after string) resource.ConfigPlanChecks {
		return onlyChanges("bursar_alert_route.oncall", changes{"webhook.secret_wo_version": before + " -> " + after})
	}
	run(t,
		resource.TestStep{Config: g.config(fullRoute)},
		resource.TestStep{PreConfig: func() { keep(); setSecret(secondSecret)() }, Config: g.config(fullRoute), ConfigPlanChecks: version("0", "1")},
		resource.TestStep{PreConfig: func() { same(); setSecret("")() }, Config: g.config(fullRoute), ConfigPlanChecks: version("", "1")},
		resource.TestStep{
			PreConfig: same,
			Config:    g.config(replace(replace(fullRoute, firstSecret, secondSecret), "version = 1", "version = 2")), ConfigPlanChecks: version("1", "2"),
		},
		resource.TestStep{Config: g.config(plainRoute)},
		resource.TestStep{PreConfig: setSecret(secondSecret), Config: g.config(plainRoute), ConfigPlanChecks: version("0", "")},
		resource.TestStep{
			PreConfig: func() {
				if g.onlyRoute().Webhook.SecretFingerprint != "" {
					t.Error("the foreign secret is still there")
				}
			},
			Config: g.config(plainRoute), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccAlertRoute_importedPlanIsEmpty(t *testing.T) {
	g := startGateway(t)
	route := api.NewAlertRoute("r")
	route.Name, route.Webhook = "oncall", &api.WebhookTarget{URL: "https://alerts.example.com/llm", Secret: new(firstSecret)}
	must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), "r", route.AlertRouteFields))
	config := g.config("import {\n  to = bursar_alert_route.oncall\n  id = \"r\"\n}\n", fmt.Sprintf(`
resource "bursar_alert_route" "oncall" {
  alert_route_id = "r"
  name           = "oncall"
  webhook = {
    url               = "https://alerts.example.com/llm"
    secret_wo         = %q
    secret_wo_version = 1
  }
}
`, firstSecret))
	run(t,
		resource.TestStep{Config: config, ConfigPlanChecks: nothingButImports(1)},
		resource.TestStep{Config: config, ConfigPlanChecks: nothing()},
	)
}

func TestAccAlertRoute_existingNameAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	route := api.NewAlertRoute("")
	route.Name, route.Webhook = "oncall", &api.WebhookTarget{URL: "https://alerts.example.com/llm"}
	created := must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), "", route.AlertRouteFields))
	run(t, resource.TestStep{
		Config:      g.config(plainRoute),
		ExpectError: regexp.MustCompile(`(?s)name = "oncall".*terraform import bursar_alert_route.NAME ` + created.AlertRouteID),
	})
}

// A route that is escalated to goes in the apply that takes the escalation off; a typing error is told in the plan and refused.
func TestAccAlertRoute_escalation(t *testing.T) {
	g := startGateway(t)
	leads := replace(replace(plainRoute, `"oncall" {`, `"leads" {`), `name = "oncall"`, "name = \"leads\"\n  alert_route_id = \"leads\"")
	escalating := func(to string) string {
		return replace(plainRoute, `name = "oncall"`, "name = \"oncall\"\n  escalate_after = \"15m\"\n  escalate_to = "+to)
	}
	run(t,
		resource.TestStep{Config: g.config(leads)},
		resource.TestStep{Config: g.config(leads + escalating(`"laeds"`)), ExpectError: regexp.MustCompile(`did you mean "leads"\?`)},
		resource.TestStep{Config: g.config(leads + escalating("bursar_alert_route.leads.alert_route_id"))},
		resource.TestStep{Config: g.config(plainRoute)},
		resource.TestStep{Config: g.config(plainRoute), ConfigPlanChecks: nothing()},
	)
}
