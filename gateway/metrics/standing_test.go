package metrics_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// the moment at which everything stands in these tests.
var moment = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func standing() *metrics.Standing {
	return &metrics.Standing{
		At: moment, Took: time.Second, Running: 3,
		Budgets: []metrics.Budget{
			{
				Kind: metrics.KindTeam, ID: "marketing", Alias: "Marketing \"EU\"\n", Limit: new(100 * money.USD), Soft: new(80 * money.USD), Hard: true,
				Spent: 83*money.USD + money.USD/2, Reserved: money.USD, ResetAt: moment.Add(36 * time.Hour), Forecast: new(130 * money.USD),
			},
			{Kind: metrics.KindTeam, ID: "free", Spent: money.USD},
			{Kind: metrics.KindKey, ID: "key_1", Alias: "app", TeamID: "marketing", Token: "key_1", Limit: new(5 * money.USD)},
			{Kind: metrics.KindPot, ID: "everything", Limit: new(1000 * money.USD)},
		},
		Windows: []metrics.Window{
			{TeamID: "marketing", RPM: 30, TPM: -1, Parallel: 4, Requests: 7, Running: 2, Used: true},
			{TeamID: "idle", RPM: 10, TPM: -1, Parallel: -1},
		},
		LeftOut: map[string]int{metrics.KindKey: 2},
		Alerts:  map[string]int{"pending": 1, "dead": 2},
		Up:      map[string]bool{"record": true, "counters": false},
	}
}

// assertLines looks for whole lines, and reads the page as Prometheus does.
func assertLines(t *testing.T, text string, want ...string) {
	t.Helper()
	if _, err := parser().TextToMetricFamilies(strings.NewReader(text)); err != nil {
		t.Errorf("Prometheus cannot read it: %v", err)
	}
	for _, line := range want {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

func parser() *expfmt.TextParser { return new(expfmt.NewTextParser(model.UTF8Validation)) }

func TestStands_showsBudgetsAndLimits(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "test"})
	m.Stands(standing())
	text := scrape(m)
	assertLines(t, text,
		`bursar_budget_limit_usd{id="marketing",kind="team",team_id="marketing"} 100`,
		`bursar_budget_soft_limit_usd{id="marketing",kind="team",team_id="marketing"} 80`,
		`bursar_budget_hard{id="marketing",kind="team",team_id="marketing"} 1`,
		`bursar_budget_spent_usd{id="marketing",kind="team",team_id="marketing"} 83.5`,
		`bursar_budget_spent_usd{id="free",kind="team",team_id="free"} 1`,
		`bursar_budget_reserved_usd{id="marketing",kind="team",team_id="marketing"} 1`,
		`bursar_budget_remaining_usd{id="marketing",kind="team",team_id="marketing"} 15.5`,
		`bursar_budget_forecast_usd{id="marketing",kind="team",team_id="marketing"} 130`,
		fmt.Sprintf(`bursar_budget_reset_timestamp_seconds{id="marketing",kind="team",team_id="marketing"} %d`, moment.Add(36*time.Hour).Unix()),
		`bursar_budget_limit_usd{id="key_1",kind="key",team_id="marketing"} 5`,
		`bursar_budget_limit_usd{id="everything",kind="pot",team_id=""} 1000`,
		`bursar_rate_limit{kind="requests",team_id="marketing"} 30`,
		`bursar_rate_used{kind="requests",team_id="marketing"} 7`,
		`bursar_rate_used{kind="parallel",team_id="marketing"} 2`,
		`bursar_rate_limit{kind="requests",team_id="idle"} 10`,
		`bursar_standing_left_out{kind="key"} 2`,
		`bursar_alert_deliveries{state="dead"} 2`,
		`bursar_store_up{store="counters"} 0`,
		`bursar_store_up{store="record"} 1`,
		`bursar_reservations_open 3`,
	)
	for _, never := range []string{`bursar_budget_limit_usd{id="free"`, `bursar_rate_limit{kind="tokens"`, `bursar_rate_used{kind="requests",team_id="idle"`, "litellm"} {
		if strings.Contains(text, never) {
			t.Errorf("%s is there", never)
		}
	}
}

