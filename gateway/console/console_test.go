package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

func TestConsole_showsAdminsWhichCapFallsFirst(t *testing.T) {
	t.Parallel()
	w := open(t, func(s *store.Store) { spending(t, s) })
	w.populate()
	v := w.signedIn(adminKey)
	status, page := v.get("/console/")
	expect(t, page, "Which cap falls first", "Sandbox", "Over budget", "Customer Support", "all-of-it", "Record sqlite", "Spent this month")
	if status != http.StatusOK || strings.Index(page, "Sandbox") > strings.Index(page, "Marketing") {
		t.Errorf("%d, and what is over its cap does not stand first", status)
	}
	_, page = v.get("/console/teams?q=mark")
	expect(t, page, "Marketing")
	if strings.Contains(page, "Sandbox") {
		t.Error("a search for mark finds Sandbox")
	}
	for filter, want := range map[string]string{"over": "Sandbox", "blocked": "Legacy batch", "uncapped": "Interns", "near": "Customer Support"} {
		if _, page = v.get("/console/teams?filter=" + filter); !strings.Contains(page, want) || strings.Contains(page, "Marketing</a>") {
			t.Errorf("filter %s: %s", filter, text(page))
		}
	}
	_, page = v.get("/console/team?id=marketing")
	expect(t, page, "Requests a minute team", "gpt-4.1-mini", "Pot all-of-it", "shared budget", "ada", "batch", "team.create", "By model", "claude-sonnet-4-5")
	if strings.Contains(page, w.keys["web"]) {
		t.Error("the page shows a secret")
	}
}

// A team's key sees its own team, also when it is over budget or blocked, and nothing else.
func TestConsole_teamSeesItselfAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := open(t, func(s *store.Store) { spending(t, s) })
	w.populate()
	for key, wants := range map[string][]string{
		"web":  {"Marketing", "Requests a minute", "Left", "ada"},
		"play": {"Sandbox", "Over budget", "The budget is used up: calls are refused until"},
		"old":  {"Legacy batch", "This team is blocked", "Spend by day"},
		"free": {"free", "Every limit that binds this key", "Requests a minute key"},
	} {
		v := w.signedIn(w.keys[key])
		status, page := v.get("/console/")
		if status != http.StatusOK {
			t.Errorf("%s: %d", key, status)
		}
		expect(t, page, wants...)
		for _, stranger := range []string{"/console/team?id=research", "/console/team?id=nobody", "/console/teams", "/console/nothing"} {
			status, page := v.get(stranger)
			if status != http.StatusNotFound {
				t.Errorf("%s at %s: %d", key, stranger, status)
			}
			expect(t, page, "Not found", "not yours to see")
			if strings.Contains(page, "Research") {
				t.Errorf("%s sees a stranger's team", key)
			}
		}
	}
	_, page := w.signedIn(w.keys["web"]).get("/console/team?id=marketing")
	if strings.Contains(text(page), "team.create") || strings.Contains(text(page), "batch") && strings.Contains(page, "key_alias") {
		t.Error("the audit log is shown to a team's key")
	}
}

