package console_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// carry rehearses a form and does what was rehearsed; it returns the rehearsal and the page after it.
func (v *visitor) carry(form url.Values) (rehearsal, after string) {
	v.t.Helper()
	_, page := v.get("/console/edit?kind=" + form.Get("kind") + "&id=" + url.QueryEscape(form.Get("id")))
	form.Set("csrf", csrf(page))
	status, rehearsal := v.post("/console/change", form)
	if status != http.StatusOK {
		v.t.Fatalf("rehearse %v: %d %s", form, status, text(rehearsal))
	}
	do := rehearsed(rehearsal)
	do.Set("reason", "for the test")
	do.Set("confirm", form.Get("id"))
	if status, after = v.post("/console/change", do); status != http.StatusOK {
		v.t.Fatalf("do %v: %d %s", form, status, text(after))
	}
	return rehearsal, after
}

// A model is added, priced, repriced and taken away. Its credential stands in no page, and stays when it is not typed.
func TestForm_ofAModel(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research"}`)
	w.key("lab", `,"team_id":"research"`)
	v := w.signedIn(adminKey)
	const secret = "sk-provider-credential"
	form := url.Values{
		"kind": {"model"}, "name": {"house"}, "upstream": {"openai"}, "base_url": {w.upstream}, "api_key": {secret}, "upstream_model": {"gpt-4.1-mini"},
		"price.input_per_million_usd": {"3"}, "price.output_per_million_usd": {"6"}, "weight": {"1"}, "enabled": {"1"}, "tpm_counts_cached": {"1"},
	}
	rehearsal, page := v.carry(form)
	expect(t, rehearsal, "New model", "a new one", "house")
	expect(t, page, "Done", "house", "$3", "$6")
	if strings.Contains(rehearsal, secret) || strings.Contains(page, secret) {
		t.Error("a page shows the credential")
	}
	if status, answer := w.call("POST", "/v1/chat/completions", w.keys["lab"], `{"model":"house","max_tokens":50,"messages":[{"role":"user","content":"say hello"}]}`); status != http.StatusOK {
		t.Fatalf("call the new model: %d %s", status, answer)
	}
	id := regexp.MustCompile(`kind=model&amp;id=([^"]+)"`).FindStringSubmatch(page)[1]
	_, edit := v.get("/console/edit?kind=model&id=" + id)
	if strings.Contains(edit, secret) || !strings.Contains(edit, `name="price.input_per_million_usd" value="3"`) {
		t.Errorf("the form: %s", edit)
	}

	form.Set("id", id)
	form.Del("api_key")
	form.Set("price.output_per_million_usd", "7.5")
	rehearsal, page = v.carry(form)
	expect(t, rehearsal, "What it does to whom", "1 call by 1 team", "research", "a million answered ones $7.50", "now $6.00", "by the new prices about")
	expect(t, page, "$3", "$7.50")
	if _, info := w.call("GET", "/model/info?litellm_model_id="+id, adminKey, ""); !strings.Contains(info, "house") {
		t.Errorf("the model: %s", info)
	}
	if status, _ := w.call("POST", "/v1/chat/completions", w.keys["lab"], `{"model":"house","max_tokens":50,"messages":[{"role":"user","content":"say hello"}]}`); status != http.StatusOK {
		t.Errorf("with the credential that was left as it is: %d", status)
	}

	rehearsal, page = v.carry(url.Values{"kind": {"model"}, "id": {id}, "action": {"delete"}})
	expect(t, rehearsal, "Nothing serves house any more", "Calls will be refused")
	if strings.Contains(page, ">house<") {
		t.Error("the model is still there")
	}
}

// What was typed with a secret is good for the session and the kind of form that it was typed in, and for nothing else.
func TestForm_ofASecretIsBoundToItsSessionAndKind(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v, other := w.signedIn(adminKey), w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=model")
	status, page := v.post("/console/change", url.Values{
		"csrf": {csrf(page)}, "kind": {"model"}, "name": {"house"}, "upstream": {"openai"}, "base_url": {w.upstream}, "api_key": {"sk-provider-credential"},
		"upstream_model": {"gpt-4.1-mini"}, "price.input_per_million_usd": {"3"}, "price.output_per_million_usd": {"6"}, "weight": {"1"}, "enabled": {"1"},
	})
	do := rehearsed(page)
	if status != http.StatusOK || do.Get("body") == "" {
		t.Fatalf("rehearse: %d %s", status, text(page))
	}
	do.Set("reason", "for the test")

	stolen := maps.Clone(do)
	_, theirs := other.get("/console/edit?kind=model")
	stolen.Set("csrf", csrf(theirs))
	if status, page := other.post("/console/change", stolen); status != http.StatusNotFound {
		t.Errorf("another session: %d %s", status, text(page))
	}
	elsewhere := maps.Clone(do)
	elsewhere.Set("kind", "slack_route")
	elsewhere.Set("route", "/alert_route/new")
	if status, page := v.post("/console/change", elsewhere); status != http.StatusNotFound {
		t.Errorf("another kind of form: %d %s", status, text(page))
	}
	if status, page := v.post("/console/change", do); status != http.StatusOK || !strings.Contains(page, "house") {
		t.Errorf("its own: %d %s", status, text(page))
	}
}

