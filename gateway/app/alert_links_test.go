package app_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A message leads to the team, to where more can be asked for, and to a page with a button that silences what it told: opening
// that page changes nothing, the button needs no account, other sites cannot press it, and the audit log says which link it was.
func TestAlertLinks(t *testing.T) {
	t.Parallel()
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.PublicURL = "https://llm.example.com"
	g := start(t, s)
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","webhook":{"url":%q}}`, hook.URL()))
	g.admin("POST", "/team/new", `{"team_id":"red","max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`)
	secret := g.newKey(`{"team_id":"red"}`)
	spendToTheCap(t, []*gateway{g}, secret)
	told := awaitHeard(t, hook, api.EventBudgetSoftLimit, 1)[0]
	checkSchemas(t, hook)
	links := linksOf(t, hook, told.ID)
	for rel, want := range map[string]string{
		"team": "https://llm.example.com/console/team?id=red", "ask": "https://llm.example.com/console/requests?limit=max_budget&team=red",
	} {
		if links[rel] != want {
			t.Errorf("the link %s is %q, want %q", rel, links[rel], want)
		}
	}

	path := strings.TrimPrefix(links["silence"], "https://llm.example.com")
	silenced := func() int {
		list, _ := g.admin("GET", "/alert/silences", "")["silences"].([]any)
		return len(list)
	}
	status, _, page := g.do("GET", path, "", "")
	if status != http.StatusOK || !strings.Contains(page, "budget.soft_limit") || silenced() != 0 {
		t.Fatalf("opened: %d, %d silences, %s", status, silenced(), page)
	}
	token := html.UnescapeString(regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(page)[1])
	press := func(token, from string) (int, string) {
		status, _, text := g.doWith("POST", "/console/silence", "", url.Values{"token": {token}}.Encode(), http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {from},
		})
		return status, text
	}
	if status, text := press(token, "cross-site"); status != http.StatusForbidden || silenced() != 0 {
		t.Errorf("pressed by another site: %d %s", status, text)
	}
	if status, _ := press(token+"x", "same-origin"); status != http.StatusNotFound || silenced() != 0 {
		t.Errorf("pressed with another token: %d", status)
	}
	for range 2 {
		if status, text := press(token, "same-origin"); status != http.StatusOK || !strings.Contains(text, "Alerts are silenced") || silenced() != 1 {
			t.Errorf("pressed: %d, %d silences, %s", status, silenced(), text)
		}
	}
	checked := fmt.Sprint(g.admin("POST", "/alert_route/check", `{"event":"budget.soft_limit","team_id":"red"}`), g.admin("POST", "/alert_route/check", `{"event":"budget.hard_limit","team_id":"red"}`))
	if strings.Count(checked, "silenced until") != 1 || strings.Count(checked, "takes:true") != 1 {
		t.Errorf("what is silenced: %s", checked)
	}
	made, _ := g.admin("GET", "/alert/silences", "")["silences"].([]any)[0].(map[string]any)
	g.admin("POST", "/alert/silence/delete", fmt.Sprintf(`{"silence_id":%q}`, made["silence_id"]))
	if status, text := press(token, "same-origin"); status != http.StatusNotFound || silenced() != 0 {
		t.Errorf("pressed again after an admin ended it: %d, %d silences, %s", status, silenced(), text)
	}
	if _, _, audit := g.do("GET", "/audit?action=alert_silence.create", adminKey, ""); !strings.Contains(audit, "link of "+told.ID) || !strings.Contains(audit, "127.0.0.1") {
		t.Errorf("the audit log: %s", audit)
	}
}

// linksOf are the links of a message to a webhook, by what they are for.
func linksOf(t *testing.T, receiver *testenv.Webhook, eventID string) map[string]string {
	t.Helper()
	links := map[string]string{}
	for _, delivery := range receiver.Deliveries() {
		var body struct{ Links []alert.Link }
		if err := json.Unmarshal(delivery.Body, &body); err != nil {
			t.Fatal(err)
		}
		for _, link := range body.Links {
			if delivery.ID == eventID {
				links[link.Rel] = link.URL
			}
		}
	}
	return links
}

// A digest can be sent at once, to see what it looks like. Before there is any route, a check says so.
func TestAlertDigest_isSentOnDemand(t *testing.T) {
	t.Parallel()
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g.admin("POST", "/team/new", `{"team_id":"red","max_budget":0,"budget_duration":"1mo"}`)
	if checked := g.admin("POST", "/alert_route/check", `{"event":"budget.hard_limit","team_id":"red"}`); !strings.Contains(fmt.Sprint(checked["reason"]), "there is no alert route") {
		t.Errorf("without a route: %v", checked)
	}
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"alert_route_id":"finance","name":"finance","events":["digest"],"digest":"daily 08:00","webhook":{"url":%q}}`, hook.URL()))
	if tested := g.admin("POST", "/alert_route/test", `{"alert_route_id":"finance","digest":true}`); tested["delivered"] != true {
		t.Errorf("%v", tested)
	}
	checkSchemas(t, hook)
	told := heard(t, hook)[api.EventDigest]
	if len(told) != 1 || told[0].Digest == nil || len(told[0].Digest.Teams) != 1 || told[0].Digest.Teams[0].TeamID != "red" {
		t.Errorf("%+v", heard(t, hook))
	}
}
