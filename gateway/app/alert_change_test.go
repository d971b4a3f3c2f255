package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// heard is what a receiver has of each type of event.
func heard(t *testing.T, receiver *testenv.Webhook) map[string][]api.AlertEvent {
	t.Helper()
	events := map[string][]api.AlertEvent{}
	for _, delivery := range receiver.Deliveries() {
		var body struct {
			Data api.AlertEvent `json:"data"`
		}
		if err := json.Unmarshal(delivery.Body, &body); err != nil {
			t.Fatal(err)
		}
		events[body.Data.Type] = append(events[body.Data.Type], body.Data)
	}
	return events
}

// awaitHeard waits until a receiver has so many events of a type and returns them.
func awaitHeard(t *testing.T, receiver *testenv.Webhook, kind string, n int) []api.AlertEvent {
	t.Helper()
	await(t, awaitLong, fmt.Sprintf("%d events %s", n, kind), func() bool { return len(heard(t, receiver)[kind]) >= n })
	return heard(t, receiver)[kind]
}

func everyEvent(t *testing.T) string {
	t.Helper()
	names, err := json.Marshal(api.Events)
	if err != nil {
		t.Fatal(err)
	}
	return string(names)
}

// People hear of what others change, with who and why and from what to what, and a route that names no events is spared that.
func TestAlerts_tellOfChanges(t *testing.T) {
	t.Parallel()
	all, plain := testenv.StartWebhook(t, testenv.WebhookOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{})
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.AllowPrivateTargets = true
	g := start(t, s)
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"all","events":%s,"webhook":{"url":%q}}`, everyEvent(t), all.URL()))
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"plain","webhook":{"url":%q}}`, plain.URL()))
	g.admin("POST", "/team/new", `{"team_id":"red","team_alias":"Red","max_budget":10,"rpm_limit":100}`)
	made := g.admin("POST", "/key/generate", fmt.Sprintf(`{"team_id":"red","key_alias":"ci","expires":%q}`, time.Now().Add(30*24*time.Hour).UTC().Format(time.RFC3339)))
	keyID := made["key_id"].(string)
	g.admin("POST", "/key/rotate", fmt.Sprintf(`{"key":%q}`, keyID))
	if status, _, text := g.doWith("POST", "/team/update", adminKey, `{"team_id":"red","max_budget":25,"rpm_limit":50}`, map[string][]string{"X-Change-Reason": {"a launch"}}); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	g.admin("POST", "/team/update", `{"team_id":"red","metadata":{"a":"b"}}`)
	g.admin("POST", "/team/update", `{"team_id":"red","blocked":true}`)

	created := awaitHeard(t, all, api.EventKeyCreated, 1)[0]
	if created.KeyID != keyID || created.TeamID != "red" || created.Until == nil || created.Actor == "" {
		t.Errorf("created: %+v", created)
	}
	if rotated := awaitHeard(t, all, api.EventKeyRotated, 1)[0]; rotated.KeyID != keyID {
		t.Errorf("rotated: %+v", rotated)
	}
	changed := awaitHeard(t, all, api.EventQuotaChanged, 1)[0]
	text, _ := json.Marshal(changed.Changes)
	if want := `[{"field":"max_budget","from":10,"to":25},{"field":"rpm_limit","from":100,"to":50}]`; string(text) != want || changed.Reason != "a launch" || changed.Actor == "" {
		t.Errorf("changed: %s for %q by %q, want %s", text, changed.Reason, changed.Actor, want)
	}
	if !strings.Contains(changed.Message, "max_budget from $10.00 to $25.00, rpm_limit from 100 to 50 by ") || !strings.HasSuffix(changed.Message, "(a launch)") {
		t.Errorf("it says %q", changed.Message)
	}
	if blocked := awaitHeard(t, all, api.EventTeamBlocked, 1)[0]; blocked.TeamID != "red" || blocked.Severity != "warning" {
		t.Errorf("blocked: %+v", blocked)
	}
	awaitHeard(t, plain, api.EventTeamBlocked, 1)
	checkSchemas(t, all)
	for kind, events := range heard(t, plain) {
		if kind != api.EventTeamBlocked {
			t.Errorf("a route that names no events heard %+v", events)
		}
	}
	if again := heard(t, all)[api.EventQuotaChanged]; len(again) != 1 {
		t.Errorf("a change of metadata is told: %+v", again)
	}
}