func TestStands_underLiteLLMsNames(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "test", LiteLLMNames: true})
	m.Stands(standing())
	m.CallEnded(metrics.Call{
		TeamID: "marketing", Model: "m", Status: 200, Cost: money.USD / 4, PromptTokens: 3, CompletionTokens: 5,
		Took: time.Second, Upstream: time.Second / 2, FirstToken: time.Second / 4,
	})
	m.CallEnded(metrics.Call{TeamID: "marketing", Model: "m", Status: 429, Reason: "team.requests"})
	m.CallEnded(metrics.Call{TeamID: "marketing", Model: "m", Status: 429, Reason: "team.tokens"})
	assertLines(t, scrape(m),
		`litellm_team_monthly_cost_usd{team_id="marketing"} 83.5`,
		`litellm_team_monthly_budget_usd{team_id="marketing"} 100`,
		`litellm_remaining_team_budget_metric{team="marketing",team_alias="Marketing \"EU\"\n"} 16.5`,
		`litellm_team_max_budget_metric{team="marketing",team_alias="Marketing \"EU\"\n"} 100`,
		`litellm_team_budget_remaining_hours_metric{team="marketing",team_alias="Marketing \"EU\"\n"} 36`,
		`litellm_remaining_api_key_budget_metric{hashed_api_key="key_1",api_key_alias="app"} 5`,
		`litellm_api_key_max_budget_metric{hashed_api_key="key_1",api_key_alias="app"} 5`,
		`litellm_spend_metric_total{model="m",requested_model="m",team="marketing",team_alias="Marketing \"EU\"\n"} 0.25`,
		`litellm_total_tokens_metric_total{model="m",requested_model="m",team="marketing",team_alias="Marketing \"EU\"\n"} 8`,
		`litellm_proxy_total_requests_metric_total{requested_model="m",status_code="429",team="marketing",team_alias="Marketing \"EU\"\n"} 2`,
		`litellm_proxy_failed_requests_metric_total{requested_model="m",exception_status="429",team="marketing",team_alias="Marketing \"EU\"\n"} 2`,
		`litellm_request_total_latency_metric_count{model="m"} 1`,
		`litellm_llm_api_latency_metric_sum{model="m"} 0.5`,
		`litellm_llm_api_time_to_first_token_metric_sum{model="m"} 0.25`,
		`litellm_overhead_latency_metric_count 3`,
	)
}

func TestActive_forgetsWhatItWasAsked(t *testing.T) {
	m := metrics.New(metrics.Options{})
	m.CallEnded(metrics.Call{TeamID: "a", Status: 200})
	m.CallEnded(metrics.Call{TeamID: "a", Status: 200})
	m.CallEnded(metrics.Call{Status: 401})
	if got := fmt.Sprint(m.Active(), m.Active()); got != "map[a:true] map[]" {
		t.Error(got)
	}
}

func TestHandler_packs(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "test"})
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept-Encoding", "gzip")
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, request)
	unpacked, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil || !strings.Contains(string(text), "bursar_build_info") || answer.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%v, %v", answer.Header(), err)
	}
}

// teams is a gateway of 20,000 teams with a budget and limits each, which have all made calls.
func teams(litellm bool) *metrics.Metrics {
	m := metrics.New(metrics.Options{Version: "test", LiteLLMNames: litellm})
	all := &metrics.Standing{At: moment}
	for i := range 20_000 {
		id := fmt.Sprintf("team-with-an-ordinary-name-%05d", i)
		all.Budgets = append(all.Budgets, metrics.Budget{
			Kind: metrics.KindTeam, ID: id, Alias: id, Limit: new(money.USD * 100), Soft: new(money.USD * 80),
			Spent: money.Nano(i) * 12345678, ResetAt: moment.Add(time.Hour),
		})
		all.Windows = append(all.Windows, metrics.Window{TeamID: id, RPM: 60, TPM: 30000, Parallel: 5, Used: i < 1000})
		m.CallEnded(metrics.Call{TeamID: id, Model: "gpt-4.1-mini", Status: 200, Cost: 12345, PromptTokens: 100, CompletionTokens: 10})
		m.CallEnded(metrics.Call{TeamID: id, Model: "gpt-4.1-mini", Status: 429, Reason: "team.requests"})
	}
	m.Stands(all)
	return m
}

// discarded is a collector that reads everything and keeps nothing.
type discarded struct {
	header http.Header
	bytes  int
}

func (d *discarded) Header() http.Header { return d.header }
func (d *discarded) WriteHeader(int)     {}
func (d *discarded) Write(data []byte) (int, error) {
	d.bytes += len(data)
	return len(data), nil
}

// A collector gives up after ten seconds. One scrape of 20,000 teams has to take less than one.
func BenchmarkHandler_manyTeams(b *testing.B) {
	for _, litellm := range []bool{false, true} {
		b.Run(fmt.Sprintf("litellm_names=%t", litellm), func(b *testing.B) {
			m := teams(litellm)
			b.ResetTimer()
			request := httptest.NewRequest("GET", "/metrics", nil)
			request.Header.Set("Accept-Encoding", "gzip")
			to := &discarded{header: http.Header{}}
			for b.Loop() {
				to.bytes = 0
				m.Handler().ServeHTTP(to, request)
			}
			b.ReportMetric(float64(to.bytes)/1e6, "MB/scrape")
		})
	}
}
