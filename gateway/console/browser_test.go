package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/browsertest"
)

// browser is a real Chromium that walks through a console.
type browser struct {
	context.Context
	t    *testing.T
	root string
	mu   sync.Mutex
	// outside are requests that a page made to other addresses, complaints what the browser did not like, such as
	// what the pages' policy forbids.
	outside, complaints []string
}

// browse starts a browser that ends with the test.
func browse(t *testing.T, root string) *browser {
	t.Helper()
	ctx := browsertest.Start(t)
	b := &browser{Context: ctx, t: t, root: root}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return err
	}))
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(event.Request.URL, b.root) && !strings.HasPrefix(event.Request.URL, "about:") && !strings.HasPrefix(event.Request.URL, "data:") {
			b.outside = append(b.outside, event.Request.URL)
		}
	case *log.EventEntryAdded:
		// That a form was answered with 4xx is what some steps are about.
		if event.Entry.Level == log.EntryLevelError && !strings.Contains(event.Entry.Text, "the server responded with a status of 4") {
			b.complaints = append(b.complaints, event.Entry.Text)
		}
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// withoutScript lets no page run a script from now on.
func (b *browser) withoutScript() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

func (b *browser) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.root + path)) }

// press clicks and waits for the page that follows.
func (b *browser) press(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("press %s: %v", selector, err)
	}
}

func (b *browser) fill(id, value string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.ID(id), value))
}

func (b *browser) signIn(key string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	b.open("/")
	b.fill("key", key)
	b.press("button.main")
}

// see emulates a screen.
func (b *browser) see(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

func evaluate[T any](b *browser, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.t.Fatalf("%.60s: %v", expression, err)
	}
	return value
}

// reads fails unless the page shows every text.
func (b *browser) reads(texts ...string) {
	b.t.Helper()
	page := evaluate[string](b, `document.body.innerText.replace(/\s+/g, ' ')`)
	for _, want := range texts {
		if !strings.Contains(page, want) {
			b.t.Errorf("the page lacks %q: %s", want, page)
		}
	}
}

// picture keeps what the browser shows, for the guide: in the folder of BURSAR_PICTURES, for example docs/pictures.
func (b *browser) picture(name string) {
	b.t.Helper()
	var shot []byte
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		quality := int64(80)
		answer, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		shot = answer.Data
		return err
	}))
	dir := os.Getenv("BURSAR_PICTURES")
	if dir == "" {
		dir = b.t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(dir, "console-"+name+".webp"), shot, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// checkQuiet fails when a page asked another address, or did what its own policy forbids.
func (b *browser) checkQuiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.outside) > 0 || len(b.complaints) > 0 {
		b.t.Errorf("requests to others: %q; complaints: %q", b.outside, b.complaints)
	}
}