// What a budget's alert told of is over when the cap is raised, when spending is reset, and when the team is gone.
func TestAlerts_tellThatABudgetHoldsAgain(t *testing.T) {
	t.Parallel()
	pager, hook := testenv.StartPagerDuty(t, strings.Repeat("p", 32)), testenv.StartWebhook(t, testenv.WebhookOptions{})
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.AllowPrivateTargets = true
	g := start(t, s)
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"page","events":["budget.hard_limit"],"min_severity":"critical","pagerduty":{"routing_key":%q,"url":%q}}`,
		strings.Repeat("p", 32), pager.URL()+testenv.PagerDutyEvents))
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","webhook":{"url":%q}}`, hook.URL()))
	g.admin("POST", "/team/new", `{"team_id":"red","max_budget":10,"budget_duration":"1mo"}`)
	secret := g.newKey(`{"team_id":"red"}`)
	steps := []struct{ path, body, says string }{
		{"/team/update", `{"team_id":"red","max_budget":20}`, "was raised from $10.00 to $20.00"},
		{"/budget/reset", `{"team_id":"red"}`, "was reset to $0.00"},
		{"/team/delete", `{"team_ids":["red"]}`, "was deleted"},
	}
	for i, step := range steps {
		spendToTheCap(t, []*gateway{g}, secret)
		told := awaitHeard(t, hook, api.EventBudgetHardLimit, i+1)[i]
		await(t, awaitLong, "an incident", func() bool { return len(pager.Open()) == 1 })
		g.admin("POST", "/team/update", `{"team_id":"red","rpm_limit":1000}`) // is no end of it
		g.admin("POST", step.path, step.body)
		over := awaitHeard(t, hook, api.EventBudgetResolved, i+1)[i]
		if !strings.Contains(over.Message, step.says) || over.Was == nil || over.Was.ID != told.ID || over.Was.Severity != "critical" {
			t.Errorf("%s: %+v", step.path, over)
		}
		await(t, awaitLong, "the incident's end", func() bool { return len(pager.Open()) == 0 })
	}
	checkSchemas(t, hook)
}

// A refusal reaches the route by label, a team's owners and, as nobody acknowledged it, whom it is handed on to; the record says
// why the others heard nothing. A silence keeps it from all.
func TestAlerts_areRouted(t *testing.T) {
	t.Parallel()
	gold, lead, rest := testenv.StartWebhook(t, testenv.WebhookOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{})
	mail := testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.AllowPrivateTargets, s.AlertsToOwners, s.SMTP = true, true, &config.SMTP{Host: mail.Host(), Port: mail.Port(), TLS: "none", From: "bursar@example.com"}
	g := start(t, s)
	for _, route := range []struct {
		name, options string
		to            *testenv.Webhook
	}{
		{"gold", `"labels":{"tier":"gold"},"repeat_interval":"24h"`, gold},
		{"lead", `"labels":{"tier":"lead"}`, lead},
		{"rest", `"fallback":true`, rest},
	} {
		g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"alert_route_id":%q,"name":%q,%s,"webhook":{"url":%q}}`, route.name, route.name, route.options, route.to.URL()))
	}
	g.admin("POST", "/team/new", `{"team_id":"red","max_budget":10,"budget_duration":"1mo","metadata":{"tier":"gold","contacts":["ann@example.com"]}}`)
	spendToTheCap(t, []*gateway{g}, g.newKey(`{"team_id":"red"}`))
	told := awaitHeard(t, gold, api.EventBudgetHardLimit, 1)[0]
	await(t, awaitLong, "a mail to the owner", func() bool { return len(mail.Mails()) == 1 })
	if n := len(heard(t, lead)) + len(heard(t, rest)); n != 0 {
		t.Errorf("%d events went where nobody asked for them", n)
	}
	_, _, text := g.do("GET", "/alert/events?event_id="+told.ID, adminKey, "")
	for _, reason := range []string{
		`Sent by alert route \"gold\" for budget.hard_limit at 100 %.`, "the team's metadata has no tier=lead",
		"it is for what no other route takes, and another one takes this", "the team's owners hear of it, by alerts.to_owners",
	} {
		if !strings.Contains(text, reason) {
			t.Errorf("no %q in %s", reason, text)
		}
	}
	g.admin("POST", "/alert/silence", fmt.Sprintf(`{"team_id":"red","until":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	checked := fmt.Sprint(g.admin("POST", "/alert_route/check", `{"event":"budget.hard_limit","team_id":"red","severity":"critical"}`))
	if !strings.Contains(checked, "silenced until") || strings.Contains(checked, "takes:true") {
		t.Errorf("silenced: %s", checked)
	}
	other := fmt.Sprint(g.admin("POST", "/alert_route/check", `{"event":"budget.hard_limit"}`))
	if strings.Count(other, "takes:true") != 1 || !strings.Contains(other, `Sent by alert route "rest"`) {
		t.Errorf("of no team: %s", other)
	}
}
