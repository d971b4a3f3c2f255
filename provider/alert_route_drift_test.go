package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var routeDrift = []driftCase[api.AlertRouteFields]{
	{fullRoute, func(f *api.AlertRouteFields) { // value to value
		f.Name, f.Events, f.TeamIDs = "x", api.StringList{"budget.hard_limit", "budget.soft_limit"}, api.StringList{"b", "a", "c"}
		f.MinSeverity, f.Thresholds, f.Enabled = new("critical"), []float64{0.7, 0.95, 1}, false
		f.Labels, f.Fallback, f.GroupWait, f.QuietHours = map[string]string{"tier": "lead"}, false, new("10s"), new("20:00-06:00 UTC")
		f.RepeatInterval, f.EscalateTo, f.EscalateAfter, f.Digest = new("12h"), new("ann"), new("1h"), new("weekly monday 09:00")
		f.Webhook = &api.WebhookTarget{URL: "https://elsewhere.example.com/"}
	}, changes{
		"name": `"x" -> "oncall"`, "events.0": `"budget.hard_limit" -> "budget.soft_limit"`, "events.1": `"budget.soft_limit" -> "budget.hard_limit"`,
		"team_ids.0": `"b" -> "a"`, "team_ids.1": `"a" -> "b"`, "team_ids.2": `"c" -> `,
		"min_severity": `"critical" -> "warning"`, "thresholds.0": "0.7 -> 0.8", "enabled": "false -> true",
		"labels.tier": `"lead" -> "gold"`, "fallback": "false -> true", "group_wait": `"10s" -> "30s"`,
		"quiet_hours": `"20:00-06:00 UTC" -> "22:00-07:00 Europe/Berlin"`, "repeat_interval": `"12h" -> "24h"`,
		"escalate_to": `"ann" -> "boss"`, "escalate_after": `"1h" -> "15m"`, "digest": `"weekly monday 09:00" -> "daily 08:00 Europe/Berlin"`,
		"webhook.url": `"https://elsewhere.example.com/" -> "https://alerts.example.com/llm"`,
	}},
	{fullRoute, func(f *api.AlertRouteFields) { // value to null, entries removed
		f.Events, f.TeamIDs, f.MinSeverity, f.Thresholds = nil, f.TeamIDs[:1], nil, f.Thresholds[:2]
		f.Labels, f.GroupWait, f.QuietHours = nil, nil, nil
		f.RepeatInterval, f.EscalateTo, f.EscalateAfter, f.Digest = nil, nil, nil, nil
	}, changes{
		"events.0": ` -> "budget.soft_limit"`, "events.1": ` -> "budget.hard_limit"`, "team_ids.1": ` -> "b"`,
		"min_severity": ` -> "warning"`, "thresholds.2": " -> 1",
		"labels.tier": ` -> "gold"`, "group_wait": ` -> "30s"`, "quiet_hours": ` -> "22:00-07:00 Europe/Berlin"`,
		"repeat_interval": ` -> "24h"`, "escalate_to": ` -> "boss"`, "escalate_after": ` -> "15m"`,
		"digest": ` -> "daily 08:00 Europe/Berlin"`,
	}},
	{plainRoute, func(f *api.AlertRouteFields) { // null to value
		f.Labels, f.GroupWait, f.QuietHours = map[string]string{"a": "b"}, new("10s"), new("20:00-06:00")
		f.RepeatInterval, f.EscalateTo, f.EscalateAfter, f.Digest = new("12h"), new("ann"), new("1h"), new("weekly monday 09:00")
		f.Events, f.TeamIDs, f.MinSeverity, f.Thresholds = api.StringList{"budget.soft_limit"}, api.StringList{"a"}, new("info"), []float64{0.5}
	}, changes{
		"labels.a": `"b" -> `, "group_wait": `"10s" -> `, "quiet_hours": `"20:00-06:00" -> `,
		"repeat_interval": `"12h" -> `, "escalate_to": `"ann" -> `, "escalate_after": `"1h" -> `,
		"digest":   `"weekly monday 09:00" -> `,
		"events.0": `"budget.soft_limit" -> `, "team_ids.0": `"a" -> `, "min_severity": `"info" -> `, "thresholds.0": "0.5 -> ",
	}},
}

func TestAccAlertRoute_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t).addEscalatedTo()
	run(t, append(driftSteps(g, "bursar_alert_route.oncall", routeDrift, g.changeRoute), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteAlertRoute(t.Context(), g.onlyRoute().AlertRouteID); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(plainRoute), ConfigPlanChecks: willCreate("bursar_alert_route.oncall"),
	})...)
}
