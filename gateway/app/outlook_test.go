package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// What is foreseen of a team is the same in the answer, in the metrics and in the alert, which comes once, whichever of the
// gateways looks.
func TestForecast_isToldBeforeTheCap(t *testing.T) {
	t.Parallel()
	receiver := testenv.StartWebhook(t, testenv.WebhookOptions{})
	i := install(t, 2)
	i.gateways[0].admin("POST", "/alert_route/new", `{"name":"oncall","webhook":{"url":"`+receiver.URL()+`"}}`)
	i.team("marketing", `,"max_budget":400,"budget_duration":"200d"`)
	i.team("idle", `,"max_budget":400,"budget_duration":"1mo"`)
	// The period began sixty days ago, and each of the last 28 days cost ten dollars.
	today := time.Now().UTC().Truncate(24 * time.Hour)
	made := today.AddDate(0, 0, -60)
	if _, err := i.record.Exec("UPDATE team SET created_at_ms = $1 WHERE id = 'marketing'", made.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	for back := 1; back <= 28; back++ {
		_, err := i.record.Exec(`INSERT INTO usage_daily (day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano)
			VALUES ($1, 'marketing', 'k', '', 'm', 1, 1, 0, 1, 10000000000)`, today.AddDate(0, 0, -back).Format(time.DateOnly))
		if err != nil {
			t.Fatal(err)
		}
	}
	const said = "the cap falls on "
	falls := ""
	for number, gateway := range i.gateways {
		list, _ := gateway.admin("GET", "/quota/forecast", "")["forecasts"].([]any)
		if len(list) < 2 || !matches(list[0], map[string]any{"id": "marketing", "spend": 280.0, "silence": ""}) {
			t.Fatalf("gateway %d: %v", number, list)
		}
		falls, _ = list[0].(map[string]any)["message"].(string)
		if err := gateway.ReadStanding(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, text := gateway.do("GET", "/metrics", adminKey, ""); !strings.Contains(text, `bursar_budget_forecast_usd{id="marketing",kind="team",team_id="marketing"} `) ||
			strings.Contains(text, `bursar_budget_forecast_usd{id="idle"`) {
			t.Errorf("gateway %d has other metrics of a forecast", number)
		}
		if err := gateway.WatchOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	deliveries, err := receiver.Wait(waiting, 1)
	if err != nil {
		t.Fatal("no alert arrived:", err)
	}
	var message struct {
		Type string
		Data struct {
			TeamID  string `json:"team_id"`
			Message string
		}
	}
	if err := json.Unmarshal(deliveries[0].Body, &message); err != nil || message.Type != "budget.forecast" || message.Data.TeamID != "marketing" ||
		!strings.HasPrefix(falls, said) || !strings.HasPrefix(message.Data.Message, "marketing: "+said) { // midnight may be between the two
		t.Errorf("%v: %s, want %s", err, deliveries[0].Body, falls)
	}
	var events int
	if err := i.record.QueryRow("SELECT COUNT(*) FROM alert_event WHERE CAST(document AS TEXT) LIKE '%budget.forecast%'").Scan(&events); err != nil || events != 1 {
		t.Errorf("%d events, %v", events, err)
	}
}
