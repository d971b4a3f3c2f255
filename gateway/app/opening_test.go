package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// An opening balance counts as spent on every gateway, in addition to what is spent here, and outlives the counters. The same
// one again changes nothing, another amount replaces it, and it is in the audit log.
func TestOpening_ofEveryKindOfBudget(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	first, second := i.gateways[0], i.gateways[1]
	i.team("marketing", `,"max_budget":4,"budget_duration":"30d"`)
	first.admin("POST", "/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":100}`)
	first.admin("POST", "/user/new", `{"user_id":"ann","max_budget":9,"auto_create_key":false}`)
	first.admin("POST", "/team/member_add", `{"team_id":"marketing","member":{"user_id":"ann","role":"user"},"max_budget_in_team":5}`)
	key := first.admin("POST", "/key/generate", `{"team_id":"marketing"}`)
	id, secret := key["key_id"].(string), key["key"].(string)
	for _, of := range []string{`"team_id":"marketing"`, `"budget_id":"pot"`, `"user_id":"ann"`, `"team_id":"marketing","user_id":"ann"`, `"key_id":"` + id + `"`} {
		for _, spend := range []string{"1.25", "3.5", "3.5"} {
			answer := second.admin("POST", "/budget/opening", `{"opening_id":"litellm","spend":`+spend+`,`+of+`}`)
			if money.Nano(answer["spend"].(float64)*1e9+0.5).String() != spend {
				t.Errorf("%s is brought %s and says %v", of, spend, answer)
			}
		}
	}
	if spent := i.spend("marketing"); spent != 3_500_000_000 {
		t.Errorf("the other gateway says the team spent %s", spent)
	}
	if spent := i.potSpend("pot"); spent != 3_500_000_000 {
		t.Errorf("the pot says %s", spent)
	}
	// What is left of 4 dollars is less than a call may cost.
	if o := try(t.Context(), first.URL(), secret, "beyond", chat(1, "")); o.status != http.StatusForbidden {
		t.Errorf("a call beyond the balance: %d %s", o.status, o.body)
	}
	flush(t, i.redis)
	await(t, awaitLong, "the counters to come back", func() bool { return i.spend("marketing") == 3_500_000_000 })

	second.admin("POST", "/budget/opening", `{"opening_id":"litellm","spend":0,"team_id":"marketing"}`)
	// The pot and the key come back each in their own time, and until then a call is asked to try again.
	var within outcome
	await(t, awaitLong, "every counter of the call to come back", func() bool {
		within = try(t.Context(), first.URL(), secret, "within", chat(1, ""))
		return within.status != http.StatusServiceUnavailable
	})
	if !within.served() {
		t.Errorf("a call after the balance was taken back: %d %s", within.status, within.body)
	}
	_, _, log := first.do("GET", "/audit?action=team.opening_balance", adminKey, "")
	if !strings.Contains(log, `"total":3`) || !strings.Contains(log, `"opening_id":"litellm"`) {
		t.Errorf("the audit log has not one row for each change: %s", log)
	}
}

func TestOpening_refuses(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g.admin("POST", "/team/new", `{"team_id":"marketing"}`)
	for body, want := range map[string]int{
		`{"team_id":"marketing","spend":1}`: 400, `{"team_id":"marketing","opening_id":"litellm"}`: 400,
		`{"opening_id":"litellm","spend":1}`: 400, `{"team_id":"marketing","opening_id":"litellm","spend":-1}`: 400,
		`{"team_id":"marketing","opening_id":"litellm","spend":1e7}`: 400, `{"team_id":"nobody","opening_id":"litellm","spend":1}`: 404,
		`{"team_id":"marketing","opening_id":"litellm","spend":1,"reset_to":0}`: 400,
		`{"team_id":"marketing","opening_id":"litellm","spend":12.5}`:           200,
	} {
		if status, _, text := g.do("POST", "/budget/opening", adminKey, body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, text, want)
		}
	}
	if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != 12.5 {
		t.Errorf("the team without a cap says it spent %v", spend)
	}
}

// A reset takes what a balance brought as well. Bringing less afterwards never leaves less than nothing, and many balances
// never more than can be counted.
func TestOpening_afterAReset(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g.admin("POST", "/team/new", `{"team_id":"t","max_budget":100}`)
	g.admin("POST", "/budget/opening", `{"team_id":"t","opening_id":"litellm","spend":90}`)
	g.admin("POST", "/budget/reset", `{"team_id":"t"}`)
	for body, want := range map[string]string{
		`{"team_id":"t","opening_id":"litellm","spend":0}`:         "less than nothing",
		`{"team_id":"t","opening_id":"litellm","spend":89.99}`:     "less than nothing",
		`{"team_id":"t","opening_id":"another","spend":9000000.1}`: "can be counted exactly",
	} {
		if status, _, text := g.do("POST", "/budget/opening", adminKey, body); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %q", body, status, text, want)
		}
	}
	spend := func() any { return g.admin("GET", "/team/info?team_id=t", "")["spend"] }
	if got := spend(); got != 0.0 {
		t.Errorf("the team has spent %v", got)
	}
	g.admin("POST", "/budget/opening", `{"team_id":"t","opening_id":"litellm","spend":95}`)
	if got := spend(); got != 5.0 {
		t.Errorf("the team has spent %v, want what was added since the reset", got)
	}
	g.admin("POST", "/budget/opening", `{"team_id":"t","opening_id":"another","spend":8999995}`)
	if status, _, text := g.do("POST", "/budget/opening", adminKey, `{"team_id":"t","opening_id":"a third","spend":1}`); status != http.StatusBadRequest {
		t.Errorf("beyond what can be counted: %d %s", status, text)
	}
}