// Every page, in the roles that may see it, light and dark, is as wide as the screen down to 320 px, passes axe's rules
// for WCAG AA, and asks no other address for anything.
func TestBrowser_walksEveryPage(t *testing.T) {
	w := open(t, func(s *store.Store) { spending(t, s) })
	w.populate()
	w.admin("/alert_route/new", `{"name":"operations-on-call","webhook":{"url":"http://127.0.0.1:9/hook"}}`)
	w.managed("/team/new", `{"team_id":"platform","rpm_limit":30}`)
	w.admin("/alert/silence", `{"team_id":"marketing","event":"budget.forecast","until":"2126-12-01T08:00:00Z","reason":"`+strings.Repeat("long", 40)+`"}`)
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	waiting := w.admin("/quota_request/new", `{"team_id":"platform","limit":"rpm_limit","by":10,"until":"`+until+`","reason":"a launch"}`)
	w.admin("/quota_request/approve", fmt.Sprintf(`{"quota_request_id":%q}`, waiting["quota_request_id"]))
	w.admin("/quota_request/new", `{"team_id":"marketing","limit":"max_budget","usd":5,"until":"`+until+`","reason":"`+strings.Repeat("long", 40)+`"}`)
	review, _ := w.admin("/quota_review/new", `{"reason":"a launch","changes":[{"address":"bursar_team.marketing","noun":"team","action":"update","identity":{"team_id":"marketing"},
		"before":{"rpm_limit":30},"after":{"rpm_limit":60}}]}`)["quota_review_id"].(string)
	for range 7 {
		w.chat("free")
		w.chat("play")
	}
	b := browse(t, w.URL())
	rules := axe(t)
	long := "/console/team?id=team_01JDZK5V7Y8Q2M3N4P5R6S7T8V9W0X1Y2Z3A4B5C6D7E8F9G0H1J2K3L4M5N6P"
	for _, role := range []struct {
		key   string
		pages []string
	}{
		{"", []string{"/console/sign-in"}},
		{adminKey, []string{
			"/console/", "/console/teams", "/console/teams?q=nobody", "/console/team?id=marketing", "/console/team?id=legacy", long, "/console/keys", "/console/budgets",
			"/console/models", "/console/usage?group_by=model", "/console/alerts", "/console/silences", "/console/audit", "/console/settings", "/console/edit?kind=team&id=marketing",
			"/console/edit?kind=key", "/console/edit?kind=team&id=platform", "/console/edit?kind=model", "/console/reviews", "/console/usage/compare", "/console/review?id=" + review, "/console/try?method=POST&path=/team/new", "/console/edit?kind=email_route",
			"/console/edit?kind=member&team=marketing", "/console/users", "/console/edit?kind=user", "/console/requests", "/console/nowhere",
		}},
		{w.keys["play"], []string{"/console/team?id=sandbox", "/console/key", "/console/requests", "/console/team?id=marketing"}},
	} {
		if role.key != "" {
			b.signIn(role.key)
		}
		for i, path := range role.pages {
			b.see(320, []string{"dark", "light"}[i%2])
			b.open(path)
			if over := evaluate[float64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %v px wider than 320 px", path, over)
			}
			b.see(1200, []string{"light", "dark"}[i%2])
			b.checkAccessible(path, rules)
		}
	}
	b.checkQuiet()
}

// A team is made, its cap lowered and its key rotated by hand, all without script.
func TestBrowser_changesWithoutScript(t *testing.T) {
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research","max_budget":100}`)
	w.key("lab", `,"team_id":"research"`)
	w.chat("lab")
	b := browse(t, w.URL())
	b.withoutScript()
	b.signIn(adminKey)
	b.reads("Which cap falls first", "research")
	b.open("/console/edit?kind=team&id=research")
	b.fill("max_budget", "0.000001")
	b.press("button.main")
	b.reads("Nothing has been done yet", "Calls will be refused", "0.000001")
	b.fill("reason", "the quarter is over")
	b.press("button.main")
	b.reads("Over budget", "the quarter is over", "Done")

	b.open("/console/keys")
	b.press("tbody th a")
	b.press(`form:has(input[value="rotate"]) button`)
	b.fill("reason", "it was in a log")
	b.press("button.main")
	b.reads("It is shown this once", "sk-brs_")
	b.checkQuiet()
}

// A refusal is acknowledged, and a team silenced and heard again, by hand and without script.
func TestBrowser_silencesWithoutScript(t *testing.T) {
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research","max_budget":0.000001}`)
	w.key("lab", `,"team_id":"research"`)
	w.chat("lab")
	b := browse(t, w.URL())
	b.withoutScript()
	b.signIn(adminKey)
	w.await("GET", "/alert/events?event=budget.hard_limit", `"total":1`)
	b.open("/console/alerts")
	b.press(`a[href="/console/silences"]`)
	b.reads("Nothing is silenced", "Refusals by a cap", "research has spent")
	b.press(`form[action="/console/alerts/ack"] button`)
	b.reads("Acknowledged: it is neither told again nor handed on", "admin")

	b.fill("team_id", "reserch")
	b.press(`form[action="/console/silences/new"] button`)
	b.reads("reserch")
	if invalid := evaluate[int](b, `document.querySelectorAll("#problem").length`); invalid != 1 {
		t.Errorf("the page says %d times what is wrong", invalid)
	}
	b.fill("team_id", "research")
	b.fill("event", "budget.soft_limit")
	b.fill("until", "2126-12-01T08:00")
	b.fill("why", "a load test")
	b.press(`form[action="/console/silences/new"] button`)
	b.reads("Silenced. Limits hold as before", "budget.soft_limit", "a load test", "2126")
	if _, listed := w.call("GET", "/alert/silences", adminKey, ""); !strings.Contains(listed, `"until":"2126-12-01T08:00:00Z"`) {
		t.Errorf("silences are %s", listed)
	}
	b.press(`form[action="/console/silences/end"] button`)
	b.reads("The silence has ended", "Nothing is silenced")
	b.checkQuiet()
}

