package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// A team whose budget is used up is sent to a page by the refusal, asks for more with its own key, and is served again
// once an admin has approved.
func TestRequests_aTeamAsksAndIsHelped(t *testing.T) {
	t.Parallel()
	w := openWith(t, func(c *config.Config) { c.PublicURL = "https://llm.example.com" })
	w.admin("/team/new", `{"team_id":"marketing","max_budget":0.0000001}`)
	w.admin("/team/new", `{"team_id":"strangers","rpm_limit":1}`)
	w.key("web", `,"team_id":"marketing"`)
	status, refused := w.call("POST", "/v1/chat/completions", w.keys["web"], `{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"hi"}]}`)
	if status != http.StatusForbidden || !strings.Contains(refused, `"ask_for_more":"https://llm.example.com/console/requests"`) {
		t.Fatalf("refused: %d %s", status, refused)
	}
	team := w.signedIn(w.keys["web"])
	_, page := team.get("/console/requests")
	expect(t, page, "Ask for more", "Nobody has asked for more yet")
	form := url.Values{"csrf": {csrf(page)}, "team_id": {"marketing"}, "limit": {"max_budget"}, "more": {"a lot"}, "for": {"week"}, "reason": {"the <launch>"}}
	if status, page := team.post("/console/requests/new", form); status != http.StatusBadRequest || !strings.Contains(text(page), "is not an amount in US dollars") {
		t.Errorf("a wrong amount: %d %s", status, text(page))
	}
	form.Set("more", "$5")
	status, page = team.post("/console/requests/new", form)
	expect(t, page, "The platform's admins are told", "$5 more", "the &lt;launch&gt;", "Waits for an answer", "Take back")
	if status != http.StatusOK || strings.Contains(page, "Approve") {
		t.Errorf("asked: %d %s", status, text(page))
	}
	form.Set("team_id", "strangers")
	if status, _ := team.post("/console/requests/new", form); status == http.StatusOK {
		t.Error("a team asks for another one")
	}

	admin := w.signedIn(adminKey)
	_, page = admin.get("/console/requests")
	expect(t, page, "max_budget of team marketing", "Approve", "Decline")
	answer := url.Values{"csrf": {csrf(page)}, "verb": {"approve"}, "answer": {"good luck"}, "id": {requestID.FindString(page)}}
	if status, _ := team.post("/console/requests/answer", url.Values{"csrf": {csrf(page)}, "verb": {"approve"}, "id": answer["id"]}); status == http.StatusOK {
		t.Error("a team approves its own request")
	}
	status, page = admin.post("/console/requests/answer", answer)
	expect(t, page, "Approved: it is in force on every gateway", "good luck")
	if status != http.StatusOK {
		t.Errorf("approve: %d", status)
	}
	if status := w.chat("web"); status != http.StatusOK {
		t.Errorf("the team is still refused: %d", status)
	}
}

var requestID = regexp.MustCompile(`request_[A-Za-z0-9]+`)

// What Terraform manages is not changed here: what was typed becomes lines for a pull request. Blocking works at once.
func TestChange_ofAManagedTeamGivesItsLines(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.managed("/team/new", `{"team_id":"marketing","team_alias":"Marketing","max_budget":100}`)
	v := w.signedIn(adminKey)
	_, page := v.get("/console/edit?kind=team&id=marketing")
	expect(t, page, "Managed by terraform, workspace prod", "change it there", "Show the lines")
	form := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "id": {"marketing"}, "revision": {"1"}, "team_alias": {"M ${x}"}, "max_budget": {"250.5"}, "hard_cap": {"1"}, "models": {"gpt-4.1-mini"}}
	_, page = v.post("/console/change", form)
	expect(t, page, "Nothing has been done", `max_budget = 250.5`, `models = [&#34;gpt-4.1-mini&#34;]`, `team_alias = &#34;M $${x}&#34;`, "https://git.example/quotas")
	do := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "step": {"do"}, "id": {"marketing"}, "route": {"/team/update"}, "body": {`{"team_id":"marketing","max_budget":1}`}, "reason": {"x"}}
	if status, page := v.post("/console/change", do); status != http.StatusConflict || !strings.Contains(text(page), "change it there") {
		t.Errorf("a change past the form: %d %s", status, text(page))
	}
	_, page = v.post("/console/change", url.Values{"csrf": {form.Get("csrf")}, "kind": {"team"}, "id": {"marketing"}, "action": {"block"}})
	expect(t, page, "What it does to whom", "Calls will be refused")
	do = rehearsed(page)
	do.Set("reason", "it leaks")
	_, page = v.post("/console/change", do)
	expect(t, page, "Done", "Blocked at once by", "it leaks", "$100")
}
