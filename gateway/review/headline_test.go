package review_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// planWith is a plan of several resources, each as type, actions, before and after.
func planWith(resources ...[4]string) []byte {
	changes := make([]string, len(resources))
	for i, r := range resources {
		changes[i] = fmt.Sprintf(`{"address":"%s.r%d","mode":"managed","type":"%s","name":"r%d","provider_name":"p","change":{"actions":%s,"before":%s,"after":%s}}`,
			r[0], i, r[0], i, r[1], r[2], r[3])
	}
	return []byte(`{"format_version":"1.2","planned_values":{},"resource_changes":[` + strings.Join(changes, ",") + `]}`)
}

func TestRender_headline(t *testing.T) {
	const update, create, remove, leave = `["update"]`, `["create"]`, `["delete"]`, `["no-op"]`
	for name, test := range map[string]struct {
		resources [][4]string
		want      string
	}{
		"raised and new": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":1500,"budget_duration":"1mo"}`, `{"team_id":"a","max_budget":4000,"budget_duration":"1mo"}`},
			{"bursar_team", create, `null`, `{"team_id":"b","max_budget":200}`},
			{"bursar_team", leave, `{"team_id":"c","max_budget":9}`, `{"team_id":"c","max_budget":9}`},
		}, "**Caps of teams per month: $1,500.00 -> $4,200.00, at most $2,700.00 more.**"},
		"a shorter period": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10,"budget_duration":"1mo"}`, `{"team_id":"a","max_budget":10,"budget_duration":"1d"}`},
		}, "**Caps of teams per month: $10.00 -> $310.00, at most $300.00 more.**"},
		"longer than a month": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10,"budget_duration":"1y"}`, `{"team_id":"a","max_budget":12,"budget_duration":"3mo"}`},
		}, "**Caps of teams per month: $10.00 -> $12.00, at most $2.00 more.**"},
		"less": {[][4]string{
			{"bursar_team", remove, `{"team_id":"a","max_budget":10}`, `null`},
		}, "**Caps of teams per month: $10.00 -> $0.00, $10.00 less.**"},
		"no cap then": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10}`, `{"team_id":"a"}`},
		}, "Have no cap that refuses then: `a`."},
		"only warns then": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10}`, `{"team_id":"a","max_budget":10,"hard_cap":false}`},
		}, "Have no cap that refuses then: `a`."},
		"had no cap": {[][4]string{
			{"bursar_team", update, `{"team_id":"a"}`, `{"team_id":"a","max_budget":10}`},
		}, "without bound -> $10.00.** Had no cap that refuses: `a`."},
		"by a budget's terms": {[][4]string{
			{"bursar_budget", update, `{"budget_id":"small","max_budget":5}`, `{"budget_id":"small","max_budget":50}`},
			{"bursar_team", leave, `{"team_id":"a","budget_id":"small"}`, `{"team_id":"a","budget_id":"small"}`},
			{"bursar_team", leave, `{"team_id":"b","budget_id":"small"}`, `{"team_id":"b","budget_id":"small"}`},
		}, "**Caps of teams per month: $10.00 -> $100.00, at most $90.00 more.**"},
		"rates only": {[][4]string{{"bursar_team", update, `{"team_id":"a","rpm_limit":1}`, `{"team_id":"a","rpm_limit":2}`}}, ""},
	} {
		got, _ := render(t, planWith(test.resources...), review.Options{})
		if !strings.Contains(got, test.want) || strings.Contains(got, "per month") != (test.want != "") {
			t.Errorf("%s: want %q in\n%s", name, test.want, got)
		}
	}
}

func TestRender_followsTermsToTeams(t *testing.T) {
	got, _ := render(t, planWith(
		[4]string{"bursar_budget", `["update"]`, `{"budget_id":"small","max_budget":5}`, `{"budget_id":"small","max_budget":50}`},
		[4]string{"bursar_team", `["no-op"]`, `{"team_id":"b","budget_id":"small"}`, `{"team_id":"b","budget_id":"small"}`},
		[4]string{"bursar_team", `["no-op"]`, `{"team_id":"a","budget_id":"small"}`, `{"team_id":"a","budget_id":"small"}`},
	), review.Options{})
	if want := "| `b`, `a` | `max_budget` | $5.00 | $50.00 | +900 % |"; !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
}

