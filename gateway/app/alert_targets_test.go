package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Every target takes a test event through the whole gateway, and nothing that was answered or logged holds a secret.
func TestAlertTargets_takeATest(t *testing.T) {
	t.Parallel()
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	mail := testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	s.AllowPrivateTargets, s.SMTP = true, &config.SMTP{Host: mail.Host(), Port: mail.Port(), TLS: "none", From: "bursar@example.com"}
	g := start(t, s)
	slack := testenv.StartSlack(t, testenv.SlackOptions{Token: "canary-token", Channel: "C1"})
	pagerDuty := testenv.StartPagerDuty(t, strings.Repeat("c", 32))
	targets := map[string]string{
		"webhook":         fmt.Sprintf(`{"url":%q}`, testenv.StartWebhook(t, testenv.WebhookOptions{}).URL()),
		"slack":           fmt.Sprintf(`{"token":"canary-token","channel":"C1","api_url":%q}`, slack.APIURL()),
		"pagerduty":       fmt.Sprintf(`{"routing_key":%q,"url":%q}`, strings.Repeat("c", 32), pagerDuty.URL()+testenv.PagerDutyEvents),
		"email":           `{"to":["ann@example.com"]}`,
		"microsoft_teams": fmt.Sprintf(`{"url":%q}`, testenv.StartMicrosoftTeams(t).URL()+testenv.TeamsWorkflow),
		"alertmanager":    fmt.Sprintf(`{"url":%q}`, testenv.StartAlertmanager(t).URL()),
	}
	for _, kind := range (api.AlertTargets{}).Kinds() {
		g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"alert_route_id":%q,"name":%q,%q:%s}`, kind, kind, kind, targets[kind]))
		if tested := g.admin("POST", "/alert_route/test", fmt.Sprintf(`{"alert_route_id":%q}`, kind)); tested["delivered"] != true || tested["status"] == "" {
			t.Errorf("%s: %v", kind, tested)
		}
	}
	_, _, listed := g.do("GET", "/alert_route/list", adminKey, "")
	if strings.Contains(listed, "canary") || strings.Contains(listed, strings.Repeat("c", 32)) || strings.Contains(listed, testenv.TeamsWorkflow) {
		t.Errorf("secrets are answered: %s", listed)
	}
	slack.Down(500)
	status, _, text := g.do("POST", "/alert_route/test", adminKey, `{"alert_route_id":"slack"}`)
	if status != 502 || !strings.Contains(text, "500 Internal Server Error; it answered: down") {
		t.Errorf("%d %s", status, text)
	}
}
