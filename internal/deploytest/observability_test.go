package deploytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestObservability_rulesDoWhatTheySay(t *testing.T) {
	check(t, "promtool", "check", "config", "--syntax-only", example("observability/prometheus.yml"))
	check(t, "promtool", "test", "rules", example("observability/rules/bursar_test.yml"))
	rules, tests := readExample(t, "observability/rules/bursar.yml"), readExample(t, "observability/rules/bursar_test.yml")
	for _, alert := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if !regexp.MustCompile(`alertname: ` + alert[1] + `\n\s+eval_time: \S+\n\s+exp_alerts:\n`).MatchString(tests) {
			t.Errorf("no test sees %s fire", alert[1])
		}
	}
}

func TestObservability_alertsReachWhoIsMeant(t *testing.T) {
	file := example("observability/alertmanager.yml")
	check(t, "amtool", "check-config", file)
	for labels, want := range map[string]string{
		"alertname=TeamApproachingBudgetCap severity=warning": "finance,channel",
		"alertname=TeamBudgetSpent severity=critical":         "on-call,finance,channel",
		"alertname=SharedBudgetApproachingCap":                "finance,channel",
		"alertname=GatewayDown severity=critical":             "on-call,channel",
		"alertname=TeamRefusedSteadily severity=warning":      "channel",
	} {
		arguments := append([]string{"config", "routes", "test", "--config.file", file}, strings.Fields(labels)...)
		said := strings.Split(strings.TrimSpace(check(t, "amtool", arguments...)), "\n")
		if got := strings.TrimSpace(said[len(said)-1]); got != want { // before it may stand a warning
			t.Errorf("%s goes to %s, want %s", labels, got, want)
		}
	}
}

