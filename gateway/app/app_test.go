package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(stores{m}) }

// stores ends the servers that tests have started before leaks are looked for.
type stores struct{ m *testing.M }

func (s stores) Run() int { return testenv.MainPostgres(s.m) }

const adminKey = "sk-admin-of-the-test"

// gateway is a whole gateway in the test's process.
type gateway struct {
	*app.App
	t   *testing.T
	log *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// settings is a configuration with embedded stores and one model at the fake upstream,
// whose tokens cost a hundredth of a dollar each.
func settings(t *testing.T, upstream *testenv.Upstream) config.Config {
	t.Helper()
	dir := t.TempDir()
	storetest.SQLite(t, dir)
	loaded, err := config.Load("", func(name string) string {
		return map[string]string{
			"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": dir,
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded.AllowPrivateTargets, loaded.UpstreamNetworks = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cent := 10_000 * money.USD // per million tokens
	loaded.Models = []config.Model{{
		Name: "gpt-4.1-mini", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1-mini",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cent, Output: &cent}},
	}}
	return loaded
}

func start(t *testing.T, c config.Config) *gateway { return startAt(t, c, nil) }

// startAt starts a gateway with a clock of its own, which its counters do not go by.
func startAt(t *testing.T, c config.Config, now func() time.Time) *gateway {
	t.Helper()
	return startBy(t, c, now, nil)
}

// startBy starts a gateway with a clock of its own, and one of its counters.
func startBy(t *testing.T, c config.Config, now, counterNow func() time.Time) *gateway {
	t.Helper()
	log := &logBuffer{}
	a, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.NewJSONHandler(log, nil)), Version: "test", Now: now, CounterNow: counterNow})
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	g := &gateway{App: a, t: t, log: log}
	t.Cleanup(g.stop)
	return g
}

func (g *gateway) stop() {
	if err := g.Stop(context.Background()); err != nil {
		g.t.Errorf("stop: %v", err)
	}
}

func (g *gateway) do(method, path, key, body string) (int, http.Header, string) {
	g.t.Helper()
	return g.doWith(method, path, key, body, http.Header{})
}

func (g *gateway) doWith(method, path, key, body string, header http.Header) (int, http.Header, string) {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.URL()+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

// admin sends an admin request that must succeed and returns the answer's object.
func (g *gateway) admin(method, path, body string) map[string]any {
	g.t.Helper()
	status, _, text := g.do(method, path, adminKey, body)
	if status != http.StatusOK {
		g.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		g.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return answer
}

// newKey makes a key and returns its secret.
func (g *gateway) newKey(body string) string {
	g.t.Helper()
	secret, ok := g.admin("POST", "/key/generate", body)["key"].(string)
	if !ok {
		g.t.Fatal("/key/generate answered no key")
	}
	return secret
}

const hello = `{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=50 completion_tokens=50"}]}`

func TestGateway_enforcesWhatTheAdminAPIDeclares(t *testing.T) {
	upstream, receiver := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/team/new", `{"team_id":"marketing","rpm_limit":100,"max_budget":10,"soft_threshold_pct":0.5,"budget_duration":"1mo"}`)
	g.admin("POST", "/alert_route/new", `{"name":"oncall","webhook":{"url":"`+receiver.URL()+`"}}`)
	key := g.newKey(`{"team_id":"marketing"}`)

	// Each call costs one dollar and reserves a little more.
	served, refused := 0, ""
	for refused == "" {
		status, _, body := g.do("POST", "/v1/chat/completions", key, hello)
		switch status {
		case http.StatusOK:
			served++
		case http.StatusForbidden:
			refused = body
		default:
			t.Fatalf("%d %s", status, body)
		}
	}
	if served < 8 || served > 10 || !strings.Contains(refused, "Team=marketing has $") {
		t.Errorf("%d were served, then: %s", served, refused)
	}
	if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != float64(served) {
		t.Errorf("spend is %v after %d calls of one dollar", spend, served)
	}
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	deliveries, err := receiver.Wait(waiting, 2)
	if err != nil {
		t.Fatal("alerts did not arrive:", err)
	}
	kinds := map[string]int{}
	for _, delivery := range deliveries {
		var event struct{ Type string }
		if err := json.Unmarshal(delivery.Body, &event); err != nil {
			t.Fatal(err)
		}
		kinds[event.Type]++
	}
	if kinds["budget.soft_limit"] != 1 || kinds["budget.hard_limit"] != 1 {
		t.Errorf("alerts: %v", kinds)
	}
}

// The counters of one node live in its memory, and the ledger brings them back.
func TestGateway_remembersSpendingOverARestart(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	first := start(t, c)
	first.admin("POST", "/team/new", `{"team_id":"marketing","max_budget":3,"budget_duration":"1mo"}`)
	key := first.newKey(`{"team_id":"marketing"}`)
	first.do("POST", "/v1/chat/completions", key, hello)
	first.stop()

	second := start(t, c)
	if spend := second.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != 1.0 {
		t.Errorf("spend is %v after a restart, want 1", spend)
	}
	if status, _, body := second.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
		t.Errorf("the key does not work after a restart: %d %s", status, body)
	}
}

// Stop must let a stream that is under way end.
func TestGateway_drainsStreams(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	key := g.newKey(`{}`)
	body := `{"model":"gpt-4.1-mini","stream":true,"messages":[{"role":"user","content":"fake: completion_tokens=20 hang_after=2"}]}`
	streamed := make(chan string, 1)
	go func() {
		_, _, text := g.do("POST", "/v1/chat/completions", key, body)
		streamed <- text
	}()
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	if err := upstream.WaitRunning(waiting, 1); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { g.stop(); close(stopped) }()
	for { // until the gateway takes no new connections
		if _, err := http.Get(g.URL() + "/health/liveliness"); err != nil {
			break
		}
	}
	upstream.Release()
	if text := <-streamed; !strings.HasSuffix(text, "data: [DONE]\n\n") {
		t.Errorf("the stream was cut: %q", text)
	}
	<-stopped
}

// The identifier header charges another team only when the key may speak for it.
func TestGateway_identifierHeader(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for _, team := range []string{"marketing", "research", "product"} {
		g.admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
	}
	key := g.newKey(`{"team_id":"marketing","speak_for_teams":["research"]}`)
	for team, want := range map[string]int{"": 200, "marketing": 200, "research": 200, "product": 403, "nowhere": 403} {
		status, _, body := g.doWith("POST", "/v1/chat/completions", key, hello, http.Header{"X-Team-Id": {team}})
		if status != want {
			t.Errorf("for team %q: %d %s", team, status, body)
		}
	}
	for team, want := range map[string]float64{"marketing": 2, "research": 1, "product": 0} {
		if spend := g.admin("GET", "/team/info?team_id="+team, "")["spend"]; spend != want {
			t.Errorf("%s has spent %v, want %v", team, spend, want)
		}
	}
}

func TestGateway_health(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for _, path := range []string{"/health/liveliness", "/health/liveness"} {
		if status, _, body := g.do("GET", path, "", ""); status != http.StatusOK || strings.TrimSpace(body) != `"I'm alive!"` {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	ready := g.admin("GET", "/health/readiness", "")
	if ready["status"] != "healthy" || ready["db"] != "connected" || ready["record"] != "sqlite" || ready["counters"] != "in-process" {
		t.Errorf("readiness: %v", ready)
	}
}

// The metrics tell what teams spend: who may look at everything may read them, and so may the key that opens nothing else.
func TestGateway_whoMayReadMetrics(t *testing.T) {
	const collector = "sk-metrics-of-the-test"
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.MetricsKey = collector
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"a"}`)
	key := g.newKey(`{}`)
	g.do("POST", "/v1/chat/completions", key, hello)
	role := func(role string) string {
		return g.admin("POST", "/admin_key/new", `{"admin_key_alias":"reads as `+role+`","role":"`+role+`","team_ids":`+map[bool]string{true: `["a"]`, false: `[]`}[strings.HasPrefix(role, "team")]+`}`)["key"].(string)
	}
	want := `bursar_requests_total{model="gpt-4.1-mini",reason="",status="200",team_id=""} 1`
	for name, test := range map[string]struct {
		key    string
		status int
	}{
		"the admin key": {adminKey, 200}, "an admin": {role("admin"), 200}, "a viewer": {role("viewer"), 200}, "the collector": {collector, 200},
		"a team admin": {role("team_admin"), 403}, "a caller": {key, 403}, "nobody": {"sk-nobody-knows-this-one-at-all", 401},
	} {
		if status, _, text := g.do("GET", "/metrics", test.key, ""); status != test.status || status == 200 && !strings.Contains(text, want) {
			t.Errorf("%s: %d, want %d: %.2000s", name, status, test.status, text)
		}
	}
	for _, path := range []string{"/team/list", "/v1/models"} {
		if status, _, body := g.do("GET", path, collector, ""); status != 401 {
			t.Errorf("the collector's key opens %s: %d %s", path, status, body)
		}
	}
}

func TestGateway_declaredTeamsAreReadOnly(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.File = "gateway.yaml"
	c.Teams = declaredTeams()
	g := start(t, c)
	if alias := g.admin("GET", "/team/info?team_id=declared", "")["team_alias"]; alias != "Declared" {
		t.Errorf("alias: %v", alias)
	}
	status, _, body := g.do("POST", "/team/update", adminKey, `{"team_id":"declared","rpm_limit":1}`)
	if status != http.StatusConflict || !strings.Contains(body, "gateway.yaml") {
		t.Errorf("%d %s", status, body)
	}
}

func TestNew_namesTheStoreItCannotReach(t *testing.T) {
	for want, change := range map[string]func(*config.Config){
		"database_url": func(c *config.Config) {
			c.DatabaseURL = "postgres://user:hunter2@127.0.0.1:1/none"
			c.SecretKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		},
		"listen":     func(c *config.Config) { c.Listen = "192.0.2.1:1" },
		"secret_key": func(c *config.Config) { c.SecretKey = "hunter2" },
		"redis_url":  func(c *config.Config) { c.RedisURL = "redis://:hunter2@127.0.0.1:1/0" },
	} {
		t.Run(want, func(t *testing.T) {
			c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			change(&c)
			_, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
}
