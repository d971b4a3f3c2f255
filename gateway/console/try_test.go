package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A request is tried with the rights of who is signed in; opening the page sends nothing.
func TestTry_sendsAsWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.signedIn(adminKey)
	status, page := v.get("/console/try?" + url.Values{"method": {"POST"}, "path": {"/team/new"}, "body": {`{"team_id":"research"}`}}.Encode())
	if status != http.StatusOK || !strings.Contains(page, `{&#34;team_id&#34;:&#34;research&#34;}`) {
		t.Errorf("the form: %d %s", status, page)
	}
	if status, _ := w.call("GET", "/team/info?team_id=research", adminKey, ""); status != http.StatusNotFound {
		t.Errorf("opening the page made the team: %d", status)
	}
	token := csrf(page)
	_, page = v.post("/console/try", url.Values{"csrf": {token}, "method": {"POST"}, "path": {"/team/new"}, "body": {`{"team_id":"research"}`}, "reason": {"a try"}})
	expect(t, page, "Answer 200", "research")
	if _, log := w.call("GET", "/audit?object_id=research", adminKey, ""); !strings.Contains(log, `"a try"`) {
		t.Errorf("the audit log: %s", log)
	}
	for path, want := range map[string]string{"/team/info?team_id=nobody": "Answer 404", "/nowhere": "Answer 404", "team/list": "such as /team/list", "//team": "such as /team/list", "/team/info?a=%zz": "Answer 400"} {
		if _, page := v.post("/console/try", url.Values{"csrf": {token}, "method": {"GET"}, "path": {path}}); !strings.Contains(text(page), want) {
			t.Errorf("%s lacks %q: %s", path, want, text(page))
		}
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		w.admin("/team/new", `{"team_id":"`+id+`","metadata":{"a":"`+strings.Repeat("x", 12<<10)+`"}}`)
	}
	if _, page = v.post("/console/try", url.Values{"csrf": {token}, "method": {"GET"}, "path": {"/team/list"}}); !strings.Contains(page, "The answer is longer") || len(page) > 60<<10 {
		t.Errorf("a long answer makes a page of %d bytes", len(page))
	}

	w.key("lab", `,"team_id":"research"`)
	v = w.signedIn(w.keys["lab"])
	_, page = v.get("/console/try")
	token = csrf(page)
	_, page = v.post("/console/try", url.Values{"csrf": {token}, "method": {"POST"}, "path": {"/team/delete"}, "body": {`{"team_ids":["research"]}`}})
	expect(t, page, "Answer 40")
	if status, _ := w.call("GET", "/team/info?team_id=research", adminKey, ""); status != http.StatusOK {
		t.Error("a team's key deleted it")
	}
	if status, _ := v.post("/console/try", url.Values{"csrf": {"x"}, "method": {"GET"}, "path": {"/team/list"}}); status != http.StatusForbidden {
		t.Errorf("without the form's token: %d", status)
	}
}
