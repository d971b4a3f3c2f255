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
	status, page := v.get("/console/try?" + url.Values{"method": {"POST"}, "path": {"/team/new"}, "body": {`{"team_id":""}`}}.Encode())
	if status != http.StatusOK || !strings.Contains(page, `{&#34;team_id&#34;:&#34;&#34;}`) {
		t.Errorf("the form: %d %s", status, page)
	}
	for _, said := range []string{`{"role":"admin","key":"sk-known"}`, `{"a":["x"]}`, "x"} {
		if _, page := v.get("/console/try?" + url.Values{"method": {"POST"}, "path": {"/admin_key/new"}, "body": {said}}.Encode()); !strings.Contains(page, `spellcheck="false"></textarea>`) {
			t.Errorf("a link fills %s in", said)
		}
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
	if _, page := v.post("/console/try", url.Values{"csrf": {token}, "method": {"POST"}, "path": {"/team/delete"}, "body": {`{"team_ids":["research"]}`}}); !strings.Contains(page, "Say why") {
		t.Errorf("a change without a reason: %s", text(page))
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
	_, page = v.post("/console/try", url.Values{"csrf": {token}, "method": {"POST"}, "path": {"/team/delete"}, "body": {`{"team_ids":["research"]}`}, "reason": {"x"}})
	expect(t, page, "Answer 40")
	if status, _ := w.call("GET", "/team/info?team_id=research", adminKey, ""); status != http.StatusOK {
		t.Error("a team's key deleted it")
	}
	if status, _ := v.post("/console/try", url.Values{"csrf": {"x"}, "method": {"GET"}, "path": {"/team/list"}}); status != http.StatusForbidden {
		t.Errorf("without the form's token: %d", status)
	}
}

// A key that is blocked, because it leaked maybe, shows how it stands and opens nothing else of its team.
func TestTry_isNotForABlockedKey(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research"}`)
	w.key("lab", `,"team_id":"research"`)
	v := w.signedIn(w.keys["lab"])
	_, page := v.get("/console/try")
	w.admin("/key/block", `{"key":"`+w.keys["lab"]+`"}`)
	status, page := v.post("/console/try", url.Values{"csrf": {csrf(page)}, "method": {"GET"}, "path": {"/key/list?return_full_object=true"}})
	if status != http.StatusForbidden || !strings.Contains(text(page), "is blocked") {
		t.Errorf("try: %d %s", status, text(page))
	}
	if status, _ := v.get("/console/usage.csv?team_id=research"); status != http.StatusForbidden {
		t.Errorf("usage: %d", status)
	}
	if status, page := v.get("/console/team?id=research"); status != http.StatusOK || !strings.Contains(page, "research") {
		t.Errorf("its team: %d", status)
	}
}