// What a lower limit would have refused appears in its rehearsal, which does not wait for it; without script, by a button.
func TestBrowser_aRehearsalReplays(t *testing.T) {
	for _, script := range []bool{true, false} {
		w := open(t, nil)
		w.admin("/team/new", `{"team_id":"research","max_budget":100}`)
		w.key("lab", `,"team_id":"research"`)
		for range 3 {
			w.chat("lab")
		}
		b := browse(t, w.URL())
		b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
			return err
		}))
		b.signIn(adminKey)
		b.open("/console/edit?kind=team&id=research")
		b.fill("max_budget", "0.000001")
		b.press("button.main")
		b.reads("Nothing has been done yet", "What it would have refused")
		if !script {
			b.press(`form[data-inline] button`)
		}
		b.do(chromedp.WaitVisible(chromedp.CSS("#replayed")))
		b.reads("The 3 calls of the last 7d", "The limits in force 0 $0.00", "The limits of this change 3", "team:research, budget: 3 refused", "Key lab, gpt-4.1-mini: 3 of 3 calls refused")
		if script {
			b.reads("Nothing has been done yet", "Do it")
		}
		b.checkQuiet()
	}
}

// A team asks for more and an admin answers by hand, without script.
func TestBrowser_aRequestIsAnswered(t *testing.T) {
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research","rpm_limit":5}`)
	w.key("lab", `,"team_id":"research"`)
	b := browse(t, w.URL())
	b.withoutScript()
	b.signIn(w.keys["lab"])
	b.open("/console/requests")
	b.fill("limit", "rpm_limit")
	b.fill("more", "7")
	b.fill("why", "a demonstration")
	b.press("button.main")
	b.reads("The platform's admins are told", "rpm_limit of team research: 7 more", "Waits for an answer")

	b.signIn(adminKey)
	b.open("/console/requests")
	b.press(`button[value="approve"]`)
	b.reads("Approved: it is in force on every gateway", "a demonstration")
	if _, limits := w.call("GET", "/v1/usage/limits", w.keys["lab"], ""); !strings.Contains(limits, `"limit":12`) {
		t.Errorf("after the approval: %s", limits)
	}
	b.checkQuiet()
}

// The pictures of the guide.
func TestBrowser_pictures(t *testing.T) {
	w := open(t, func(s *store.Store) { spending(t, s) })
	w.populate()
	b := browse(t, w.URL())
	b.see(1000, "light")
	b.signIn(adminKey)
	b.picture("now-light")
	b.see(1000, "dark")
	b.open("/console/team?id=marketing")
	b.picture("team-dark")
	b.see(1000, "light")
	b.open("/console/edit?kind=team&id=marketing")
	b.fill("max_budget", "5")
	b.press("button.main")
	b.reads("Calls will be refused")
	b.picture("rehearsal-light")
	b.see(360, "dark")
	b.signIn(w.keys["play"])
	b.reads("The budget is used up")
	b.picture("own-team-phone-dark")
}

// The description of the API leads to a form that sends an operation with the rights of who is signed in.
func TestBrowser_triesAnOperationOfTheDescription(t *testing.T) {
	w := open(t, nil)
	b := browse(t, w.URL())
	b.signIn(adminKey)
	b.open("/docs")
	b.do(chromedp.WaitVisible(chromedp.CSS("main section details")))
	evaluate[bool](b, `[...document.querySelectorAll("details")].find(one => one.dataset.text?.startsWith("/team/new")).open = true`)
	b.press(`a[href^="/console/try?method=POST&path=%2Fteam%2Fnew"]`)
	b.fill("body", `{"team_id":"research"}`)
	b.fill("reason", "to see it work")
	b.press("button.main")
	b.reads("Answer 200", `"team_id": "research"`)
	b.checkQuiet()
}