// What was rehearsed of one object is done to that object alone, by the route and from the revision that it was rehearsed with.
func TestForm_isBoundToItsObject(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.populate()
	v := w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=team&id=research")
	form := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "id": {"research"}, "revision": {"1"}, "rpm_limit": {"7"}, "hard_cap": {"1"}}
	_, page = v.post("/console/change", form)
	do := rehearsed(page)
	do.Set("reason", "for the test")
	for name, value := range map[string]string{
		"id": "marketing", "revision": "2", "route": "/team/new", "body": `{"team_id":"research","rpm_limit":7}`,
	} {
		other := maps.Clone(do)
		other.Set(name, value)
		if status, page := v.post("/console/change", other); status != http.StatusNotFound {
			t.Errorf("with %s %s: %d %s", name, value, status, text(page))
		}
	}
	if status, page := v.post("/console/change", do); status != http.StatusOK || !strings.Contains(text(page), "Done") {
		t.Errorf("as it was rehearsed: %d %s", status, text(page))
	}
}

// What the API would not take leads back to what was typed, with a sentence, also where nothing can be rehearsed.
func TestForm_saysWhatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=webhook_route")
	_, page = v.post("/console/change", url.Values{"csrf": {csrf(page)}, "kind": {"webhook_route"}, "name": {"ops"}, "webhook.url": {"no address"}, "enabled": {"1"}})
	do := rehearsed(page)
	do.Set("reason", "x")
	status, page := v.post("/console/change", do)
	if status != http.StatusBadRequest || !strings.Contains(page, `role="alert"`) || !strings.Contains(text(page), "url") {
		t.Errorf("%d %s", status, text(page))
	}
	do.Set("body", `{"name":"ops","webhook":{"url":"http://127.0.0.1:9/x"}}`)
	if status, _ := v.post("/console/change", do); status != http.StatusNotFound {
		t.Errorf("a body that was rehearsed by nobody: %d", status)
	}
}

// An alert route is made to each place, and changed: what the form does not have, and the secret, stay.
func TestForm_ofAnAlertRoute(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.signedIn(adminKey)
	for kind, fields := range map[string]url.Values{
		"slack_route":           {"slack.url": {"https://hooks.slack.com/services/T1/B1/secretpart"}},
		"pagerduty_route":       {"pagerduty.routing_key": {"0123456789abcdef0123456789abcdef"}},
		"microsoft_teams_route": {"microsoft_teams.url": {"https://prod-1.westeurope.logic.azure.com/workflows/secretpart"}},
		"email_route":           {"email.to": {"ops@example.com, lead@example.com"}, "email.from": {"bursar@example.com"}, "email.smtp_host": {"127.0.0.1"}, "email.smtp_port": {"2525"}, "email.smtp_tls": {"none"}},
		"webhook_route":         {"webhook.url": {"http://127.0.0.1:9/hook"}, "webhook.secret": {"secretpart-of-24-bytes-at-least"}},
		"alertmanager_route":    {"alertmanager.url": {"http://127.0.0.1:9"}},
	} {
		fields.Set("kind", kind)
		fields.Set("name", "to "+kind)
		fields.Set("thresholds", "0.5, 0.9")
		fields.Set("enabled", "1")
		rehearsal, page := v.carry(fields)
		expect(t, page, "Done", "to "+kind)
		if strings.Contains(rehearsal+page, "secretpart") || strings.Contains(rehearsal+page, "0123456789abcdef") {
			t.Errorf("%s: a page shows a secret", kind)
		}
	}
	made := w.admin("/alert_route/new", `{"name":"bot","slack":{"token":"xoxb-1","channel":"C024BE91L","api_url":"http://127.0.0.1:9/"}}`)
	id, _ := made["alert_route_id"].(string)
	before, _ := made["slack"].(map[string]any)
	_, page := v.carry(url.Values{"kind": {"slack_route"}, "id": {id}, "name": {"bot"}, "slack.channel": {"C099"}, "enabled": {"1"}})
	expect(t, page, "bot")
	_, info := w.call("GET", "/alert_route/info?alert_route_id="+id, adminKey, "")
	for _, want := range []string{`"channel":"C099"`, `"api_url":"http://127.0.0.1:9/"`, `"token_fingerprint":"` + before["token_fingerprint"].(string) + `"`} {
		if !strings.Contains(info, want) {
			t.Errorf("%s lacks %s", info, want)
		}
	}
	if _, page = v.carry(url.Values{"kind": {"slack_route"}, "id": {id}, "action": {"delete"}}); strings.Contains(page, ">bot<") {
		t.Error("the route is still there")
	}
}

