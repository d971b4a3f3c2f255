package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// check asks what changes would do: pairs of a route and a body.
func (g *gateway) check(pairs ...string) api.QuotaCheck {
	g.t.Helper()
	changes := []string{}
	for i := 0; i < len(pairs); i += 2 {
		changes = append(changes, fmt.Sprintf(`{"route":%q,"body":%s}`, pairs[i], pairs[i+1]))
	}
	var check api.QuotaCheck
	g.post("/quota/check", `{"changes":[`+strings.Join(changes, ",")+`]}`).ok().decode(&check)
	return check
}

// dump is all that the record answers.
func (g *gateway) dump() string {
	g.t.Helper()
	all := ""
	for _, path := range []string{
		"/team/list", "/key/list?return_full_object=true&size=100", "/budget/list", "/alert_route/list", "/audit?page_size=1000", "/spend/logs", "/audit/verify",
	} {
		all += path + g.get(path).ok().text
	}
	return all
}

// limited is a gateway with a team that has spent and used something.
func limited(t *testing.T) *gateway {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1","team_alias":"Marketing","rpm_limit":100,"max_budget":50,"models":["gpt","claude"]}`).ok()
	g.post("/key/generate", `{"team_id":"t1","key_alias":"wide","rpm_limit":80,"models":["claude"]}`).ok()
	g.post("/key/generate", `{"team_id":"t1","key_alias":"small","rpm_limit":5}`).ok()
	g.post("/budget/new", `{"budget_id":"pot","team_ids":["t1","t2"],"max_budget":500}`).ok()
	g.post("/budget/new", `{"budget_id":"everything","everything":true,"max_budget":900}`).ok()
	g.spending.spent("t1", 30*money.USD)
	for range 7 { // in one minute of today
		g.used("2026-11-18", "t1", "k1", "gpt", 10, func(row *api.LedgerRow) { row.AdmittedAt = g.clock().Add(-time.Hour) })
	}
	return g
}

func TestQuotaCheck_tellsWhatAChangeWouldDo(t *testing.T) {
	g := limited(t)
	check := g.check("/team/update", `{"team_id":"t1","rpm_limit":6,"max_budget":30,"models":["gpt"]}`)
	if !check.OK || len(check.Teams) != 1 || !check.Changes[0].OK {
		t.Fatalf("%+v", check)
	}
	team := check.Teams[0]
	if *team.Old.RPMLimit != 100 || *team.New.RPMLimit != 6 || *team.Old.MaxBudget != 50*money.USD || *team.New.MaxBudget != 30*money.USD {
		t.Errorf("terms: %+v, %+v", team.Old, team.New)
	}
	if *team.TeamAlias != "Marketing" || team.Used.Spend != 30*money.USD || team.PeakLastDay != (api.Peak{Requests: 7, Tokens: 770}) {
		t.Errorf("used: %+v", team)
	}
	if team.RefusedNow || !team.Refused || fmt.Sprint(team.RefusedBecause) != "[max_budget is $30.00 and $30.00 is spent]" {
		t.Errorf("refused: %t %t %q", team.RefusedNow, team.Refused, team.RefusedBecause)
	}
	if !team.Throttled || fmt.Sprint(team.ThrottledBecause) != "[rpm_limit is 6 and the busiest minute of the last day used 7]" {
		t.Errorf("throttled: %q", team.ThrottledBecause)
	}
	if fmt.Sprint(team.Pots) != "[everything pot]" {
		t.Errorf("pots: %q", team.Pots)
	}
	if len(team.NarrowedKeys) != 1 || *team.NarrowedKeys[0].KeyAlias != "wide" || !strings.Contains(team.NarrowedKeys[0].Why, `"claude"`) {
		t.Errorf("keys: %+v", team.NarrowedKeys)
	}
	g.spending.rpm = 20
	check = g.check("/team/update", `{"team_id":"t1","rpm_limit":10}`)
	if team := check.Teams[0]; team.Refused || fmt.Sprint(team.ThrottledBecause) != "[rpm_limit is 10 and 20 are used in this minute]" {
		t.Errorf("%+v", team)
	}
	check = g.check("/team/update", `{"team_id":"t1","rpm_limit":null,"hard_cap":false,"max_budget":1}`)
	if team := check.Teams[0]; team.Refused || team.Throttled || len(team.NarrowedKeys) != 0 || team.New.RPMLimit != nil {
		t.Errorf("a wider change: %+v", team)
	}
}

