package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// routeTo is a route with one target.
func routeTo(target string) string {
	return "resource \"bursar_alert_route\" \"oncall\" {\n  name = \"oncall\"\n  " + target + "\n}\n"
}

const routingKey = "canaryroutingkey0123456789abcdef"

var (
	fullWebhook = routeTo(`webhook = {
    url    = "https://alerts.example.com/llm"
    format = "litellm"
    secret_wo = "` + secondSecret + `"
    secret_wo_version = 1
    second_secret_wo = "canary-of-a-second-secret-24"
    second_secret_wo_version = 1
    headers_wo = { Authorization = "canary-of-a-header" }
    headers_wo_version = 1
  }`)
	slackBot = routeTo(`slack = {
    token_wo         = "xoxb-canary"
    token_wo_version = 1
    channel          = "C1"
    api_url          = "https://slack.example.com/api/"
  }`)
	slackHook = routeTo(`slack = {
    url_wo         = "https://hooks.slack.com/services/canary"
    url_wo_version = 1
  }`)
	pagerDuty = routeTo(`pagerduty = {
    routing_key_wo         = "` + routingKey + `"
    routing_key_wo_version = 1
    url                    = "https://events.eu.pagerduty.com/v2/enqueue"
    severities             = { warning = "error" }
  }`)
	mailbox = routeTo(`email = {
    to   = ["ann@example.com", "ben@example.com"]
    from = "bursar@example.com"
    smtp_host = "mail.example.com"
    smtp_port = 465
    smtp_tls  = "tls"
    smtp_username = "bursar"
    smtp_password_wo = "canary-password"
    smtp_password_wo_version = 1
  }`)
	alertmanager = routeTo(`alertmanager = {
    url    = "https://am.example.com"
    labels = { env = "prod" }
    headers_wo = { Authorization = "canary-of-a-header" }
    headers_wo_version = 1
  }`)
	msTeams = routeTo(`microsoft_teams = {
    url_wo         = "https://x.logic.azure.com/canary"
    url_wo_version = 1
  }`)
)

// to sends the route elsewhere on the gateway.
func to(targets api.AlertTargets) func(*api.AlertRouteFields) {
	return func(f *api.AlertRouteFields) { f.AlertTargets = targets }
}

func otherHeaders() map[string]string { return map[string]string{"X-Other": "y"} }