// A user is made without a key that nobody would see, gets a lower cap that is told of before, and goes with the keys.
func TestForm_ofAUser(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.signedIn(adminKey)
	if _, page := v.get("/console/users"); !strings.Contains(text(page), "No user is so") {
		t.Error("the empty list says nothing")
	}
	rehearsal, page := v.carry(url.Values{"kind": {"user"}, "new_id": {"ada"}, "user_email": {"ada@example.com"}, "max_budget": {"5"}, "budget_duration": {"30d"}, "hard_cap": {"1"}})
	expect(t, rehearsal, "User ada", "The user is made", "May spend $5.00", "every 30d")
	expect(t, page, "Done", "ada@example.com", "$5.00")
	if _, keys := w.call("GET", "/key/list?user_id=ada", adminKey, ""); !strings.Contains(keys, `"total_count":0`) {
		t.Errorf("a key was made: %s", keys)
	}
	w.key("laptop", `,"user_id":"ada"`)
	rehearsal, page = v.carry(url.Values{"kind": {"user"}, "id": {"ada"}, "user_email": {"ada@example.com"}, "max_budget": {"0"}, "budget_duration": {"30d"}, "hard_cap": {"1"}})
	expect(t, rehearsal, "Calls will be refused", "max_budget is $0.00")
	expect(t, page, "Over budget")
	rehearsal, page = v.carry(url.Values{"kind": {"user"}, "id": {"ada"}, "action": {"delete"}})
	expect(t, rehearsal, "The user is deleted", "Key laptop stops working")
	if strings.Contains(page, "ada@example.com") {
		t.Error("the user is still there")
	}
}

// A member joins, gets a cap, and leaves; a team's admin does it for their team and for no other.
func TestForm_ofAMember(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"a-team/1"}`)
	w.admin("/team/new", `{"team_id":"other"}`)
	lead, _ := w.admin("/admin_key/new", `{"role":"team_admin","team_ids":["a-team/1"]}`)["key"].(string)
	for _, key := range []string{adminKey, lead} {
		v := w.signedIn(key)
		rehearsal, page := v.carry(url.Values{"kind": {"member"}, "team_id": {"a-team/1"}, "member.user_id": {"ada@example.com"}, "member.role": {"user"}, "max_budget_in_team": {"5"}})
		expect(t, page, "ada@example.com", "$5")
		if key == adminKey { // who may ask what a change would do
			expect(t, rehearsal, "ada@example.com in team a-team/1", "Joins the team as user", "May spend $5.00")
		}
		id := regexp.MustCompile(`kind=member&amp;id=([^"]+)"`).FindStringSubmatch(page)[1]
		id, err := url.QueryUnescape(id)
		if err != nil {
			t.Fatal(err)
		}
		rehearsal, page = v.carry(url.Values{"kind": {"member"}, "id": {id}, "role": {"admin"}, "max_budget_in_team": {"7.25"}})
		expect(t, page, "$7.25", "admin")
		if key == adminKey {
			expect(t, rehearsal, "Was user in the team and becomes admin", "May spend $7.25", "Spent in the running period: $0.00")
		}
		_, page = v.carry(url.Values{"kind": {"member"}, "id": {id}, "action": {"delete"}})
		if strings.Contains(page, "$7.25") {
			t.Error("the member is still there")
		}
	}
	w.admin("/team/member_add", `{"team_id":"other","member":{"user_id":"bob","role":"user"}}`)
	v := w.signedIn(lead)
	if status, _ := v.get("/console/edit?kind=member&id=other/bob"); status != http.StatusNotFound {
		t.Errorf("another team's member: %d", status)
	}
	for _, kind := range []string{"model", "slack_route"} {
		if status, _ := v.get("/console/edit?kind=" + kind); status != http.StatusNotFound {
			t.Errorf("a team admin's form of a %s: %d", kind, status)
		}
	}
}

// What Terraform manages is changed there: the form gives the lines, also within a block, and never a secret.
func TestForm_givesTheLinesOfWhatIsManaged(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.managed("/alert_route/new", `{"alert_route_id":"route_bot","name":"bot","slack":{"token":"xoxb-1","channel":"C024BE91L"}}`)
	v := w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=slack_route&id=route_bot")
	_, page = v.post("/console/change", url.Values{
		"csrf": {csrf(page)}, "kind": {"slack_route"}, "id": {"route_bot"}, "name": {"bot"}, "slack.channel": {"C0${x}"}, "slack.token": {"xoxb-new"}, "enabled": {"1"}, "digest": {"daily 08:00 UTC"},
	})
	expect(t, page, "bursar_alert_route", "digest = &#34;daily 08:00 UTC&#34;", "slack = {", "channel = &#34;C0$${x}&#34;", "token_wo")
	if strings.Contains(page, "xoxb-new") {
		t.Error("the lines show the token")
	}
}