func TestRender_mostMoneyFirst(t *testing.T) {
	got, _ := render(t, planWith(
		[4]string{"bursar_team", `["update"]`, `{"team_id":"some","max_budget":10}`, `{"team_id":"some","max_budget":20}`},
		[4]string{"bursar_team", `["update"]`, `{"team_id":"rates","rpm_limit":10}`, `{"team_id":"rates","rpm_limit":20}`},
		[4]string{"bursar_team", `["update"]`, `{"team_id":"uncapped","max_budget":1}`, `{"team_id":"uncapped"}`},
		[4]string{"bursar_team", `["update"]`, `{"team_id":"much","max_budget":10}`, `{"team_id":"much","max_budget":2000}`},
	), review.Options{})
	last := 0
	for _, team := range []string{"uncapped", "much", "some", "rates"} {
		at := strings.Index(got, "| `"+team+"` |")
		if at < last {
			t.Errorf("%s comes too early:\n%s", team, got)
		}
		last = at
	}
}

// Two thousand changed teams make a comment that a host takes, and that people read to its end.
func TestRender_manyTeamsStayReadable(t *testing.T) {
	resources := make([][4]string, 2_000)
	for i := range resources {
		resources[i] = [4]string{
			"bursar_team", `["update"]`,
			fmt.Sprintf(`{"team_id":"team-%d","max_budget":%d,"rpm_limit":10}`, i, 100), fmt.Sprintf(`{"team_id":"team-%d","max_budget":%d,"rpm_limit":5}`, i, 100+i),
		}
	}
	got, result := render(t, planWith(resources...), review.Options{MaxIncreasePct: 20})
	if result.Changes != 2_000 || !result.NeedsApproval || len(got) > 40_000 {
		t.Errorf("%d changes in %d bytes", result.Changes, len(got))
	}
	for _, want := range []string{"| `team-1999` | `max_budget` | $100.00 | $2,099.00 |", "* `rpm_limit` lowered: 1,950\n", "* `max_budget` raised: 1,949\n", "more\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// told answers as a gateway would, and keeps what it was asked.
type told struct {
	asked []api.QuotaChange
	check api.QuotaCheck
	err   error
}

func (g *told) Rehearse(_ context.Context, changes []api.QuotaChange) (api.QuotaCheck, error) {
	g.asked = append(g.asked, changes...)
	return g.check, g.err
}

func TestRender_asksWhatItDoes(t *testing.T) {
	capped := 50 * money.USD
	gateway := &told{check: api.QuotaCheck{
		Changes: []api.QuotaVerdict{{Route: "/team/update", OK: true}, {Route: "/team/delete", Error: &api.ErrorDetail{Message: "team b has 2 keys"}}},
		Teams: []api.TeamEffect{{
			TeamID: "a", TeamAlias: new("Research"), New: &api.TeamTerms{MaxBudget: &capped}, Used: api.TeamUse{Spend: 83_200_000_000},
			PeakLastDay: api.Peak{Requests: 1210, Tokens: 5}, Refused: true, RefusedBecause: []string{"$83.20 of $50 is spent"},
		}},
		UnservedModels: []string{"gpt-9"},
	}}
	got, result := render(t, planWith(
		[4]string{"bursar_team", `["update"]`, `{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":50,"force_destroy":true,"models":["gpt-9"]}`},
		[4]string{"bursar_team", `["delete"]`, `{"team_id":"b"}`, `null`},
		[4]string{"bursar_key", `["delete"]`, `{"key_id":"k"}`, `null`},
	), review.Options{Gateway: gateway})
	for _, want := range []string{
		"| `a` (`Research`) | $83.20 of $50.00 (166.4 %) | 1,210 requests, 5 tokens | **refused from the apply on**: `$83.20 of $50 is spent` |",
		"* `bursar_team.r1` would be refused by the gateway: `team b has 2 keys`\n", "* No model `gpt-9` is served.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
	if result.Asking != nil || len(gateway.asked) != 2 || gateway.asked[1].Route != "/team/delete" || string(gateway.asked[1].Body) != `{"team_ids":["b"]}` {
		t.Errorf("%v, asked %s", result.Asking, gateway.asked)
	}
	var body map[string]any
	if err := json.Unmarshal(gateway.asked[0].Body, &body); err != nil || body["team_id"] != "a" || body["max_budget"] != 50.0 || body["force_destroy"] != nil {
		t.Errorf("%v %v", err, body)
	}
	away := &told{err: errors.New("connection refused")}
	got, result = render(t, planWith([4]string{"bursar_team", `["create"]`, `null`, `{"team_id":"a"}`}), review.Options{Gateway: away})
	if result.Asking == nil || !strings.Contains(got, "could not be asked of the gateway: `connection refused`") {
		t.Errorf("%v\n%s", result.Asking, got)
	}
}