func TestQuotaCheck_aSetFollowsEachOther(t *testing.T) {
	g := limited(t)
	check := g.check(
		"/budget/new", `{"budget_id":"gold","max_budget":100,"rpm_limit":7}`,
		"/team/new", `{"team_id":"t2","budget_id":"gold"}`,
		"/key/generate", `{"team_id":"t2","key_alias":"new"}`,
		"/team/block", `{"team_id":"t1"}`,
	)
	if !check.OK || len(check.Changes) != 4 || len(check.Teams) != 2 || len(check.Budgets) != 0 {
		t.Fatalf("%+v", check)
	}
	blocked, made := check.Teams[0], check.Teams[1]
	if made.TeamID != "t2" {
		blocked, made = made, blocked
	}
	if made.Old != nil || made.New == nil || fmt.Sprint(made.Pots) != "[everything pot]" {
		t.Errorf("made: %+v", made)
	}
	if !blocked.Refused || blocked.RefusedNow || fmt.Sprint(blocked.RefusedBecause) != "[the team is blocked]" {
		t.Errorf("blocked: %+v", blocked)
	}
	gone := g.check("/team/delete", `{"team_ids":["t1"]}`).Teams[0]
	if gone.New != nil || gone.Old == nil || gone.Refused {
		t.Errorf("deleted: %+v", gone)
	}
}

func TestQuotaCheck_separatelyNothingFollows(t *testing.T) {
	g := limited(t)
	questions := []string{
		`{"route":"/team/new","body":{"team_id":"t2","models":["typo"]}}`,
		`{"route":"/team/update","body":{"team_id":"t2","rpm_limit":1}}`, // there is none
		`{"route":"/team/update","body":{"team_id":"t1","rpm_limit":6}}`,
		`{"route":"/team/update","body":{"team_id":"t1","max_budget":20}}`,
		`{"route":"/key/generate","body":{"team_id":"t1","rpm_limit":90}}`,
	}
	before := g.dump()
	var together struct {
		api.QuotaCheck
		Checks []api.QuotaCheck `json:"checks"`
	}
	g.post("/quota/check", `{"separately":true,"changes":[`+strings.Join(questions, ",")+`]}`).ok().decode(&together)
	if diff := cmp.Diff(before, g.dump()); diff != "" {
		t.Error(diff)
	}
	if together.OK || len(together.Changes) != len(questions) || len(together.Teams)+len(together.Budgets)+len(together.Keys) != 0 {
		t.Errorf("%+v", together.QuotaCheck)
	}
	for i, question := range questions {
		var alone api.QuotaCheck
		g.post("/quota/check", question).ok().decode(&alone)
		if diff := cmp.Diff(alone, together.Checks[i]); diff != "" {
			t.Errorf("%s (-alone +together):\n%s", question, diff)
		}
	}
	if team := together.Checks[3].Teams[0]; *team.New.RPMLimit != 100 || !team.Refused || together.Checks[1].OK {
		t.Errorf("%+v", team)
	}
	g.post("/quota/check", `{"separately":true,"changes":[]}`).refused(400, "changes", "is required")
	g.post("/quota/check", `{"separately":1,`+questions[0][1:]).refused(400, "separately", "")
}

