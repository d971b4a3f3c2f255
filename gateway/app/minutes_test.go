package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// Whoever refused a call, every gateway tells of it, once, by the limit that did; so it does of what was used at most,
// and of what a gateway counted just before it stopped.
func TestRefusals_areRememberedOverAllGateways(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	secret := i.team("marketing", `,"rpm_limit":4,"model_rpm_limit":{"gpt-4.1-mini":3}`)
	i.team("quiet", `,"rpm_limit":4`)
	counts := i.rush(30, secret)
	i.gateways[1].do("POST", "/v1/chat/completions", "sk-nobody-knows-this-one-at-all", hello)
	i.gateways[2].stop()

	type row struct {
		TeamID, Limit string
		Refused       int
	}
	var rows []row
	ask := func(gateway *gateway, query string) int {
		var answer struct {
			Refused  int
			Refusals []row
		}
		_, _, text := gateway.do("GET", "/quota/refusals?start_date=2020-01-01&"+query, adminKey, "")
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err, text)
		}
		rows = answer.Refusals
		return answer.Refused
	}
	refused := counts[http.StatusTooManyRequests]
	if refused == 0 || refused+counts[http.StatusOK] != 30 {
		t.Fatal(counts)
	}
	for number, gateway := range i.gateways[:2] {
		await(t, awaitLong, fmt.Sprintf("gateway %d to tell of %d refusals", number, refused), func() bool {
			return ask(gateway, "team_id=marketing") == refused
		})
		if len(rows) != 1 || rows[0].Limit != "team.model.requests" {
			t.Errorf("gateway %d: %+v", number, rows)
		}
		await(t, awaitLong, fmt.Sprintf("gateway %d to tell of a stranger, too", number), func() bool { return ask(gateway, "") == refused+1 })
		if ask(gateway, "team_id=quiet") != 0 || len(rows) != 0 {
			t.Errorf("gateway %d: a team without calls has %+v", number, rows)
		}
	}
	peaks, _ := i.gateways[0].admin("GET", "/quota/peaks?team_id=marketing", "")["peaks"].([]any)
	if text := fmt.Sprint(peaks); len(peaks) != 2 ||
		!matches(peaks[0], map[string]any{"limit": "team.requests", "cap": 4.0, "peak": 3.0, "model": ""}) ||
		!matches(peaks[1], map[string]any{"limit": "team.model.requests", "cap": 3.0, "peak": 3.0, "model": "gpt-4.1-mini"}) {
		t.Error(text)
	}
}

func matches(object any, want map[string]any) bool {
	fields, _ := object.(map[string]any)
	for name, value := range want {
		if fields[name] != value {
			return false
		}
	}
	return true
}
