package policy_test

import (
	"math"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
)

func rules(t *testing.T, text string) *policy.Policy {
	t.Helper()
	read, err := policy.Read("quota-policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestJudge_byEachCondition(t *testing.T) {
	open := math.Inf(1)
	for name, test := range map[string]struct {
		when   string
		change policy.Change
		totals policy.Totals
		want   string
	}{
		"grows":           {"increase_above_pct: 20", policy.Change{GrowthPct: 20.5}, policy.Totals{}, "grows by 20.5 %, more than 20 %"},
		"grows little":    {"increase_above_pct: 20", policy.Change{GrowthPct: 20}, policy.Totals{}, ""},
		"more money":      {"increase_above_usd: 500", policy.Change{Type: "bursar_team", MonthBeforeUSD: 100, MonthAfterUSD: 601}, policy.Totals{}, "may spend $601.00 a month instead of $100.00"},
		"some more money": {"increase_above_usd: 500", policy.Change{Type: "bursar_team", MonthBeforeUSD: 100, MonthAfterUSD: 600}, policy.Totals{}, ""},
		"no cap any more": {"increase_above_usd: 500", policy.Change{Type: "bursar_team", MonthBeforeUSD: 100, MonthAfterUSD: open}, policy.Totals{}, "may spend no cap a month instead of $100.00"},
		"never had a cap": {"increase_above_usd: 500", policy.Change{Type: "bursar_team", MonthBeforeUSD: open, MonthAfterUSD: open}, policy.Totals{}, ""},
		"no team":         {"increase_above_usd: 500", policy.Change{Type: "bursar_key", MonthAfterUSD: 9000}, policy.Totals{}, ""},
		"all together":    {"total_above_usd: 1000", policy.Change{}, policy.Totals{MonthAfterUSD: 1001}, "all teams together may spend $1,001.00 a month, more than $1,000.00"},
		"loosened":        {"loosened: true", policy.Change{Loosened: []string{"max_budget is removed"}}, policy.Totals{}, "max_budget is removed"},
		"without budget":  {"team_without_budget: true", policy.Change{Type: "bursar_team", After: map[string]any{}, MonthAfterUSD: open}, policy.Totals{}, "has no cap that refuses"},
		"deleted":         {"team_without_budget: true", policy.Change{Type: "bursar_team", MonthAfterUSD: open}, policy.Totals{}, ""},
		"without owner":   {"team_without_owner: true", policy.Change{Type: "bursar_team", After: map[string]any{}}, policy.Totals{}, "names no owners in its metadata"},
		"with owner":      {"team_without_owner: true", policy.Change{Type: "bursar_team", After: map[string]any{}, Owners: []string{"ada"}}, policy.Totals{}, ""},
		"key for ever":    {"key_without_expiry: true", policy.Change{Type: "bursar_key", After: map[string]any{}}, policy.Totals{}, "never expires"},
		"key for a while": {"key_without_expiry: true", policy.Change{Type: "bursar_key", After: map[string]any{"duration": "30d"}}, policy.Totals{}, ""},
		"above the pot":   {"teams_above_pot: true", policy.Change{}, policy.Totals{TeamsAbovePots: []string{"pot eu"}}, "pot eu"},
		"dear":            {"model_price_above_usd: 60", policy.Change{Type: "bursar_model", After: map[string]any{"price": map[string]any{"output_per_million_usd": 75.0}}}, policy.Totals{}, "costs $75.00 for a million output tokens, more than $60.00"},
		"price lowered": {"price_lowered: true", policy.Change{
			Type: "bursar_model", Before: priced(2, 4), After: priced(2, 3),
		}, policy.Totals{}, "counts less for the same tokens"},
		"price raised":        {"price_lowered: true", policy.Change{Type: "bursar_model", GrowthPct: 9, Before: priced(2, 4), After: priced(3, 4)}, policy.Totals{}, ""},
		"route removed":       {"alert_route_removed: true", policy.Change{Type: "bursar_alert_route", Loosened: []string{"is deleted"}}, policy.Totals{}, "is deleted"},
		"another is loosened": {"alert_route_removed: true", policy.Change{Type: "bursar_team", Loosened: []string{"is deleted"}}, policy.Totals{}, ""},
		"shorter period": {"period_shortened: true", policy.Change{
			Before: map[string]any{"budget_duration": "1mo"}, After: map[string]any{"budget_duration": "1d"}, MonthBeforeUSD: 1, MonthAfterUSD: 31,
		}, policy.Totals{}, "has a shorter period: 1mo -> 1d"},
		"expression":         {`cel: 'after.max_budget > 1000'`, policy.Change{After: map[string]any{"max_budget": 1000.5}}, policy.Totals{}, "is what the rule's expression is about"},
		"expression, not":    {`cel: 'has(after.max_budget) && after.max_budget > 1000'`, policy.Change{After: map[string]any{}}, policy.Totals{}, ""},
		"expression, a type": {`cel: 'type == "bursar_key" && action == "delete" && team in ["a"] && growth_pct < 1 && "x" in unknown'`, policy.Change{Type: "bursar_key", Action: "delete", Team: "a", Unknown: []string{"x"}}, policy.Totals{}, "is what"},
		"no cap in numbers":  {`cel: 'month_after_usd > 1000000000'`, policy.Change{MonthAfterUSD: open}, policy.Totals{}, "is what"},
		"cannot be asked":    {`cel: 'after.max_budget > 1000'`, policy.Change{After: map[string]any{}}, policy.Totals{}, "cannot be asked about it (no such key: max_budget)"},
	} {
		read := rules(t, "rules: [{name: r, when: {"+test.when+"}, then: approval, by: [owners, finance]}]")
		verdicts := read.Judge([]policy.Change{test.change}, test.totals)
		if (len(verdicts) == 1) != (test.want != "") || len(verdicts) == 1 && !strings.Contains(verdicts[0].Why, test.want) {
			t.Errorf("%s: %v, want %q", name, verdicts, test.want)
		}
		if want := map[bool]policy.Outcome{true: policy.Approval, false: policy.Pass}[test.want != ""]; policy.Worst(verdicts) != want {
			t.Errorf("%s: %s", name, policy.Worst(verdicts))
		}
	}
}

// priced are a model's attributes with a price of two tiers.
func priced(first, second float64) map[string]any {
	return map[string]any{"price": map[string]any{"tiers": []any{map[string]any{"output_per_million_usd": first}, map[string]any{"output_per_million_usd": second}}}}
}

func TestJudge_namesWhoMustAgree(t *testing.T) {
	read := rules(t, "rules: [{name: r, when: {loosened: true}, then: approval, by: [owners, finance]}]")
	for _, test := range []struct {
		owners []string
		want   string
	}{{[]string{"ada", "bob"}, "ada bob finance"}, {nil, "the team's owners (its metadata names none) finance"}} {
		verdicts := read.Judge([]policy.Change{{Loosened: []string{"x"}, Owners: test.owners}}, policy.Totals{})
		if got := strings.Join(verdicts[0].By, " "); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestRead_saysWhatIsWrongAndWhere(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing":             {"", "there are no rules"},
		"another field":       {"rules: []\nlimits: 1", "field limits not found"},
		"another in a rule":   {"rules:\n  - name: r\n    wenn: {loosened: true}\n    then: warn", `quota-policy.yaml:3:5: a rule has no "wenn"`},
		"no name":             {"rules:\n  - when: {loosened: true}\n    then: warn", "2:5: a rule has no name"},
		"no outcome":          {"rules:\n  - name: r\n    when: {loosened: true}\n    then: maybe", `then is "maybe"; write pass, warn or approval`},
		"no condition":        {"rules:\n  - name: r\n    then: warn", "when has 0 conditions"},
		"two conditions":      {"rules: [{name: r, when: {loosened: true, price_lowered: true}, then: warn}]", "when has 2 conditions"},
		"unknown condition":   {"rules: [{name: r, when: {increase_pct: 3}, then: warn}]", `no condition is named "increase_pct"; known are alert_route_removed, cel`},
		"no number":           {"rules: [{name: r, when: {increase_above_pct: much}, then: warn}]", "increase_above_pct: write a number"},
		"a negative number":   {"rules: [{name: r, when: {increase_above_pct: -1}, then: warn}]", "write a number that is not negative"},
		"not true":            {"rules: [{name: r, when: {loosened: no}, then: warn}]", "write true, or leave the rule out"},
		"no expression":       {"rules: [{name: r, when: {cel: ''}, then: warn}]", "write an expression"},
		"a broken expression": {"rules: [{name: r, when: {cel: 'after.'}, then: warn}]", "the expression is not understood"},
		"an unknown name":     {"rules: [{name: r, when: {cel: 'budget > 3'}, then: warn}]", "undeclared reference to 'budget'"},
		"no boolean":          {"rules: [{name: r, when: {cel: 'growth_pct'}, then: warn}]", "the expression is a double"},
		"approvers of none":   {"rules: [{name: r, when: {loosened: true}, then: warn, by: [ada]}]", "by says who approves, and then is warn"},
		"no YAML":             {"rules: [", "read the policy"},
	} {
		if _, err := policy.Read("quota-policy.yaml", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	_, err := policy.Read("p.yaml", []byte("rules:\n  - {name: a, when: {x: 1}, then: warn}\n  - {name: b, when: {loosened: true}, then: no}"))
	if err == nil || strings.Count(err.Error(), "p.yaml:") != 2 {
		t.Errorf("not all mistakes at once: %v", err)
	}
}

func TestCheck_saysHowACaseDiffers(t *testing.T) {
	c := policy.Case{Name: "c", Want: policy.Warn, Rules: []string{"r", "s"}}
	err := c.Check([]policy.Verdict{{Rule: "r", Outcome: policy.Approval}})
	if err == nil || !strings.Contains(err.Error(), "the outcome is approval, want warn") || !strings.Contains(err.Error(), `rule "s" did not speak`) {
		t.Error(err)
	}
	if err := c.Check([]policy.Verdict{{Rule: "r", Outcome: policy.Warn}, {Rule: "s", Outcome: policy.Warn}}); err != nil {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("rules: [{name: r, when: {cel: 'after.x > 1'}, then: warn}]"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if read, err := policy.Read("p", data); err == nil {
			read.Judge([]policy.Change{{After: map[string]any{"x": 2.0}}}, policy.Totals{})
		}
	})
}