func TestQuotaCheck_potsAndWhoNamesABudget(t *testing.T) {
	g := limited(t)
	g.post("/budget/new", `{"budget_id":"gold","max_budget":100}`).ok()
	g.post("/team/new", `{"team_id":"t3","budget_id":"gold"}`).ok()
	check := g.check("/budget/update", `{"budget_id":"gold","max_budget":20}`)
	if len(check.Teams) != 1 || check.Teams[0].TeamID != "t3" || len(check.Budgets) != 0 {
		t.Errorf("terms: %+v", check)
	}
	check = g.check("/budget/update", `{"budget_id":"pot","max_budget":0.5}`)
	if pot := check.Budgets[0]; pot.Spend != 70*money.USD/100 || !pot.Refused || *pot.Old.MaxBudget != 500*money.USD || *pot.New.MaxBudget != money.USD/2 {
		t.Errorf("pot: %+v", pot)
	}
	check = g.check("/budget/update", `{"budget_id":"pot","max_budget":0.5,"team_ids":["t2"]}`)
	if pot := check.Budgets[0]; pot.Spend != 0 || pot.Refused {
		t.Errorf("another scope: %+v", pot)
	}
	for _, team := range check.Teams {
		if want := map[string]string{"t1": "[everything]", "t2": "[everything pot]"}[team.TeamID]; fmt.Sprint(team.Pots) != want {
			t.Errorf("%s: pots %s, want %s", team.TeamID, team.Pots, want)
		}
	}
	if check := g.check("/budget/delete", `{"id":"pot"}`); check.Budgets[0].New != nil || check.Budgets[0].Old == nil {
		t.Errorf("deleted: %+v", check.Budgets)
	}
}

func TestQuotaCheck_refusesWhatTheRouteWouldRefuse(t *testing.T) {
	g := limited(t)
	check := g.check(
		"/team/update", `{"team_id":"t1","rpm_limit":60}`,
		"/key/generate", `{"team_id":"t1","rpm_limit":90}`,
		"/team/delete", `{"team_ids":["t1"]}`,
	)
	if check.OK || len(check.Changes) != 2 || check.Changes[1].OK {
		t.Fatalf("%+v", check)
	}
	if problem := check.Changes[1].Error; problem.Code != "400" || *problem.Param != "rpm_limit" || !strings.Contains(problem.Message, "above the 60 of the key's team") {
		t.Errorf("%+v", problem)
	}
	for change, code := range map[[2]string]string{
		{"/team/new", `{"team_id":"t1"}`}:                    "400",
		{"/team/update", `{"team_id":"gone"}`}:               "404",
		{"/team/update", `{"team_id":"t1","rpm_limit":"x"}`}: "400",
		{"/budget/new", `[]`}:                                "400",
	} {
		check := g.check(change[0], change[1])
		if check.OK || check.Changes[0].Error == nil || check.Changes[0].Error.Code != code {
			t.Errorf("%s: %+v, want %s", change, check.Changes, code)
		}
	}
	g.post("/quota/check", `{"route":"/alert_route/new","body":{}}`).refused(400, "route", "must be one of /budget/delete")
	g.post("/quota/check", `{}`).refused(400, "changes", "is required")
	g.post("/quota/check", `{"route":"/team/block","body":{"team_id":"t1"}}`).ok().has("ok", "true")
}

func TestQuotaCheck_changesNothing(t *testing.T) {
	g := limited(t)
	before := g.dump()
	g.changes.takeTold()
	g.check(
		"/team/update", `{"team_id":"t1","rpm_limit":6,"metadata":{"a":1}}`, "/team/new", `{"team_id":"t9"}`, "/team/block", `{"team_id":"t1"}`,
		"/key/generate", `{"team_id":"t9","key":"sk-0123456789012345678901"}`, "/budget/new", `{"budget_id":"b9","everything":true}`,
		"/budget/update", `{"budget_id":"pot","max_budget":1}`, "/budget/delete", `{"id":"everything"}`, "/team/delete", `{"team_ids":["t1"]}`,
	)
	for _, body := range []string{`{"team_id":"t9"}`, `{"team_id":"t9"}`} { // the key is not kept, either
		g.post("/quota/check", `{"route":"/team/new","body":`+body+`}`, "Idempotency-Key", "once").ok().has("ok", "true")
	}
	if diff := cmp.Diff(before, g.dump()); diff != "" {
		t.Error(diff)
	}
	if told := g.changes.takeTold(); told != "" {
		t.Errorf("put in force: %s", told)
	}
	g.post("/team/new", `{"team_id":"t9"}`, "Idempotency-Key", "once").ok() // and may be used
}

