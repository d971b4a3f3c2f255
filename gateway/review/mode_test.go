package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// reviewed is when the plans of these tests are.
var reviewed = time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC)

const (
	begun   = `"2027-01-01T00:00:00Z"`
	tocome  = `"2027-02-01T00:00:00Z"`
	tocome2 = `"2027-03-01T00:00:00Z"`
)

// A limit that is only watched is none, whichever rule asks: a plan that would need approval without a cap that refuses
// needs it with a watched one too.
func TestPolicy_doesNotTakeAWatchedCapForOne(t *testing.T) {
	for _, rule := range []string{"loosened: true", "team_without_budget: true", "increase_above_usd: 500", "total_above_usd: 500"} {
		asks, err := policy.Read("p", []byte("rules: [{name: r, when: {"+rule+"}, then: approval}]"))
		if err != nil {
			t.Fatal(err)
		}
		total := strings.HasPrefix(rule, "total")
		for name, test := range map[string]struct {
			actions, before, after, more string
			approval                     bool
		}{
			"new, watched for good":  {`["create"]`, `null`, `{"team_id":"a","max_budget":1,"mode":"audit"}`, "", !total},
			"new, watched for now":   {`["create"]`, `null`, `{"team_id":"a","max_budget":1,"mode":"audit","enforce_from":` + tocome + `}`, "", !total},
			"new, watched until now": {`["create"]`, `null`, `{"team_id":"a","max_budget":1,"mode":"audit","enforce_from":` + begun + `}`, "", false},
			"new, from a date known later": {
				`["create"]`, `null`, `{"team_id":"a","max_budget":1,"mode":"audit"}`, `"after_unknown":{"enforce_from":true}`, !total,
			},
			"new, of a mode known later": {`["create"]`, `null`, `{"team_id":"a","max_budget":1}`, `"after_unknown":{"mode":true}`, !total},
			"new, enforced":              {`["create"]`, `null`, `{"team_id":"a","max_budget":1,"mode":"enforce"}`, "", false},
			"new, left to the gateway":   {`["create"]`, `null`, `{"team_id":"a","max_budget":1}`, "", false},
			"no longer enforced":         {`["update"]`, `{"team_id":"a","max_budget":1}`, `{"team_id":"a","max_budget":1,"mode":"audit"}`, "", !total},
			"enforced again":             {`["update"]`, `{"team_id":"a","max_budget":1,"mode":"audit"}`, `{"team_id":"a","max_budget":1,"mode":"enforce"}`, "", false},
		} {
			got, result := render(t, planOf("bursar_team", test.actions, test.before, test.after, test.more), review.Options{Policy: asks, Now: at(reviewed)})
			if result.NeedsApproval != test.approval {
				t.Errorf("%s, %s: needs approval %t\n%s", rule, name, result.NeedsApproval, got)
			}
			if known := strings.Contains(got, "-> $1.00"); test.approval == known && !total {
				t.Errorf("%s, %s: the headline\n%s", rule, name, got)
			}
		}
	}
}

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

// Whoever reviews without a policy hears of a new limit that refuses nobody as well.
func TestRender_asksAboutNewLimitsThatRefuseNobody(t *testing.T) {
	for _, kind := range []string{"bursar_team", "bursar_key", "bursar_budget"} {
		for after, says := range map[string]string{
			`{"mode":"audit"}`: "is only watched, and refuses nobody",
			`{"mode":"audit","enforce_from":` + tocome + `}`: "is only watched until 2027-02-01T00:00:00Z, and refuses nobody before",
			`{"mode":"audit","enforce_from":` + begun + `}`:  "",
			`{"mode":"enforce"}`:                             "",
		} {
			_, result := render(t, planOf(kind, `["create"]`, `null`, after, ""), review.Options{MaxIncreasePct: 20, Now: at(reviewed)})
			want := []string{kind + ".x: " + says}
			if says == "" {
				want = nil
			}
			if !slices.Equal(result.Reasons, want) {
				t.Errorf("%s %s: %q, want %q", kind, after, result.Reasons, want)
			}
		}
	}
}

// Another budget is a loosening where its limits refuse less, and where the plan does not tell.
func TestRender_judgesAnotherBudgetByWhatItRefuses(t *testing.T) {
	const strict, none = `"mode":"enforce"`, ``
	for name, test := range map[string]struct{ was, is, own, says string }{
		"strict to watched":        {strict, `"mode":"audit"`, none, "names a budget whose limits are only watched"},
		"strict to watched a time": {strict, `"mode":"audit","enforce_from":` + tocome, none, "names a budget whose limits are only watched"},
		"strict to watched before": {strict, `"mode":"audit","enforce_from":` + begun, none, ""},
		"nothing to watched":       {`"max_budget":1`, `"mode":"audit"`, none, "names a budget whose limits are only watched"},
		"watched for longer":       {`"mode":"audit","enforce_from":` + tocome, `"mode":"audit","enforce_from":` + tocome2, none, "names a budget whose limits are watched for longer"},
		"watched for less":         {`"mode":"audit","enforce_from":` + tocome2, `"mode":"audit","enforce_from":` + tocome, none, ""},
		"watched to strict":        {`"mode":"audit"`, strict, none, ""},
		"strict to the gateway's":  {strict, `"max_budget":1`, none, "is left to what holds around it"},
		"strict to strict":         {strict, strict, none, ""},
		"not in the plan":          {strict, "", none, "names a budget that is not in the plan"},
		"by its own mode":          {strict, `"mode":"audit"`, `,"mode":"enforce"`, ""},
	} {
		resources := [][4]string{
			{"bursar_key", `["update"]`, `{"key_id":"k","budget_id":"was"` + test.own + `}`, `{"key_id":"k","budget_id":"is"` + test.own + `}`},
			{"bursar_budget", `["no-op"]`, `{"budget_id":"was",` + test.was + `}`, `{"budget_id":"was",` + test.was + `}`},
		}
		if test.is != "" {
			resources = append(resources, [4]string{"bursar_budget", `["no-op"]`, `{"budget_id":"is",` + test.is + `}`, `{"budget_id":"is",` + test.is + `}`})
		}
		got, result := render(t, planWith(resources...), review.Options{MaxIncreasePct: 20, Now: at(reviewed)})
		if result.NeedsApproval != (test.says != "") || !strings.Contains(got, test.says) {
			t.Errorf("%s: needs approval %t, want %q in\n%s", name, result.NeedsApproval, test.says, got)
		}
	}
}