// watched is a gateway with something of everything that the dashboard shows.
func watched(t *testing.T) (gateway string) {
	t.Helper()
	provider, failing := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartUpstream(t, testenv.UpstreamOptions{})
	failing.Behave(testenv.Behaviour{Fail: http.StatusInternalServerError})
	dir := t.TempDir()
	aFortnight(t, dir)
	gateway = startGateway(t, dir, fmt.Sprintf(`
metrics: {refresh: 1s}
export: [{type: file, name: disk, path: %q}]
models:
  - {name: gpt-4.1-mini, base_url: %q}
  - {name: gpt-4.1-mini, base_url: %q}
teams:
  - {team_id: marketing, max_budget: 100, soft_budget: 80, budget_duration: 1mo, reset_day: %d, rpm_limit: 100000, tpm_limit: 100000000, max_parallel_requests: 50}
budgets: {shared: [{budget_id: everything, max_budget: 1000}]}
`, filepath.Join(t.TempDir(), "ledger.jsonl"), provider.URL(), failing.URL(), resetDay(time.Now())))
	capped := newKey(t, gateway, `{"team_id":"marketing","max_budget":10}`)
	limited := newKey(t, gateway, `{"team_id":"marketing","rpm_limit":1}`)
	chat := func(key string, stream bool) {
		ask(t, "POST", gateway+"/v1/chat/completions", key, fmt.Sprintf(`{"model":"gpt-4.1-mini","max_tokens":20,"stream":%t,"messages":[{"role":"user","content":"Hello"}]}`, stream))
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			chat(capped, false)
			chat(capped, true)
			chat(limited, false)
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	return gateway
}

// aFortnight puts days into a record that forecasts learn from.
func aFortnight(t *testing.T, dir string) {
	t.Helper()
	sealer, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	record, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "bursar.db"), store.Options{Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var rows []api.LedgerRow
	for day := range 14 {
		at := time.Now().AddDate(0, 0, -day)
		rows = append(rows, api.LedgerRow{
			ID: fmt.Sprintf("past-%d", day), Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at, TeamID: "marketing", Model: "gpt-4.1-mini", Cost: 2 * money.USD,
		})
	}
	if err := errors.Join(record.AppendLedger(t.Context(), rows, nil), record.Close()); err != nil {
		t.Fatal(err)
	}
}

// resetDay makes periods of a month that began at least ten days ago: before a fifth of them nothing is foreseen.
func resetDay(now time.Time) int { return min(now.UTC().AddDate(0, 0, -10).Day(), 28) }

// startPrometheus runs the configuration of the example, but for where it collects and how often.
func startPrometheus(t *testing.T, gateway string) (address string) {
	t.Helper()
	dir := t.TempDir()
	text := readExample(t, "observability/prometheus.yml")
	for old, new := range map[string]string{
		"[gateway-1:4000, gateway-2:4000]": "[" + strings.TrimPrefix(gateway, "http://") + "]",
		"scrape_interval: 15s":             "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s",
		"[alertmanager:9093]": "[]",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example does not say %s", old)
		}
		text = strings.Replace(text, old, new, 1)
	}
	for name, content := range map[string]string{
		"prometheus.yml": text, "metrics.key": metricsKey + "\n", "rules/bursar.yml": readExample(t, "observability/rules/bursar.yml"),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listen := testenv.FreeAddress(t)
	program := exec.CommandContext(t.Context(), "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen, "--log.level=warn")
	program.Stderr = os.Stderr
	if err := program.Start(); err != nil {
		t.Fatalf("start Prometheus, which make test installs: %v", err)
	}
	t.Cleanup(func() { _ = program.Process.Kill(); _ = program.Wait() })
	return "http://" + listen
}

// dashboard is what of a Grafana dashboard is looked at here.
type dashboard struct {
	Templating struct {
		List []struct{ Name, Definition string }
	}
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(readExample(t, "observability/grafana/bursar.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every query of every panel, and every rule that records, has an answer from a Prometheus that collects from a gateway;
// and every series that a rule, a panel or Datadog's check names is one that the gateway has.
func TestObservability_everyPanelHasData(t *testing.T) {
	gateway := watched(t)
	prometheus := startPrometheus(t, gateway)
	queries := map[string]string{}
	for _, panel := range readDashboard(t).Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q asks nothing", panel.Title)
		}
		for i, target := range panel.Targets {
			expr := strings.NewReplacer("$team", "marketing", "$__rate_interval", "5s").Replace(target.Expr)
			queries[fmt.Sprintf("%s (%d)", panel.Title, i)] = expr
		}
	}
	for _, recorded := range []string{"bursar:team_budget_used:ratio", "bursar:team_budget_projected:usd"} {
		queries[recorded] = recorded
	}
	if len(queries) < 30 {
		t.Fatalf("only %d queries", len(queries))
	}
	await(t, 90*time.Second, func() (bool, string) {
		var without []string
		for title, expr := range queries {
			if !hasData(t, prometheus, expr) {
				without = append(without, title+": "+expr)
				break // the others are asked once this one has an answer
			}
			delete(queries, title)
		}
		return len(queries) == 0, "no data for " + strings.Join(without, "\n")
	})
	assertNamesExist(t, gateway)
}

// hasData says whether Prometheus answers a query with at least one number.
func hasData(t *testing.T, prometheus, expr string) bool {
	t.Helper()
	_, said := ask(t, "GET", prometheus+"/api/v1/query?query="+url.QueryEscape(expr), "", "")
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if json.Unmarshal([]byte(said), &answer) != nil {
		return false // it has not started yet
	}
	if answer.Status == "error" {
		t.Fatalf("%s: %s", expr, answer.Error)
	}
	return slices.ContainsFunc(answer.Data.Result, func(series struct{ Value [2]any }) bool {
		value, err := strconv.ParseFloat(fmt.Sprint(series.Value[1]), 64)
		return err == nil && !math.IsNaN(value)
	})
}

// sometimes are series that only a gateway in trouble has.
var sometimes = []string{"bursar_quota_drift_nanousd"}

func assertNamesExist(t *testing.T, gateway string) {
	t.Helper()
	_, text := ask(t, "GET", gateway+"/metrics", metricsKey, "")
	series := regexp.MustCompile(`bursar_[a-z_]+`)
	for _, file := range []string{"rules/bursar.yml", "rules/bursar_test.yml", "grafana/bursar.json"} {
		for _, name := range series.FindAllString(readExample(t, "observability/"+file), -1) {
			family := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
			if name != "bursar_test" && !strings.Contains(text, "# TYPE "+family+" ") && !slices.Contains(sometimes, name) {
				t.Errorf("%s names %s, which the gateway does not have", file, name)
			}
		}
	}
	for _, name := range readDatadog(t).Metrics {
		if !regexp.MustCompile("# TYPE bursar_"+name+"(_total)? ").MatchString(text) && !slices.Contains(sometimes, "bursar_"+name) {
			t.Errorf("Datadog's check names %s, which the gateway does not have", name)
		}
	}
}

// datadogInstance is an instance of Datadog's OpenMetrics check, as far as the example uses what its documentation lists.
type datadogInstance struct {
	Endpoint      string         `yaml:"openmetrics_endpoint"`
	Namespace     string         `yaml:"namespace"`
	Prefix        string         `yaml:"raw_metric_prefix"`
	AuthToken     map[string]any `yaml:"auth_token"`
	Metrics       []string       `yaml:"metrics"`
	Distributions bool           `yaml:"histogram_buckets_as_distributions"`
	Tags          []string       `yaml:"tags"`
}

func readDatadog(t *testing.T) datadogInstance {
	t.Helper()
	var conf struct {
		InitConfig any               `yaml:"init_config"`
		Instances  []datadogInstance `yaml:"instances"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(readExample(t, "observability/datadog/conf.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&conf); err != nil || len(conf.Instances) != 1 {
		t.Fatalf("%d instances, %v", len(conf.Instances), err)
	}
	return conf.Instances[0]
}

func TestObservability_datadogIsConfiguredAsDocumented(t *testing.T) {
	instance := readDatadog(t)
	if !strings.HasSuffix(instance.Endpoint, "/metrics") || instance.Namespace == "" || instance.Prefix != "bursar_" {
		t.Errorf("%+v", instance)
	}
	for _, side := range []string{"reader", "writer"} {
		if kind, _ := instance.AuthToken[side].(map[string]any); kind["type"] == nil {
			t.Errorf("the %s of auth_token has no type", side)
		}
	}
}

// Panels stand beside each other and not over each other, and ids are there once.
func TestObservability_panelsDoNotOverlap(t *testing.T) {
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, panel := range readDashboard(t).Panels {
		if ids[panel.ID] {
			t.Errorf("panel %d is there twice", panel.ID)
		}
		ids[panel.ID] = true
		at := panel.GridPos
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies over %q", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if at.X+at.W > 24 {
			t.Errorf("%q is beyond the right end", panel.Title)
		}
	}
}