func TestQuotaCheck_keysByTheirOwnTerms(t *testing.T) {
	g := limited(t)
	id := g.post("/key/generate", `{"team_id":"t1","key_alias":"capped","max_budget":40}`).ok().textAt("key_id")
	g.spending.spent(id, 8*money.USD)
	key := g.check("/key/update", `{"key":"`+id+`","max_budget":7.5}`).Keys[0]
	if key.KeyID != id || *key.KeyAlias != "capped" || key.RefusedNow || !key.Refused || key.Spend != 8*money.USD || *key.MaxBudget != 75*money.USD/10 {
		t.Errorf("%+v", key)
	}
	if fmt.Sprint(key.RefusedBecause) != "[max_budget is $7.50 and $8.00 is spent]" {
		t.Errorf("because %q", key.RefusedBecause)
	}
	key = g.check("/key/update", `{"key":"`+id+`","max_budget":7.5,"hard_cap":false,"blocked":true}`).Keys[0]
	if fmt.Sprint(key.RefusedBecause) != "[the key is blocked]" {
		t.Errorf("because %q", key.RefusedBecause)
	}
	// A team and a budget that are only rehearsed have no counters to ask.
	check := g.check("/team/new", `{"team_id":"t7"}`, "/budget/new", `{"budget_id":"b7","max_budget":1}`,
		"/key/update", `{"key":"`+id+`","team_id":"t7","max_budget":null,"budget_id":"b7"}`, "/key/generate", `{"team_id":"t7"}`)
	if !check.OK || len(check.Keys) != 1 || check.Keys[0].Refused || check.Keys[0].MaxBudget != nil {
		t.Errorf("%+v", check)
	}
	if gone := g.check("/key/delete", `{"keys":["`+id+`"]}`); len(gone.Keys) != 0 {
		t.Errorf("deleted: %+v", gone.Keys)
	}
}

func TestQuotaCheck_modelsThatNothingServes(t *testing.T) {
	g := limited(t)
	g.post("/model/new", `{"name":"served"}`).ok()
	g.post("/model/new", `{"name":"off","enabled":false}`).ok()
	check := g.check(
		"/team/update", `{"team_id":"t1","models":["gpt","served","off","typo"]}`, // gpt is not served, but was there before
		"/key/generate", `{"models":["served","other"]}`, "/key/generate", `{"models":["all-proxy-models"]}`,
		"/budget/new", `{"budget_id":"p","models":["served","typo"]}`,
	)
	if got := fmt.Sprint(check.UnservedModels); !check.OK || got != "[off other typo]" {
		t.Errorf("%s, %+v", got, check.Changes)
	}
	if check := g.check("/team/update", `{"team_id":"t1","models":["gpt"]}`); len(check.UnservedModels) != 0 {
		t.Errorf("%q", check.UnservedModels)
	}
}

// A body that its route would refuse is refused when it is asked about, with the same words.
func TestQuotaCheck_judgesAsTheRouteDoes(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","max_budget":5}`).ok()
	g.post("/key/generate", `{"team_id":"a","key_alias":"k","key":"sk-0123456789abcdefghijkl"}`).ok()
	for _, body := range []string{
		`"max_budget":""`, `"budget_duration":"1 fortnight"`, `"max_budget":"many"`, `"rpm_limit":-1`, `"budget_id":"nowhere"`,
		`"model_max_budget":{"m":1}`, `"permissions":{"a":1}`, `"allowed_routes":["/x"]`, `"key_type":"management"`, `"metadata":1`, `"max_budget":null`, `"max_budget":7`,
	} {
		for route, named := range map[string]string{"/team/update": `"team_id":"a",`, "/key/update": `"key":"sk-0123456789abcdefghijkl",`, "/team/new": "", "/key/generate": ""} {
			check := g.post("/quota/check", `{"changes":[{"route":"`+route+`","body":{`+named+body+`}}]}`).ok()
			got := g.post(route, "{"+named+body+"}")
			if (check.at("ok") == "true") != (got.status == 200) {
				t.Errorf("%s %s: checked %s, sent %d %s", route, body, check.text, got.status, got.text)
			}
		}
	}
}