// What takes its mode away is left to what holds around it, which may refuse later or never.
func TestRender_tellsOfAModeThatGoes(t *testing.T) {
	for before, approval := range map[string]bool{
		`{"mode":"audit","enforce_from":` + begun + `}`:  true,
		`{"mode":"audit","enforce_from":` + tocome + `}`: true,
		`{"mode":"audit"}`:   false,
		`{"mode":"enforce"}`: true,
	} {
		got, result := render(t, planOf("bursar_team", `["update"]`, before, `{}`, ""), review.Options{MaxIncreasePct: 20, Now: at(reviewed)})
		if !strings.Contains(got, "| is left to what holds around it |") || strings.Contains(got, "is enforced") || result.NeedsApproval != approval {
			t.Errorf("%s: needs approval %t\n%s", before, result.NeedsApproval, got)
		}
	}
}

// The gateway holds a key without a mode to that of the budget it names, else to its team's; so does a review.
func TestRender_judgesAKeyWithoutAModeByItsTeams(t *testing.T) {
	const refuses, watches = "its requests are refused as soon as this is applied", "as the cap is only watched, nothing is refused yet"
	spent := spending{"key k": 5 * money.USD}
	for name, test := range map[string]struct{ team, budget, key, says string }{
		"watched with its team":      {`"mode":"audit"`, ``, ``, watches},
		"watched with it for now":    {`"mode":"audit","enforce_from":` + tocome, ``, ``, watches},
		"refuses with its team":      {`"mode":"audit","enforce_from":` + begun, ``, ``, refuses},
		"refuses by its own":         {`"mode":"audit"`, ``, `,"mode":"enforce"`, refuses},
		"watched by its own":         {`"mode":"enforce"`, ``, `,"mode":"audit"`, watches},
		"its budget's before":        {`"mode":"audit"`, `"mode":"enforce"`, `,"budget_id":"b"`, refuses},
		"a budget without":           {`"mode":"audit"`, `"max_budget":9`, `,"budget_id":"b"`, watches},
		"the team's budget's":        {`"budget_id":"b"`, `"mode":"audit"`, ``, watches},
		"a budget of another plan":   {`"mode":"audit"`, ``, `,"budget_id":"elsewhere"`, refuses},
		"left to the gateway by all": {`"max_budget":9`, ``, ``, refuses},
	} {
		before, after := `{"key_id":"k","team_id":"t"`+test.key+`}`, `{"key_id":"k","team_id":"t","max_budget":1`+test.key+`}`
		team := `{"team_id":"t",` + test.team + `}`
		resources := [][4]string{{"bursar_key", `["update"]`, before, after}, {"bursar_team", `["no-op"]`, team, team}}
		if test.budget != "" {
			budget := `{"budget_id":"b",` + test.budget + `}`
			resources = append(resources, [4]string{"bursar_budget", `["no-op"]`, budget, budget})
		}
		got, _ := render(t, planWith(resources...), review.Options{Usage: spent, Now: at(reviewed)})
		if !strings.Contains(got, test.says) {
			t.Errorf("%s: want %q in\n%s", name, test.says, got)
		}
	}
}

// A key's mode that goes, or comes, loosens by the difference to what holds around the key.
func TestRender_tellsOfAKeysModeBesideItsTeams(t *testing.T) {
	const audit, enforce = `"mode":"audit"`, `"mode":"enforce"`
	for name, test := range map[string]struct{ team, was, is, says string }{
		"its own, then the team's that refuses":    {enforce, enforce, "", ""},
		"its own, then the team's that watches":    {audit, enforce, "", "is left to what holds around it"},
		"the team's that watches, then watched":    {audit, "", audit, ""},
		"the team's that refuses, then watched":    {enforce, "", audit, "is only watched, and refuses nobody"},
		"the team's for now, then for good":        {audit + `,"enforce_from":` + tocome, "", audit, "is only watched, and refuses nobody"},
		"new, without one in a team that waits":    {audit, "new", "", ""},
		"new, with one of its own that only waits": {enforce, "new", audit, "is only watched, and refuses nobody"},
	} {
		key := func(mode string) string {
			return strings.ReplaceAll(`{"key_id":"k","team_id":"t","max_budget":1,`+mode+`}`, ",}", "}")
		}
		change := [4]string{"bursar_key", `["update"]`, key(test.was), key(test.is)}
		if test.was == "new" {
			change = [4]string{"bursar_key", `["create"]`, `null`, key(test.is)}
		}
		team := `{"team_id":"t",` + test.team + `}`
		got, result := render(t, planWith(change, [4]string{"bursar_team", `["no-op"]`, team, team}), review.Options{MaxIncreasePct: 20, Now: at(reviewed)})
		if result.NeedsApproval != (test.says != "") || !strings.Contains(got, test.says) {
			t.Errorf("%s: needs approval %t, want %q in\n%s", name, result.NeedsApproval, test.says, got)
		}
	}
}
