package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// silentRoute says nothing of the address, as Terraform writes it for an imported route.
const silentRoute = `
resource "bursar_alert_route" "oncall" {
  name = "oncall"
  webhook = {
    url = null # sensitive
  }
}
`

func (g *gateway) moveRoute(url string) func() {
	return g.changeRoute(func(f *api.AlertRouteFields) { f.Webhook = &api.WebhookTarget{URL: url} })
}

func (g *gateway) routeGoesTo(url string) func() {
	return func() {
		g.t.Helper()
		if got := g.onlyRoute().Webhook.URL; got != url {
			g.t.Errorf("the route goes to %s, want %s", got, url)
		}
	}
}

func TestAccAlertRoute_urlLeftOutStays(t *testing.T) {
	g := startGateway(t)
	const first, second = "https://alerts.example.com/llm", "https://elsewhere.example.com/"
	louder := replace(silentRoute, `name = "oncall"`, "name = \"oncall\"\n  min_severity = \"warning\"")
	run(t,
		resource.TestStep{Config: g.config(plainRoute)},
		resource.TestStep{Config: g.config(silentRoute), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config: g.config(louder), ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{"min_severity": ` -> "warning"`}),
		},
		resource.TestStep{PreConfig: g.routeGoesTo(first), Config: g.config(louder), ConfigPlanChecks: nothing()},
		resource.TestStep{PreConfig: g.moveRoute(second), Config: g.config(louder), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config: g.config(silentRoute), ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{"min_severity": `"warning" -> `}),
		},
		resource.TestStep{
			PreConfig: g.routeGoesTo(second),
			Config:    g.config(plainRoute), ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{
				"webhook.url": `"` + second + `" -> "` + first + `"`,
			}),
		},
		resource.TestStep{PreConfig: g.routeGoesTo(first), Config: g.config(plainRoute), ConfigPlanChecks: nothing()},
	)
}

func TestAccAlertRoute_newOneNeedsAURL(t *testing.T) {
	g := startGateway(t)
	refused := says("A new alert route needs webhook.url")
	another := replace(silentRoute, `name = "oncall"`, "name = \"oncall\"\n  alert_route_id = \"another\"")
	run(t,
		resource.TestStep{Config: g.config(silentRoute), ExpectError: refused},
		resource.TestStep{Config: g.config(replace(silentRoute, "url = null # sensitive", "")), ExpectError: refused},
		resource.TestStep{Config: g.config(plainRoute)},
		resource.TestStep{Config: g.config(another), ExpectError: refused},
		resource.TestStep{PreConfig: func() {
			if g.onlyRoute().AlertRouteID == "another" {
				t.Error("the route was replaced")
			}
		}, Config: g.config(plainRoute), ConfigPlanChecks: nothing()},
	)
}

// A secret that only the gateway has is nothing that Terraform holds: it may be changed there.
func TestAccAlertRoute_adoptedSecretMayChange(t *testing.T) {
	g := startGateway(t)
	route := api.NewAlertRoute("r")
	route.Name, route.Webhook = "oncall", &api.WebhookTarget{URL: "https://alerts.example.com/llm", Secret: new(firstSecret)}
	must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), "r", route.AlertRouteFields))
	prints := map[string]string{firstSecret: g.onlyRoute().Webhook.SecretFingerprint}
	imports := "import {\n  to = bursar_alert_route.oncall\n  id = \"r\"\n}\n"
	adopted := replace(silentRoute, "url = null # sensitive", "secret_wo_version = 1")
	changed := func() {
		g.changeRoute(func(f *api.AlertRouteFields) {
			f.Webhook = &api.WebhookTarget{URL: f.Webhook.URL, Secret: new(secondSecret)}
		})()
		prints[secondSecret] = g.onlyRoute().Webhook.SecretFingerprint
	}
	holds := func(secret string) func() {
		return func() {
			if got := g.onlyRoute().Webhook.SecretFingerprint; got != prints[secret] {
				t.Errorf("the secret is not %s", secret)
			}
		}
	}
	run(t,
		resource.TestStep{Config: g.config(imports, adopted), ConfigPlanChecks: nothingButImports(1)},
		resource.TestStep{PreConfig: changed, Config: g.config(adopted), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(adopted, `name = "oncall"`, "name = \"oncall\"\n  enabled = false")),
			ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{"enabled": "true -> false"}),
		},
		resource.TestStep{
			PreConfig: holds(secondSecret),
			Config:    g.config(replace(adopted, "secret_wo_version = 1", "secret_wo_version = 1\n    secret_wo = \""+firstSecret+"\"")),
			ConfigPlanChecks: onlyChanges("bursar_alert_route.oncall", changes{
				"enabled": "false -> true", "webhook.secret_wo_version": "0 -> 1",
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				holds(firstSecret)()
				g.changeRoute(func(f *api.AlertRouteFields) { f.Webhook = &api.WebhookTarget{URL: f.Webhook.URL, Secret: new("")} })()
			},
			Config: g.config(adopted), ExpectError: says("A new version means that secret_wo is sent, which is not set"),
		},
	)
}