var targetDrift = []driftCase[api.AlertRouteFields]{
	{fullWebhook, func(f *api.AlertRouteFields) {
		f.Webhook.Format, f.Webhook.SecondSecret, f.Webhook.Headers = "standard", new("another-second-secret-of-24"), otherHeaders()
	}, changes{
		"webhook.format": `"standard" -> "litellm"`, "webhook.second_secret_wo_version": "0 -> 1", "webhook.headers_wo_version": "0 -> 1",
	}},
	{fullWebhook, func(f *api.AlertRouteFields) {
		f.Webhook.Format, f.Webhook.SecondSecret, f.Webhook.Headers = "", new(""), map[string]string{}
	}, changes{
		"webhook.format": ` -> "litellm"`, "webhook.second_secret_wo_version": " -> 1", "webhook.headers_wo_version": " -> 1",
	}},
	{plainRoute, func(f *api.AlertRouteFields) {
		f.Webhook.Format, f.Webhook.SecondSecret, f.Webhook.Headers = "litellm", new("another-second-secret-of-24"), otherHeaders()
	}, changes{
		"webhook.format": `"litellm" -> `, "webhook.second_secret_wo_version": "0 -> ", "webhook.headers_wo_version": "0 -> ",
	}},
	{slackBot, func(f *api.AlertRouteFields) {
		f.Slack.Token, f.Slack.Channel, f.Slack.APIURL = new("xoxb-other"), "C2", "https://other.example.com/api/"
	}, changes{
		"slack.token_wo_version": "0 -> 1", "slack.channel": `"C2" -> "C1"`, "slack.api_url": `"https://other.example.com/api/" -> "https://slack.example.com/api/"`,
	}},
	{slackBot, to(api.AlertTargets{Slack: &api.SlackTarget{URL: new("https://hooks.slack.com/services/other"), Token: new("")}}), changes{
		"slack.token_wo_version": " -> 1", "slack.channel": ` -> "C1"`, "slack.api_url": ` -> "https://slack.example.com/api/"`, "slack.url_wo_version": "0 -> ",
	}},
	{slackHook, to(api.AlertTargets{Slack: &api.SlackTarget{URL: new("https://hooks.slack.com/services/other")}}), changes{"slack.url_wo_version": "0 -> 1"}},
	{slackHook, to(api.AlertTargets{Slack: &api.SlackTarget{URL: new(""), Token: new("xoxb-other"), Channel: "C2", APIURL: "https://other.example.com/api/"}}), changes{
		"slack.url_wo_version": " -> 1", "slack.token_wo_version": "0 -> ", "slack.channel": `"C2" -> `, "slack.api_url": `"https://other.example.com/api/" -> `,
	}},
	{pagerDuty, to(api.AlertTargets{PagerDuty: &api.PagerDutyTarget{
		RoutingKey: new("another0123456789abcdef012345678"), URL: "https://events.example.com", Severities: map[string]string{"warning": "info"},
	}}), changes{
		"pagerduty.routing_key_wo_version": "0 -> 1", "pagerduty.url": `"https://events.example.com" -> "https://events.eu.pagerduty.com/v2/enqueue"`,
		"pagerduty.severities.warning": `"info" -> "error"`,
	}},
	{pagerDuty, to(api.AlertTargets{Email: &api.EmailTarget{
		To: api.StringList{"eve@example.com"}, From: "x@example.com", SMTPHost: "h.example.com", SMTPPort: 25, SMTPTLS: "starttls",
		SMTPUsername: "eve", SMTPPassword: new("other"),
	}}), changes{
		"pagerduty.routing_key_wo_version": " -> 1", "pagerduty.url": ` -> "https://events.eu.pagerduty.com/v2/enqueue"`, "pagerduty.severities.warning": ` -> "error"`,
		"email.to.0": `"eve@example.com" -> `, "email.from": `"x@example.com" -> `, "email.smtp_host": `"h.example.com" -> `, "email.smtp_port": "25 -> ",
		"email.smtp_tls": `"starttls" -> `, "email.smtp_username": `"eve" -> `, "email.smtp_password_wo_version": "0 -> ",
	}},
	{mailbox, to(api.AlertTargets{Email: &api.EmailTarget{
		To: api.StringList{"eve@example.com", "ben@example.com"}, From: "x@example.com", SMTPHost: "h.example.com", SMTPPort: 25, SMTPTLS: "starttls",
		SMTPUsername: "eve", SMTPPassword: new("other"),
	}}), changes{
		"email.to.0": `"eve@example.com" -> "ann@example.com"`, "email.from": `"x@example.com" -> "bursar@example.com"`,
		"email.smtp_host": `"h.example.com" -> "mail.example.com"`, "email.smtp_port": "25 -> 465", "email.smtp_tls": `"starttls" -> "tls"`,
		"email.smtp_username": `"eve" -> "bursar"`, "email.smtp_password_wo_version": "0 -> 1",
	}},
	{mailbox, to(api.AlertTargets{Alertmanager: &api.AlertmanagerTarget{
		URL: "https://other.example.com", Labels: map[string]string{"env": "dev"}, Headers: otherHeaders(),
	}}), changes{
		"email.to.0": ` -> "ann@example.com"`, "email.to.1": ` -> "ben@example.com"`, "email.from": ` -> "bursar@example.com"`, "email.smtp_host": ` -> "mail.example.com"`,
		"email.smtp_port": " -> 465", "email.smtp_tls": ` -> "tls"`, "email.smtp_username": ` -> "bursar"`, "email.smtp_password_wo_version": " -> 1",
		"alertmanager.url": `"https://other.example.com" -> `, "alertmanager.labels.env": `"dev" -> `, "alertmanager.headers_wo_version": "0 -> ",
	}},
	{alertmanager, to(api.AlertTargets{Alertmanager: &api.AlertmanagerTarget{
		URL: "https://other.example.com", Labels: map[string]string{"env": "dev"}, Headers: otherHeaders(),
	}}), changes{
		"alertmanager.url": `"https://other.example.com" -> "https://am.example.com"`, "alertmanager.labels.env": `"dev" -> "prod"`, "alertmanager.headers_wo_version": "0 -> 1",
	}},
	{alertmanager, to(api.AlertTargets{MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: new("https://x.logic.azure.com/other")}}), changes{
		"alertmanager.url": ` -> "https://am.example.com"`, "alertmanager.labels.env": ` -> "prod"`, "alertmanager.headers_wo_version": " -> 1",
		"microsoft_teams.url_wo_version": "0 -> ",
	}},
	{msTeams, to(api.AlertTargets{MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: new("https://x.logic.azure.com/other")}}), changes{"microsoft_teams.url_wo_version": "0 -> 1"}},
	{msTeams, to(api.AlertTargets{PagerDuty: &api.PagerDutyTarget{
		RoutingKey: new(routingKey), URL: "https://events.example.com", Severities: map[string]string{"warning": "info"},
	}}), changes{
		"microsoft_teams.url_wo_version": " -> 1", "pagerduty.routing_key_wo_version": "0 -> ", "pagerduty.url": `"https://events.example.com" -> `,
		"pagerduty.severities.warning": `"info" -> `,
	}},
}

