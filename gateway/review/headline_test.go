package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

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
			{"bursar_team", create, `null`, `{"team_id":"b","max_budget":200,"budget_duration":"1mo"}`},
			{"bursar_team", leave, `{"team_id":"c","max_budget":9}`, `{"team_id":"c","max_budget":9}`},
		}, "**Caps of teams per month: $1,500.00 -> $4,200.00, at most $2,700.00 more.**"},
		"a shorter period": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10,"budget_duration":"1mo"}`, `{"team_id":"a","max_budget":10,"budget_duration":"1d"}`},
		}, "**Caps of teams per month: $10.00 -> $310.00, at most $300.00 more.**"},
		"longer than a month": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10,"budget_duration":"1y"}`, `{"team_id":"a","max_budget":12,"budget_duration":"3mo"}`},
		}, "**Caps of teams per month: $10.00 -> $12.00, at most $2.00 more.**"},
		"less": {[][4]string{
			{"bursar_team", remove, `{"team_id":"a","max_budget":10,"budget_duration":"30d"}`, `null`},
		}, "**Caps of teams per month: $10.34 -> $0.00, $10.34 less.**"},
		"lifetime caps beside monthly ones": {[][4]string{
			{"bursar_team", update, `{"team_id":"a","max_budget":10}`, `{"team_id":"a","max_budget":3}`},
			{"bursar_team", update, `{"team_id":"b","max_budget":10,"budget_duration":"1mo"}`, `{"team_id":"b","max_budget":40,"budget_duration":"1mo"}`},
			{"bursar_team", create, `null`, `{"team_id":"c","max_budget":1}`},
			{"bursar_team", update, `{"team_id":"d","max_budget":10,"budget_duration":"1mo"}`, `{"team_id":"d","max_budget":20}`},
		}, "**Caps of teams per month: $10.00 -> $40.00, at most $30.00 more.** " +
			"**Lifetime caps of teams, in total and not per month: $10.00 -> $4.00, $6.00 less.** " +
			"Change how their cap counts: `d` from $10.00 a month to $20.00 in total.\n"},
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
		}, "**Lifetime caps of teams, in total and not per month: $10.00 -> $100.00, at most $90.00 more.**"},
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
	if want := "| `b`, `a` | `max_budget` | $5.00 | $50.00 | +900 % |"; !strings.Contains(bare(got), want) {
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

// Two thousand changed teams make a comment that a host takes, and that people read to its end: the twenty of which most
// money changes have lines, the others are told by what changes alike. Only JSON has them all.
func TestRender_manyTeamsStayReadable(t *testing.T) {
	resources := make([][4]string, 2_000)
	for i := range resources {
		before, after := `"max_budget":100,"rpm_limit":30`, `"max_budget":100,"rpm_limit":60`
		switch {
		case i < 30:
			after = fmt.Sprintf(`"max_budget":%d,"rpm_limit":30`, 1_100+i)
		case i < 300:
			after = `"max_budget":150,"rpm_limit":60`
		}
		of := fmt.Sprintf(`{"team_id":"team-%d","team_alias":"Team | %d","budget_duration":"1mo","metadata":{"cost_center":"CC-%d"},`, i, i, i%4)
		resources[i] = [4]string{"bursar_team", `["update"]`, of + before + "}", of + after + "}"}
	}
	plan := planWith(resources...)
	for format, limit := range map[string]int{review.Markdown: 8_000, review.Text: 8_000, review.JSON: 4_000_000} {
		got, result := render(t, plan, review.Options{MaxIncreasePct: 20, Format: format})
		if result.Changes != 2_000 || !result.NeedsApproval || len(got) > limit {
			t.Errorf("%s: %d changes in %d bytes", format, result.Changes, len(got))
		}
		if format != review.JSON {
			golden(t, "many."+format, got)
			continue
		}
		var all struct {
			Lines  []struct{ Team string }
			Groups []struct {
				Count int
				More  string `json:"at_most_more_a_month_usd"`
			}
		}
		if err := json.Unmarshal([]byte(got), &all); err != nil || len(all.Lines) != 2_270 || len(all.Groups) != 3 || all.Groups[0].Count != 270 || all.Groups[0].More != "13500.00" {
			t.Errorf("%v: %d lines, groups %+v", err, len(all.Lines), all.Groups)
		}
	}
}

// New teams that have no line of their own are told as new, and an amount that is not whole cents is rounded up.
func TestRender_manyNewTeams(t *testing.T) {
	resources := make([][4]string, 25)
	for i := range resources {
		resources[i] = [4]string{"bursar_team", `["create"]`, `null`, `{"max_budget":30,"budget_duration":"7d"}`}
	}
	got, _ := render(t, planWith(resources...), review.Options{})
	for _, want := range []string{
		"**Caps of teams per month: $0.00 -> $3,321.43, at most $3,321.43 more.**",
		"* **5 teams**: new, with weekly cap <sub>`max_budget`</sub> $30.00; at most $664.29 more a month together.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
}

// A review for programs and one for terminals say what the comment says, without markup.
func TestRender_otherForms(t *testing.T) {
	plan, err := os.ReadFile("testdata/corners.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{review.Text, review.JSON} {
		got, result := render(t, plan, review.Options{Usage: spending{"budget pot": money.USD / 4}, MaxIncreasePct: 50, Format: format})
		golden(t, "corners_review."+format, got)
		if strings.Contains(got, "canary") || !strings.HasPrefix(result.Markdown, "## Quota changes") {
			t.Errorf("%s: a sensitive value, or another comment than\n%s", format, result.Markdown)
		}
	}
	var b strings.Builder
	if _, err := review.Render(t.Context(), &b, bytes.NewReader(plan), review.Options{Format: "yaml"}); err == nil || b.Len() > 0 {
		t.Errorf("yaml: %v %s", err, b.String())
	}
}

// Who knows no Terraform is told in words what every attribute is.
func TestRender_saysInWordsWhatChanges(t *testing.T) {
	for _, p := range pairs {
		got, _ := render(t, planOf(p.resource, `["update"]`, fmt.Sprintf(`{"team_id":"t",%q:%s}`, p.path, p.before), fmt.Sprintf(`{"team_id":"t",%q:%s}`, p.path, p.after), ""), review.Options{})
		if strings.Contains(p.path, ".") || strings.Contains(got, "no quota") {
			continue
		}
		if !inSmall.MatchString(got) {
			t.Errorf("%s.%s has no words:\n%s", p.resource, p.path, got)
		}
	}
	for every, want := range map[string]string{`"1mo"`: "monthly cap", `"30d"`: "monthly cap", `"1d"`: "daily cap", `"7d"`: "weekly cap", `"3mo"`: "quarterly cap", `"1y"`: "yearly cap", `"5h"`: "cap", `null`: "lifetime cap"} {
		got, _ := render(t, planOf("bursar_team", `["update"]`, `{"max_budget":1,"budget_duration":`+every+`}`, `{"max_budget":2,"budget_duration":`+every+`}`, ""), review.Options{})
		if !strings.Contains(got, "| "+want+" <sub>`max_budget`</sub> | $1.00 | $2.00 | +100 % ($1.00 more) |") {
			t.Errorf("%s: want %s in\n%s", every, want, got)
		}
	}
}

// lastWeek answers what was called and how much of limits per minute was used.
type lastWeek struct {
	sums  []api.UsageSum
	peaks []api.LimitPeak
	err   error
	from  []time.Time
}

func (w *lastWeek) ListUsage(_ context.Context, query api.UsageQuery) ([]api.UsageSum, error) {
	w.from = append(w.from, query.From)
	return w.sums, w.err
}

func (w *lastWeek) QuotaPeaks(_ context.Context, from time.Time) ([]api.LimitPeak, error) {
	w.from = append(w.from, from)
	return w.peaks, w.err
}

// Of what goes away the review says who still uses it; names come from the plan, cost centres from metadata.
func TestRender_saysWhoStillUsesWhatGoes(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	options := func(w *lastWeek) review.Options {
		return review.Options{Calls: w, Now: func() time.Time { return now }}
	}
	plan := planWith(
		[4]string{"bursar_team", `["delete"]`, `{"team_id":"a","team_alias":"Research","metadata":{"cost_center":"CC-7"}}`, `null`},
		[4]string{"bursar_key", `["delete"]`, `{"key_id":"ci","key_alias":"The | CI","team_id":"a"}`, `null`},
		[4]string{"bursar_key", `["delete"]`, `{"key_id":"old","team_id":"a"}`, `null`},
		[4]string{"bursar_key", `["delete","create"]`, `{"key_id":"again","team_id":"b"}`, `{"team_id":"b"}`},
	)
	gateway := &lastWeek{sums: []api.UsageSum{
		{TeamID: new("a"), KeyID: new("ci"), TotalRequests: 1_200}, {TeamID: new("a"), KeyID: new("web"), TotalRequests: 3}, {TeamID: new("b"), KeyID: new("again"), TotalRequests: 1},
	}}
	got, result := render(t, plan, options(gateway))
	for _, want := range []string{
		"| `a` (`Research`, cost centre `CC-7`) |", "* Team `a` (`Research`, cost centre `CC-7`) is still used: 1,203 calls in the last 7 days, by key `ci` (1,200), key `web` (3).\n",
		"* Key <code>The &#124; CI</code> is still used: 1,200 calls in the last 7 days.\n", "* Key `again` is still used: 1 call in the last 7 days.\n",
		"* 1 of what goes away had no call in the last 7 days.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
	if len(gateway.from) != 1 || !gateway.from[0].Equal(now.AddDate(0, 0, -7)) || result.Asking != nil {
		t.Errorf("asked from %v: %v", gateway.from, result.Asking)
	}
	away := &lastWeek{err: errors.New("connection refused")}
	if got, result = render(t, plan, options(away)); result.Asking == nil || !strings.Contains(got, "Who still uses what goes away could not be read from the gateway: `connection refused`") {
		t.Errorf("%v\n%s", result.Asking, got)
	}
	quiet := &lastWeek{}
	render(t, planOf("bursar_team", `["update"]`, `{"team_id":"a","rpm_limit":1}`, `{"team_id":"a","rpm_limit":2}`, ""), options(quiet))
	if len(quiet.from) != 0 {
		t.Error("asked though nothing goes away")
	}
}

// The busiest minute is the week's where it is known, and the last day's otherwise; those who are hurt come first.
func TestRender_showsTheWeeksPeak(t *testing.T) {
	gateway := &told{check: api.QuotaCheck{}}
	for i := range 30 {
		gateway.check.Teams = append(gateway.check.Teams, api.TeamEffect{TeamID: fmt.Sprint("t", i), New: &api.TeamTerms{}, PeakLastDay: api.Peak{Requests: 7, Tokens: 8}, Throttled: i == 28, Refused: i == 29})
	}
	week := &lastWeek{peaks: []api.LimitPeak{{TeamID: "t29", Limit: "team.requests", Peak: 1_234}, {TeamID: "t29", KeyID: "k", Limit: "team.tokens", Peak: 99}}}
	plan := planWith([4]string{"bursar_team", `["update"]`, `{"team_id":"t0","rpm_limit":1}`, `{"team_id":"t0","rpm_limit":2}`})
	got, _ := render(t, plan, review.Options{Gateway: gateway, Peaks: week})
	first := "| --- | --- | --- | --- | --- |\n| `t29` | – | $0.00 | 1,234 requests, 8 tokens | **refused from the apply on**:  |\n| `t28` | – | $0.00 | 7 requests, 8 tokens | throttled:  |\n"
	if !strings.Contains(got, first) || !strings.Contains(got, "\n10 more teams: 10 fine.\n") {
		t.Errorf("want %s in\n%s", first, got)
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
		"| `a` (`Research`) | $100.00 -> $50.00 in total ($50.00 less) | $83.20 of $50.00 (166.4 %) | 1,210 requests, 5 tokens | **refused from the apply on**: `$83.20 of $50 is spent` |",
		"* `bursar_team.r1` would be refused by the gateway: `team b has 2 keys`\n", "* No model `gpt-9` is served.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
	programs, _ := render(t, planWith(
		[4]string{"bursar_team", `["update"]`, `{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":50}`},
		[4]string{"bursar_team", `["create"]`, `null`, `{"team_id":"c","max_budget":7,"budget_duration":"1mo"}`},
		[4]string{"bursar_team", `["delete"]`, `{"team_id":"d"}`, `null`},
	), review.Options{Gateway: &told{check: gateway.check}, Format: review.JSON})
	const wantTeams = `[{"team_id":"a","name":"a (Research)","at_most_before":{"usd":"100.00","per":"total"},"at_most_after":{"usd":"50.00","per":"total"},` +
		`"spent":"$83.20 of $50.00 (166.4 %)","busiest_minute":"1,210 requests, 5 tokens","from_the_apply_on":"refused from the apply on: $83.20 of $50 is spent"},` +
		`{"team_id":"c","name":"c","at_most_before":null,"at_most_after":{"usd":"7.00","per":"month"},"spent":"new"},` +
		`{"team_id":"d","name":"d","at_most_before":{"usd":null,"per":"unbounded"},"at_most_after":null}]`
	var document struct{ Teams json.RawMessage }
	var teams bytes.Buffer
	if err := errors.Join(json.Unmarshal([]byte(programs), &document), json.Compact(&teams, document.Teams)); err != nil || teams.String() != wantTeams {
		t.Errorf("%v: programs are told of teams\n%s, want\n%s", err, teams.String(), wantTeams)
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
