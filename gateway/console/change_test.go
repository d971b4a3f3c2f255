package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// rehearsed is the form at the end of a rehearsal, as a browser would send it.
func rehearsed(page string) url.Values {
	form := url.Values{}
	_, last, _ := strings.Cut(page, `class="card fields one"`)
	for _, input := range hidden.FindAllStringSubmatch(last, -1) {
		form.Set(html.UnescapeString(input[1]), html.UnescapeString(input[2]))
	}
	return form
}

// A team is made, its cap is lowered after a rehearsal that says who will be refused, and the log has the reason.
func TestChange_isRehearsedAndGivenAReason(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=team")
	form := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "new_id": {"marketing"}, "team_alias": {"Marketing"}, "max_budget": {"$1,250.50"}, "hard_cap": {"1"}, "rpm_limit": {"60"}, "models": {"gpt-4.1-mini, other"}}
	status, page := v.post("/console/change", form)
	expect(t, page, "Nothing has been done yet", "What it does to whom", "The team is made", "No model is called other", "1250.5")
	if status != http.StatusOK {
		t.Fatalf("rehearse: %d %s", status, text(page))
	}
	if _, page := v.get("/console/team?id=marketing"); !strings.Contains(page, "Not found") {
		t.Error("a rehearsal made the team")
	}
	do := rehearsed(page)
	if status, page := v.post("/console/change", do); status != http.StatusBadRequest || !strings.Contains(page, "Say why") {
		t.Errorf("without a reason: %d %s", status, text(page))
	}
	do.Set("reason", "the launch")
	status, page = v.post("/console/change", do)
	expect(t, page, "Marketing", "Done", "$1,250.50", "the launch")
	if status != http.StatusOK {
		t.Fatalf("do: %d", status)
	}

	w.key("web", `,"team_id":"marketing"`)
	for range 3 {
		w.chat("web")
	}
	_, page = v.get("/console/edit?kind=team&id=marketing")
	change := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "id": {"marketing"}, "revision": {"1"}, "team_alias": {"Marketing"}, "max_budget": {"0.000001"}, "hard_cap": {"1"}, "rpm_limit": {"60"}, "models": {"gpt-4.1-mini, other"}}
	_, page = v.post("/console/change", change)
	expect(t, page, "Calls will be refused", "1250.5", "0.000001")

	// Somebody else changes the team between the rehearsal and the doing.
	w.admin("/team/update", `{"team_id":"marketing","tpm_limit":1000}`)
	do = rehearsed(page)
	do.Set("reason", "too dear")
	status, page = v.post("/console/change", do)
	expect(t, page, "Somebody was faster", "admin", "Nothing of yours was done")
	if status != http.StatusPreconditionFailed {
		t.Errorf("a stale form: %d", status)
	}

	change.Set("max_budget", "a lot")
	if status, page := v.post("/console/change", change); status != http.StatusBadRequest || !strings.Contains(text(page), "is not an amount in US dollars") {
		t.Errorf("a wrong amount: %d %s", status, text(page))
	}
	change.Set("max_budget", "5")
	change.Set("budget_duration", "fortnight")
	if status, page := v.post("/console/change", change); status != http.StatusBadRequest || !strings.Contains(page, `name="budget_duration" value="fortnight"`) {
		t.Errorf("a wrong period: %d %s", status, text(page))
	}
}

