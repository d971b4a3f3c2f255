package app_test

import (
	"fmt"
	"strings"
	"testing"
)

// What each gateway's metrics say of budgets and limits is what the stores that enforce them say, whoever took the calls.
func TestMetrics_sayHowBudgetsStand(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	secret := i.team("marketing", `,"team_alias":"Marketing","max_budget":50,"soft_budget":40,"budget_duration":"1mo","rpm_limit":100,"max_parallel_requests":7`)
	i.team("idle", `,"tpm_limit":1000`)
	i.gateways[0].admin("POST", "/budget/new", `{"budget_id":"pot","max_budget":90,"team_ids":["marketing"]}`)
	key := i.gateways[0].admin("POST", "/key/update", fmt.Sprintf(`{"key":%q,"max_budget":5}`, secret))["key_id"]
	i.call(secret, "standing", 2)
	for number, gateway := range i.gateways {
		if err := gateway.ReadStanding(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _, text := gateway.do("GET", "/metrics", adminKey, "")
		for _, want := range []string{
			`bursar_budget_limit_usd{id="marketing",kind="team",team_id="marketing"} 50`,
			`bursar_budget_soft_limit_usd{id="marketing",kind="team",team_id="marketing"} 40`,
			`bursar_budget_spent_usd{id="marketing",kind="team",team_id="marketing"} 0.7`,
			`bursar_budget_remaining_usd{id="marketing",kind="team",team_id="marketing"} 49.3`,
			`bursar_budget_spent_usd{id="idle",kind="team",team_id="idle"} 0`,
			`bursar_budget_spent_usd{id="pot",kind="pot",team_id=""} 0.7`,
			fmt.Sprintf(`bursar_budget_remaining_usd{id=%q,kind="key",team_id="marketing"} 4.3`, key),
			`bursar_rate_limit{kind="parallel",team_id="marketing"} 7`,
			`bursar_rate_used{kind="requests",team_id="marketing"} 2`,
			`bursar_rate_limit{kind="tokens",team_id="idle"} 1000`,
			`bursar_store_up{store="counters"} 1`,
			`bursar_store_up{store="record"} 1`,
			`bursar_reservations_open 0`,
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("gateway %d: %s is missing", number, want)
			}
		}
		if !strings.Contains(text, `bursar_budget_reset_timestamp_seconds{id="marketing"`) || strings.Contains(text, `bursar_rate_used{kind="tokens",team_id="idle"}`) {
			t.Errorf("gateway %d: %s", number, text)
		}
	}
}

// Beyond the bounds, those that have spent the most keep their series, and how many do not is said.
func TestMetrics_areBounded(t *testing.T) {
	t.Parallel()
	i := install(t, 0)
	c := i.settings
	c.Metrics.Teams, c.Metrics.Keys, c.Metrics.LiteLLMNames = 1, 0, true
	i.gateways = append(i.gateways, start(t, c))
	i.team("frugal", `,"max_budget":10`)
	i.call(i.team("spender", `,"max_budget":10`), "bounded", 1)
	if err := i.gateways[0].ReadStanding(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, text := i.gateways[0].do("GET", "/metrics", adminKey, "")
	for _, want := range []string{
		`bursar_standing_left_out{kind="team"} 1`, `litellm_team_monthly_cost_usd{team_id="spender"} 0.35`, `litellm_team_monthly_budget_usd{team_id="spender"} 10`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(text, `team_id="frugal"`) {
		t.Error("a team beyond the bound has series")
	}
}
