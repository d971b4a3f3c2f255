package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const webhookSecret = "a canary of a secret, 24 bytes and more"

func (g *gateway) newRoute(name string) string {
	return g.post("/alert_route/new", `{"name":"`+name+`","events":["budget.soft_limit"],"team_ids":["b","a"],"thresholds":[0.8,1],
		"webhook":{"url":"https://alerts.example.com/llm?token=t","secret":"`+webhookSecret+`"}}`).ok().textAt("alert_route_id")
}

func (g *gateway) secretOf(id string) string {
	g.t.Helper()
	route, err := g.store.AlertRouteTarget(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	if route.Webhook.Secret == nil {
		return ""
	}
	return *route.Webhook.Secret
}

func TestAlertRoute(t *testing.T) {
	g := newGateway(t)
	id := g.newRoute("oncall")
	g.get("/alert_route/info?alert_route_id="+id).ok().has("alert_route_id", `"`+id+`"`, "name", `"oncall"`,
		"events", `["budget.soft_limit"]`, "team_ids", `["b","a"]`, "thresholds", "[0.8,1]", "enabled", "true", "min_severity", "null",
		"webhook.url", `"https://alerts.example.com/llm?token=t"`, "revision", "1")
	g.post("/alert_route/update", `{"alert_route_id":"`+id+`","name":"night","events":null,"enabled":false}`).ok().
		has("name", `"night"`, "events", "[]", "enabled", "false", "team_ids", `["b","a"]`)
	if told := g.changes.takeTold(); told != "route nil->oncall; route oncall->night" {
		t.Errorf("told of %q", told)
	}
	g.wait(time.Second)
	g.post("/alert_route/new", `{"alert_route_id":"r2","name":"day","webhook":{"url":"http://127.0.0.1:9/"}}`).ok().has("webhook.secret_fingerprint", "")
	if got := ids(t, g.get("/alert_route/list"), "alert_routes", "name"); got != "night,day" {
		t.Errorf("list = %s", got)
	}
	if got := ids(t, g.get("/alert_route/list?name=day"), "alert_routes", "alert_route_id"); got != "r2" {
		t.Errorf("list by name = %s", got)
	}
	g.post("/alert_route/delete", `{"alert_route_ids":["r2","missing"]}`).refused(404, "", "Alert route not found")
	g.post("/alert_route/delete", `{"alert_route_ids":["r2","`+id+`"]}`).ok().has("deleted_alert_routes", `["r2","`+id+`"]`)
	if got := g.get("/alert_route/list").ok().text; got != `{"alert_routes":[]}`+"\n" {
		t.Errorf("list = %s", got)
	}
	if strings.Contains(g.said.String(), "canary") || strings.Contains(g.log.String(), "canary") {
		t.Error("the secret was answered or logged")
	}
}

func TestAlertRouteUpdate_secret(t *testing.T) {
	g := newGateway(t)
	id := g.newRoute("oncall")
	const other = "another canary of a secret, of its own"
	prints := map[string]string{}
	for _, step := range []struct{ webhook, want string }{
		{`{"url":"https://other.example.com"}`, webhookSecret},
		{`{"url":"https://other.example.com","secret_fingerprint":"0000"}`, webhookSecret},
		{`{"url":"https://other.example.com","secret":"` + other + `"}`, other},
		{`{"url":"https://other.example.com","secret":null}`, ""},
	} {
		got := g.post("/alert_route/update", `{"alert_route_id":"`+id+`","webhook":`+step.webhook+`}`).ok()
		if known, found := prints[step.want]; found && known != got.at("webhook.secret_fingerprint") {
			t.Errorf("after %s the fingerprint of %q is another", step.webhook, step.want)
		}
		prints[step.want] = got.at("webhook.secret_fingerprint")
		if secret := g.secretOf(id); secret != step.want {
			t.Errorf("after %s the secret is %q, want %q", step.webhook, secret, step.want)
		}
	}
}

func TestAlertRoute_refuses(t *testing.T) {
	g := newGateway(t)
	id := g.newRoute("oncall")
	const url = `"webhook":{"url":"https://a.example.com"}`
	for body, want := range map[string][2]string{
		`{` + url + `}`:                                                {"name", "is required"},
		`{"name":"x"}`:                                                 {"webhook", "is required"},
		`{"name":"x","webhook":{}}`:                                    {"webhook.url", "is required"},
		`{"name":"x","webhook":{"url":"ftp://a"}}`:                     {"webhook.url", "is not an http or https address"},
		`{"name":"x","webhook":{"url":"https://u:p@a"}}`:               {"webhook.url", "must not carry a user or password"},
		`{"name":"x","webhook":{"url":"https://a","secret":"canary"}}`: {"webhook.secret", "24 to 64 bytes"},
		`{"name":"x","webhook":"https://a"}`:                           {"webhook", "must be an object"},
		`{"name":"x","events":["budget.gone"],` + url + `}`:            {"events", "is no event"},
		`{"name":"oncall",` + url + `}`:                                {"name", "already exists"},
		`{"alert_route_id":"` + id + `","name":"x",` + url + `}`:       {"alert_route_id", "already exists"},
	} {
		refusal := g.post("/alert_route/new", body).refused(400, want[0], want[1])
		if strings.Contains(refusal.text, "canary") {
			t.Errorf("the refusal repeats a secret: %s", refusal.text)
		}
	}
	g.post("/alert_route/update", `{"name":"x"}`).refused(400, "alert_route_id", "is required")
	g.post("/alert_route/update", `{"alert_route_id":"`+id+`","webhook":null}`).refused(400, "webhook", "is required")
	g.post("/alert_route/update", `{"alert_route_id":"`+id+`","name":"x"}`, "If-Match", "2").refused(412, "", "yours was 2")
	g.get("/alert_route/info").refused(400, "alert_route_id", "is required")
	g.get("/alert_route/info?alert_route_id=x").refused(404, "", "Alert route not found")
	g.declared[id] = "gateway.yaml"
	g.post("/alert_route/update", `{"alert_route_id":"`+id+`","name":"x"}`).refused(409, "", "is declared in gateway.yaml")
	g.post("/alert_route/delete", `{"alert_route_ids":["`+id+`"]}`).refused(409, "", "is declared in gateway.yaml")
	g.get("/alert_route/info?alert_route_id="+id).ok().has("name", `"oncall"`, "revision", "1")
}

func TestAlertRouteTest(t *testing.T) {
	g := newGateway(t)
	id := g.newRoute("oncall")
	g.post("/alert_route/test", `{"alert_route_id":"`+id+`"}`).ok().has("alert_route_id", `"`+id+`"`, "delivered", "true", "status", `"200 OK"`, "answer", `"thanks"`)
	if got := strings.Join(g.tester.tested, ","); got != id {
		t.Errorf("tested %s", got)
	}
	g.tester.fails = api.Errorf(api.Upstream, "the receiver answered with status 500")
	g.post("/alert_route/test", `{"alert_route_id":"`+id+`"}`).refused(502, "", "the receiver answered with status 500")
	g.post("/alert_route/test", `{}`).refused(400, "alert_route_id", "is required")
}

// What was given up is seen, and sent again with an audit row; what was taken is left alone.
func TestAlertDeliveries(t *testing.T) {
	g := newGateway(t)
	g.post("/alert_route/new", `{"alert_route_id":"r","name":"x","webhook":{"url":"https://a"}}`).ok()
	for _, id := range []string{"event_1", "event_2", "event_3"} {
		if err := g.store.InsertAlertEvent(t.Context(), api.AlertEvent{ID: id, Type: api.EventBudgetHardLimit, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.store.RouteAlertEvent(t.Context(), id, id, []api.AlertDecision{{AlertRouteID: "r", Takes: true}}); err != nil {
			t.Fatal(err)
		}
	}
	later := time.Now().Add(time.Hour)
	claimed, _, err := g.store.ClaimDeliveries(t.Context(), api.AlertClaim{AlertRouteID: "r", Destination: "r", Now: later, Until: later.Add(time.Hour), Subjects: 3, Most: 3})
	if err != nil || len(claimed) != 3 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	if err := g.store.DeliverySent(t.Context(), claimed[0].DeliveryID, 1, "200 OK"); err != nil {
		t.Fatal(err)
	}
	if err := g.store.DeliveryDead(t.Context(), api.AlertFailure{DeliveryID: claimed[1].DeliveryID, Attempt: 1, Status: "410 Gone"}); err != nil {
		t.Fatal(err)
	}
	g.get("/alert/deliveries?alert_route_id=r&page_size=2").ok().has("total", "3", "total_pages", "2")
	g.get("/alert/deliveries?state=dead").ok().has("total", "1")
	if got := ids(t, g.get("/alert/deliveries?state=dead"), "deliveries", "last_status"); got != "410 Gone" {
		t.Errorf("the status is %q", got)
	}
	g.get("/alert/deliveries?state=lost").refused(400, "state", "must be one of pending, sent, dead")
	g.post("/alert/replay", `{}`).refused(400, "delivery_ids", "is required")
	g.post("/alert/replay", `{"delivery_ids":["`+claimed[0].DeliveryID+`"]}`).ok().has("replayed", "[]")
	g.post("/alert/replay", `{"alert_route_id":"r"}`).ok().has("replayed", `["`+claimed[1].DeliveryID+`"]`)
	g.get("/alert/deliveries?state=dead").ok().has("total", "0")
	g.get("/audit?action=alert_delivery.replay").ok().has("total", "1")
}

// mentions fails the test unless the answer holds each of the texts.
func (a answer) mentions(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			a.t.Errorf("no %s in %s", text, a.text)
		}
	}
}

func TestAlertEvents_acknowledgedSilencedAndChecked(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"red"}`).ok()
	event := api.AlertEvent{ID: "e1", Type: api.EventBudgetHardLimit, Severity: "critical", TeamID: "red", CreatedAt: time.Now(), Message: "spent"}
	if err := g.store.InsertAlertEvent(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	g.get("/alert/events?team_id=red&event=budget.hard_limit&severity=critical").ok().mentions(`"id":"e1"`, `"acknowledged_at":null`, `"decisions":[]`, `"total":1`)
	g.get("/alert/events?event=budget.soft_limit").ok().has("total", "0")
	g.get("/alert/events?event=lost").refused(400, "event", "must be one of")
	g.post("/alert/ack", `{"event_id":"e1"}`).ok().has("acknowledged_by", `"admin"`)
	g.post("/alert/ack", `{"event_id":"e2"}`).refused(404, "", "Alert event not found")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	silence := g.post("/alert/silence", `{"team_id":"red","event":"budget.hard_limit","until":"`+until+`","reason":"a launch"}`).ok().textAt("silence_id")
	g.get("/alert/silences").ok().mentions(`"silence_id":"`+silence+`"`, `"reason":"a launch"`)
	g.post("/alert/silence", `{"until":"`+until+`"}`).refused(400, "team_id", "is required")
	g.post("/alert/silence", `{"team_id":"red","until":"2020-01-01T00:00:00Z"}`).refused(400, "until", "is over")
	g.post("/alert/silence", `{"event":"lost","until":"`+until+`"}`).refused(400, "event", "is no event")
	g.post("/alert/silence", `{"team_id":"lost","until":"`+until+`"}`).refused(404, "", "")
	g.post("/alert/silence/delete", `{"silence_id":"`+silence+`"}`).ok()
	g.post("/alert/silence/delete", `{"silence_id":"`+silence+`"}`).refused(404, "", "Silence not found")
	g.get("/audit?action=alert_silence.delete").ok().has("total", "1")
	g.post("/alert_route/check", `{"event":"budget.hard_limit","team_id":"red"}`).ok().mentions(`"reason":"budget.hard_limit warning red"`)
	g.post("/alert_route/check", `{"event":"lost"}`).refused(400, "event", "is no event")
}

// Who plans days for a team, and takes them back, and who may not.
func TestPlannedSpend(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"red"}`).ok()
	g.post("/alert/planned", `{}`).refused(400, "team_id", "the team that is meant to spend more")
	g.post("/alert/planned", `{"team_id":"red","day":"monday"}`).refused(400, "day", "write a UTC day")
	g.post("/alert/planned", `{"team_id":"red","day":"2026-11-30","until":"2026-11-29"}`).refused(400, "until", "is before day")
	g.post("/alert/planned", `{"team_id":"red","day":"2026-11-30","until":"2027-11-29"}`).refused(400, "until", "days after day")
	g.post("/alert/planned", `{"team_id":"lost"}`).refused(404, "", "")
	g.post("/alert/planned", `{"team_id":"red","day":"2026-11-30","until":"2026-12-02"}`).ok().has("from_day", `"2026-11-30"`, "to_day", `"2026-12-02"`, "by", `"admin"`)
	g.get("/alert/planned?team_id=red&day=2026-12-01").ok().mentions(`"to_day":"2026-12-02"`)
	g.get("/alert/planned?day=2026-12-03").ok().has("planned", "[]")
	g.get("/alert/planned?day=monday").refused(400, "day", "write a UTC day")
	g.post("/alert/planned/delete", `{"team_id":"red","day":"2026-11-30"}`).refused(404, "", "nobody has planned 2026-11-30 to 2026-11-30")
	g.post("/alert/planned/delete", `{"team_id":"red","day":"2026-11-30","until":"2026-12-02"}`).ok()
	g.get("/alert/planned?team_id=red").ok().has("planned", "[]")
	g.get("/audit?action=team.unplan_spend").ok().has("total", "1")
}