func TestChange_showsASecretOnceAndAsksForTheNameBeforeItDeletes(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"marketing"}`)
	v := w.signedIn(adminKey)
	_, page := v.get("/console/keys")
	form := url.Values{"csrf": {csrf(page)}, "kind": {"key"}, "key_alias": {"web"}, "team_id": {"marketing"}, "hard_cap": {"1"}}
	_, page = v.post("/console/change", form)
	do := rehearsed(page)
	do.Set("reason", "for the site")
	_, page = v.post("/console/change", do)
	expect(t, page, "It is shown this once")
	secret := regexp.MustCompile(`sk-brs_[A-Za-z0-9_]+`).FindString(page)
	if w.keys["web"] = secret; w.chat("web") != http.StatusOK {
		t.Errorf("the secret %q does not open models", secret)
	}
	_, page = v.get("/console/keys?q=we")
	id := regexp.MustCompile(`key_[A-Za-z0-9]+`).FindString(page)
	if strings.Contains(page, secret) || id == "" {
		t.Errorf("key %q: %s", id, text(page))
	}

	_, page = v.post("/console/change", url.Values{"csrf": {csrf(page)}, "kind": {"key"}, "id": {id}, "action": {"rotate"}})
	do = rehearsed(page)
	do.Set("reason", "it leaked")
	_, page = v.post("/console/change", do)
	if fresh := regexp.MustCompile(`sk-brs_[A-Za-z0-9_]+`).FindString(page); fresh == "" || fresh == secret {
		t.Errorf("rotation shows %q", fresh)
	}

	_, page = v.get("/console/key?id=" + id)
	_, page = v.post("/console/change", url.Values{"csrf": {csrf(page)}, "kind": {"key"}, "id": {id}, "action": {"delete"}})
	do = rehearsed(page)
	do.Set("reason", "gone")
	if status, page := v.post("/console/change", do); status != http.StatusBadRequest || !strings.Contains(page, "to confirm") {
		t.Errorf("deleted without its name: %d %s", status, text(page))
	}
	do.Set("confirm", id)
	if status, page := v.post("/console/change", do); status != http.StatusOK || strings.Contains(page, id) {
		t.Errorf("delete: %d %s", status, text(page))
	}
}

// Who may only look, and who is of another team, changes nothing by whatever form.
func TestChange_isForThoseWhoMay(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.populate()
	viewer, _ := w.admin("/admin_key/new", `{"role":"viewer"}`)["key"].(string)
	lead, _ := w.admin("/admin_key/new", `{"role":"team_admin","team_ids":["research"]}`)["key"].(string)
	for name, key := range map[string]string{"viewer": viewer, "team admin": lead, "key": w.keys["play"]} {
		v := w.signedIn(key)
		_, page := v.get("/console/")
		token := csrf(page)
		for _, form := range []url.Values{
			{"kind": {"team"}, "id": {"marketing"}, "action": {"block"}},
			{"kind": {"team"}, "step": {"do"}, "id": {"marketing"}, "route": {"/team/block"}, "body": {`{"team_id":"marketing"}`}, "reason": {"x"}},
			{"kind": {"key"}, "step": {"do"}, "id": {"x"}, "route": {"/key/generate"}, "body": {`{"team_id":"marketing"}`}, "reason": {"x"}},
			{"kind": {"key"}, "step": {"do"}, "id": {"x"}, "route": {"/admin_key/new"}, "body": {`{"role":"admin"}`}, "reason": {"x"}},
		} {
			form.Set("csrf", token)
			if status, page := v.post("/console/change", form); status != http.StatusNotFound && status != http.StatusForbidden {
				t.Errorf("%s sends %v: %d %s", name, form, status, text(page))
			}
		}
	}
	if status, info := w.call("GET", "/team/info?team_id=marketing", adminKey, ""); status != http.StatusOK || !strings.Contains(info, `"blocked":false`) {
		t.Error("the team was blocked")
	}
}

func TestPages_areWholeForAdminsAndViewers(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.populate()
	w.admin("/alert_route/new", `{"name":"ops","webhook":{"url":"http://127.0.0.1:9/hook"}}`)
	w.chat("web")
	viewer, _ := w.admin("/admin_key/new", `{"role":"viewer"}`)["key"].(string)
	for _, key := range []string{adminKey, viewer} {
		v := w.signedIn(key)
		for path, want := range map[string]string{
			"keys": "batch", "keys?status=blocked": "No key is so", "budgets": "all-of-it", "models": "gpt-4.1-mini", "usage": "Together", "usage?group_by=model&period=day": "gpt-4.1-mini",
			"usage?group_by=model&period=hour": time.Now().UTC().Truncate(time.Hour).Format("2 Jan 2006 15:04") + " UTC", "usage?period=hour&start_date=2020-01-01": "Hours are told of 7 days at once",
			"alerts": "ops", "silences": "Nothing is silenced", "audit": "team.create", "audit?verify=1": "are as they were written", "audit?action=budget.create": "all-of-it", "settings": "listen 127.0.0.1:0 BURSAR_LISTEN", "usage.csv?group_by=model": "total_cost_usd",
		} {
			status, page := v.get("/console/" + path)
			if status != http.StatusOK || !strings.Contains(text(page), want) {
				t.Errorf("%s: %d lacks %q: %s", path, status, want, text(page))
			}
			if strings.Contains(page, adminKey) || len(page) > 60<<10 {
				t.Errorf("%s shows the admin key, or has %d bytes", path, len(page))
			}
		}
	}
	v := w.signedIn(adminKey)
	_, page := v.get("/console/alerts")
	_, page = v.post("/console/alerts/test", url.Values{"csrf": {csrf(page)}, "id": {regexp.MustCompile(`route_[A-Za-z0-9]+`).FindString(page)}})
	expect(t, page, "did not arrive")
}