// Every attribute of every target is applied, planned as nothing, and drifts.
func TestAccAlertRoute_everyTargetDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, driftSteps(g, "bursar_alert_route.oncall", targetDrift, g.changeRoute)...)
}

// What a target does not take is refused before anything is applied, and the block that is meant is named.
func TestAlertRoute_targetsRefusedAtPlanTime(t *testing.T) {
	g := startGateway(t)
	webhookTo := func(url string) string { return routeTo(fmt.Sprintf("webhook = { url = %q }", url)) }
	var refusals []refusal
	for _, test := range []struct{ config, says string }{
		{webhookTo("https://hooks.slack.com/services/T0/B0/x"), `Slack\s+address.*slack\.url`},
		{webhookTo("https://prod-1.westeurope.logic.azure.com/workflows/x"), `Microsoft\s+Teams.*microsoft_teams\.url`},
		{webhookTo("https://events.pagerduty.com/v2/enqueue"), `PagerDuty.*pagerduty\.routing_key`},
		{routeTo(""), `a\s+route\s+needs\s+a\s+target`},
		{routeTo("webhook = { url = \"https://a.example\" }\n slack = { url_wo = \"https://b.example\", url_wo_version = 1 }"), `second\s+target,\s+after\s+webhook`},
		{routeTo(`slack = {}`), `slack\.url_wo is required`},
		{routeTo(`slack = { token_wo = "x", token_wo_version = 1 }`), `slack\.channel is required`},
		{routeTo(`pagerduty = { routing_key_wo = "short", routing_key_wo_version = 1 }`), `has 32`},
		{routeTo(`pagerduty = { routing_key_wo_version = 1 }`), `Secret missing`},
		{routeTo(`email = { to = ["nobody"] }`), `no\s+e-mail\s+address`},
		{routeTo(`email = { to = ["a@b.example"], smtp_port = 25 }`), `smtp_host is required`},
		{routeTo(`alertmanager = { url = "ftp://x" }`), `not an http or https address`},
		{routeTo(`webhook = { url = "https://a.example", format = "xml" }`), `standard or\s+litellm`},
	} {
		refusals = append(refusals, refusal{test.config, regexp.MustCompile(`(?s)` + test.says)})
	}
	refuses(t, g.config(), refusals...)
}
