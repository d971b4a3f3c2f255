package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const adminKey = "sk-admin-of-the-test"

// world is a whole gateway with its console, as a browser meets it.
type world struct {
	*app.App
	t testing.TB
	// keys are the secrets of keys by their alias.
	keys map[string]string
	// upstream is the address of the model provider.
	upstream string
}

// open starts a gateway on a record that fill has written to.
func open(t testing.TB, fill func(s *store.Store)) *world {
	t.Helper()
	dir := t.TempDir()
	address := "sqlite:" + dir + "/bursar.db"
	if fill != nil {
		fillRecord(t, dir, address, fill)
	}
	return openAt(t, dir, address, "", nil)
}

// openWith starts a gateway on an empty record with other settings.
func openWith(t testing.TB, set func(c *config.Config)) *world {
	t.Helper()
	dir := t.TempDir()
	return openAt(t, dir, "sqlite:"+dir+"/bursar.db", "", set)
}

// openAt starts a gateway on a record.
func openAt(t testing.TB, dir, address, secretKey string, set func(c *config.Config)) *world {
	t.Helper()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	loaded, err := config.Load("", func(name string) string {
		return map[string]string{
			"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": dir, "BURSAR_DATABASE_URL": address, "BURSAR_SECRET_KEY": secretKey,
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded.AllowPrivateTargets, loaded.UpstreamNetworks = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	price := 3 * money.USD / 10 // per million tokens
	loaded.Models = []config.Model{{
		Name: "gpt-4.1-mini", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1-mini",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &price, Output: &price}},
	}}
	if set != nil {
		set(&loaded)
	}
	a, err := app.New(t.Context(), app.Options{Config: loaded, Logger: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return &world{App: a, t: t, keys: map[string]string{}, upstream: upstream.URL()}
}

func fillRecord(t testing.TB, dir, address string, fill func(s *store.Store)) {
	t.Helper()
	sealer, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), address, store.Options{Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fill(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// admin calls the admin API and returns its answer.
func (w *world) admin(path, body string) map[string]any {
	w.t.Helper()
	status, answer := w.call("POST", path, adminKey, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", path, body, status, answer)
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(answer), &object); err != nil {
		w.t.Fatal(err)
	}
	return object
}

// key makes a key and keeps its secret under its alias.
func (w *world) key(alias, fields string) {
	w.t.Helper()
	answer := w.admin("/key/generate", fmt.Sprintf(`{"key_alias":%q%s}`, alias, fields))
	w.keys[alias], _ = answer["key"].(string)
}

// chat calls a model with a key and returns the status.
func (w *world) chat(alias string) int {
	w.t.Helper()
	status, _ := w.call("POST", "/v1/chat/completions", w.keys[alias],
		`{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"say hello"}]}`)
	return status
}

// managed calls the admin API as Terraform does.
func (w *world) managed(path, body string) {
	w.t.Helper()
	status, answer := w.call("POST", path, adminKey, body, "X-Bursar-Managed-By", `{"program":"terraform","workspace":"prod","address":"https://git.example/quotas"}`)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", path, body, status, answer)
	}
}

func (w *world) call(method, path, key, body string, header ...string) (int, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return send(w.t, http.DefaultClient, request)
}

func send(t testing.TB, client *http.Client, request *http.Request) (int, string) {
	t.Helper()
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// visitor is a browser without a screen or script: it keeps cookies and follows forms.
type visitor struct {
	*http.Client
	t    testing.TB
	root string
}

// await asks the API until its answer has the text.
func (w *world) await(method, path, text string) {
	w.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		_, body := w.call(method, path, adminKey, "")
		if strings.Contains(body, text) {
			return
		}
		select {
		case <-deadline:
			w.t.Fatalf("%s has no %s: %s", path, text, body)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{Client: &http.Client{Jar: jar}, t: w.t, root: w.URL()}
}

// signedIn is a visitor who came with the key.
func (w *world) signedIn(key string) *visitor {
	w.t.Helper()
	v := w.visitor()
	if status, page := v.post("/console/sign-in", url.Values{"key": {key}}); status != http.StatusOK {
		w.t.Fatalf("sign in: %d %s", status, text(page))
	}
	return v
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.root+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html")
	return send(v.t, v.Client, request)
}

func (v *visitor) post(path string, form url.Values) (int, string) {
	v.t.Helper()
	return v.postFrom(path, form, "same-origin")
}

// postFrom sends a form as a browser does that got it from a page of this or of another site.
func (v *visitor) postFrom(path string, form url.Values, site string) (int, string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", site)
	return send(v.t, v.Client, request)
}

var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	blank = regexp.MustCompile(`\s+`)
	token = regexp.MustCompile(`name="csrf" value="([^"]*)"`)
)

// text is what a person reads of a page.
func text(page string) string { return blank.ReplaceAllString(tags.ReplaceAllString(page, " "), " ") }

// csrf is the token of a page's forms.
func csrf(page string) string {
	if found := token.FindStringSubmatch(page); found != nil {
		return found[1]
	}
	return ""
}

// expect fails unless a page holds every text.
func expect(t testing.TB, page string, texts ...string) {
	t.Helper()
	readable := text(page)
	for _, want := range texts {
		if !strings.Contains(readable, want) {
			t.Errorf("the page lacks %q:\n%s", want, readable)
		}
	}
}

// populate makes teams in every state that a page must show.
func (w *world) populate() {
	w.t.Helper()
	for _, body := range []string{
		`{"team_id":"marketing","team_alias":"Marketing","max_budget":500,"soft_threshold_pct":0.8,"budget_duration":"1mo","rpm_limit":120,"tpm_limit":200000,"max_parallel_requests":8,"model_rpm_limit":{"gpt-4.1-mini":60}}`,
		`{"team_id":"research","team_alias":"Research & Development","max_budget":2000,"budget_duration":"1mo","rpm_limit":600}`,
		`{"team_id":"support","team_alias":"Customer Support (Europe, Middle East and Africa) second line escalation desk","max_budget":40,"budget_duration":"7d"}`,
		`{"team_id":"team_01JDZK5V7Y8Q2M3N4P5R6S7T8V9W0X1Y2Z3A4B5C6D7E8F9G0H1J2K3L4M5N6P","max_budget":12.5,"budget_duration":"1d"}`,
		`{"team_id":"sandbox","team_alias":"Sandbox","max_budget":0.000005,"budget_duration":"1mo"}`,
		`{"team_id":"legacy","team_alias":"Legacy batch","blocked":true,"max_budget":100,"budget_duration":"1mo"}`,
		`{"team_id":"interns","team_alias":"Interns"}`,
	} {
		w.admin("/team/new", body)
	}
	w.admin("/budget/new", `{"budget_id":"all-of-it","everything":true,"max_budget":3000,"budget_duration":"1mo"}`)
	w.admin("/team/member_add", `{"team_id":"marketing","member":[{"user_id":"ada","role":"admin"},{"user_id":"grace","role":"user"}],"max_budget_in_team":100}`)
	w.key("web", `,"team_id":"marketing","user_id":"ada"`)
	w.key("batch", `,"team_id":"marketing","max_budget":50,"budget_duration":"1mo","duration":"30d"`)
	w.key("play", `,"team_id":"sandbox"`)
	w.key("old", `,"team_id":"legacy"`)
	w.key("free", `,"rpm_limit":5`)
}

// spending are ledger rows of a month for the teams of populate.
func spending(t testing.TB, s *store.Store) {
	t.Helper()
	now := time.Now().UTC()
	var rows []api.LedgerRow
	for day := range 30 {
		for _, use := range []struct {
			team, key, user, model string
			cost                   money.Nano
		}{
			{"marketing", "key_web", "ada", "gpt-4.1-mini", 9*money.USD + 412_300_000},
			{"marketing", "key_batch", "", "claude-sonnet-4-5", 4*money.USD + 1_250_075},
			{"research", "key_lab", "linus", "gpt-4.1", 41 * money.USD},
			{"support", "key_desk", "", "gpt-4.1-mini", 60 * money.USD},
			{"legacy", "key_old", "", "gpt-4o", 2 * money.USD},
			{"interns", "key_intern", "", "gpt-4.1-mini", 31_415_926},
			{"team_01JDZK5V7Y8Q2M3N4P5R6S7T8V9W0X1Y2Z3A4B5C6D7E8F9G0H1J2K3L4M5N6P", "key_long", "", "a-model-with-a-very-long-name-that-somebody-thought-was-a-good-idea-2025-11-29", 11 * money.USD},
			{"sandbox", "key_play", "", "gpt-4.1-mini", 11_000},
		} {
			if use.team == "support" && day > 0 {
				use.cost = money.USD / 100 // its week begins on Mondays, and is nearly spent on any day of it
			}
			at := now.Add(-time.Duration(day)*24*time.Hour - time.Duration(day%7)*time.Minute)
			rows = append(rows, api.LedgerRow{
				ID: fmt.Sprintf("row-%s-%s-%d", use.team, use.key, day), Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at,
				RequestID: "past", TeamID: use.team, KeyID: use.key, UserID: use.user, Model: use.model, PromptTokens: 1000 + int64(day)*37,
				CompletionTokens: 300, Cost: use.cost * money.Nano(60+(day*29)%80) / 100,
			})
		}
	}
	for minute := range 50 {
		at := now.Add(-time.Duration(minute) * time.Minute)
		for call := range 1 + (minute*13)%40 {
			rows = append(rows, api.LedgerRow{
				ID: fmt.Sprintf("minute-%d-%d", minute, call), Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at, RequestID: "past",
				TeamID: "marketing", KeyID: "key_web", UserID: "ada", Model: "gpt-4.1-mini", PromptTokens: 800, CompletionTokens: 200, Cost: 4_000_00,
			})
		}
	}
	if err := s.AppendLedger(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
}