func TestConsole_sessions(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"marketing"}`)
	w.key("web", `,"team_id":"marketing"`)

	stranger := w.visitor()
	if status, page := stranger.get("/console/teams"); status != http.StatusOK || !strings.Contains(text(page), "Sign in") {
		t.Errorf("without a session: %d %s", status, text(page))
	}
	if status, page := stranger.post("/console/sign-in", url.Values{"key": {"sk-wrong"}}); status != http.StatusUnauthorized {
		t.Errorf("a wrong key: %d %s", status, text(page))
	}
	address, _ := url.Parse(w.URL() + "/console/")
	v, other := w.signedIn(adminKey), w.signedIn(adminKey)
	cookies := v.Jar.Cookies(address)
	if len(cookies) != 1 || strings.Contains(cookies[0].Value, adminKey) {
		t.Fatalf("cookies %v", cookies)
	}

	_, page := v.get("/console/")
	good := url.Values{"csrf": {csrf(page)}}
	for name, send := range map[string]func() (int, string){
		"no token": func() (int, string) { return v.post("/console/sign-out", nil) },
		"another's token": func() (int, string) {
			_, p := other.get("/console/")
			return v.post("/console/sign-out", url.Values{"csrf": {csrf(p)}})
		},
		"another site": func() (int, string) { return v.postFrom("/console/sign-out", good, "cross-site") },
		"sign in from another site": func() (int, string) {
			return w.visitor().postFrom("/console/sign-in", url.Values{"key": {adminKey}}, "cross-site")
		},
	} {
		if status, page := send(); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, text(page))
		}
	}

	// A cookie that was kept is worth nothing once its session has ended, and one that was altered never is.
	if status, page := v.post("/console/sign-out", good); status != http.StatusOK || !strings.Contains(page, "You are signed out") {
		t.Errorf("sign out: %d %s", status, text(page))
	}
	v.Jar.SetCookies(address, cookies)
	if _, page := v.get("/console/teams"); !strings.Contains(page, `name="key"`) {
		t.Error("a session goes on after its end")
	}
	altered := *cookies[0]
	altered.Value = "A" + altered.Value[1:]
	v.Jar.SetCookies(address, []*http.Cookie{&altered})
	if _, page := v.get("/console/teams"); !strings.Contains(page, `name="key"`) {
		t.Error("an altered cookie is taken")
	}

	third := w.signedIn(adminKey)
	_, page = third.get("/console/")
	third.post("/console/sign-out", url.Values{"csrf": {csrf(page)}, "everywhere": {"1"}})
	if _, page := other.get("/console/teams"); !strings.Contains(page, `name="key"`) {
		t.Error("signing out everywhere left a session")
	}

	team := w.signedIn(w.keys["web"])
	w.admin("/key/delete", `{"keys":["`+w.keys["web"]+`"]}`)
	if _, page := team.get("/console/"); !strings.Contains(page, `name="key"`) {
		t.Error("a session outlives its key")
	}
}

func TestConsole_guessesCountWithThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	v := w.visitor()
	for range 30 {
		w.call("GET", "/team/list", "sk-guess", "")
	}
	if status, page := v.post("/console/sign-in", url.Values{"key": {"sk-guess-too"}}); status != http.StatusTooManyRequests {
		t.Errorf("a guess after many: %d %s", status, text(page))
	}
	if status, _ := v.post("/console/sign-in", url.Values{"key": {adminKey}}); status != http.StatusOK {
		t.Errorf("the right key after many guesses: %d", status)
	}
}

// Programs that ask for "/" are answered as before; browsers are led to the console.
func TestConsole_leadsBrowsersAndLeavesProgramsAlone(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	if status, body := w.call("GET", "/", adminKey, ""); status != http.StatusNotFound || !strings.Contains(body, `"error"`) {
		t.Errorf("a program: %d %s", status, body)
	}
	if status, page := w.visitor().get("/"); status != http.StatusOK || !strings.Contains(page, "Sign in") {
		t.Errorf("a browser: %d %s", status, text(page))
	}
	for _, path := range []string{"/usage", "/audit", "/models"} {
		v := w.visitor()
		if _, body := v.get(path); !strings.HasPrefix(body, "{") {
			t.Errorf("%s answers a browser with %s", path, body)
		}
	}
}

// What binds a key is told as data, and asking counts against nothing.
func TestUsageLimits_countAgainstNothing(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"marketing","rpm_limit":2,"max_budget":10,"budget_duration":"1mo"}`)
	w.admin("/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":0.5}`)
	w.key("web", `,"team_id":"marketing","tpm_limit":1000`)
	w.chat("web")
	for range 5 {
		status, body := w.call("GET", "/v1/usage/limits", w.keys["web"], "")
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		for _, want := range []string{
			`"scope":"team:marketing","kind":"requests","unit":"requests","limit":2,"used":1,"reserved":0,"remaining":1`,
			`"kind":"tokens","unit":"tokens","limit":1000`, `"scope":"team:marketing","kind":"budget","unit":"USD","limit":10,`, `"scope":"budget:pot"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("lacks %s: %s", want, body)
			}
		}
	}
	if status := w.chat("web"); status != http.StatusOK {
		t.Errorf("the second call of two a minute: %d", status)
	}
	w.admin("/team/block", `{"team_id":"marketing"}`)
	if status, body := w.call("GET", "/v1/usage/limits", w.keys["web"], ""); status != http.StatusOK || !strings.Contains(body, `"blocked":true`) {
		t.Errorf("a blocked team: %d %s", status, body)
	}
}
