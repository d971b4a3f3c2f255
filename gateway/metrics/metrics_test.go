package metrics_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func scrape(m *metrics.Metrics) string {
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

func TestCallEnded(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "1.2.3"})
	m.CallEnded(metrics.Call{TeamID: "marketing", Model: "m", Status: 200, Cost: money.USD / 4, PromptTokens: 3, CompletionTokens: 5, Overhead: time.Millisecond})
	m.CallEnded(metrics.Call{TeamID: "marketing", Model: "m", Status: 429, Reason: "team.requests"})
	text := scrape(m)
	for _, want := range []string{
		`bursar_requests_total{model="m",reason="",status="200",team_id="marketing"} 1`,
		`bursar_requests_total{model="m",reason="team.requests",status="429",team_id="marketing"} 1`,
		`bursar_spend_usd_total{model="m",team_id="marketing"} 0.25`,
		`bursar_tokens_total{kind="completion",model="m",team_id="marketing"} 5`,
		`bursar_overhead_seconds_count 2`,
		`bursar_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestDrifted_goesWhenItAgreesAgain(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "test"})
	m.Drifted("team:a", -7)
	if !strings.Contains(scrape(m), `bursar_quota_drift_nanousd{scope="team:a"} -7`) {
		t.Error("the drift is missing")
	}
	m.Drifted("team:a", 0)
	if strings.Contains(scrape(m), "team:a") {
		t.Error("the drift is still there")
	}
}

func TestMetrics_showHowOldPricesAre(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "test"})
	since := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	now := since.Add(time.Hour)
	m.PricesSince(func() time.Time { return since }, func() time.Time { return now })
	for _, want := range []string{"3600", "7200"} {
		if !strings.Contains(scrape(m), "bursar_price_catalogue_age_seconds "+want) {
			t.Errorf("want an age of %s s in %s", want, scrape(m))
		}
		now = now.Add(time.Hour)
	}
}
