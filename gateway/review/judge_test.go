package review_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
)

const kit = "../../examples/pull-request-review/"

func examplePolicy(t *testing.T) *policy.Policy {
	t.Helper()
	data, err := os.ReadFile(kit + "quota-policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	read, err := policy.Read("quota-policy.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestJudge_theExamplesCases(t *testing.T) {
	data, err := os.ReadFile(kit + "quota-policy_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := policy.ReadCases("quota-policy_test.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		verdicts, err := review.Judge(examplePolicy(t), c.Type, c.Action, c.Before, c.After)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if err := c.Check(verdicts); err != nil {
			t.Error(err)
		}
	}
}

func TestRender_byAPolicy(t *testing.T) {
	plan := planWith(
		[4]string{"bursar_team", `["update"]`, `{"team_id":"a","max_budget":100,"budget_duration":"1mo","metadata":{"owners":["ada"]}}`, `{"team_id":"a","max_budget":100,"budget_duration":"1d","metadata":{"owners":["ada"]}}`},
		[4]string{"bursar_team", `["create"]`, `null`, `{"team_id":"<b>","max_budget":10}`},
		[4]string{"bursar_budget", `["no-op"]`, `{"budget_id":"eu","team_ids":["a"],"max_budget":50}`, `{"budget_id":"eu","team_ids":["a"],"max_budget":50}`},
	)
	got, result := render(t, plan, review.Options{Policy: examplePolicy(t)})
	if want := strings.Join([]string{
		"**Mind:**", "",
		"* `<b>`: names no owners in its metadata (nobody's team) <sub>`bursar_team.r1`</sub>",
		"* the teams of pot eu may spend $3,100.00 a month together, and it $50.00 (teams above their pot)", "",
		"**Needs approval:**", "",
		"* `a`: grows by 3000 %, more than 20 % (large increase), by ada or platform <sub>`bursar_team.r0`</sub>",
		"* `a`: may spend $3,100.00 a month instead of $100.00 (much more money), by finance <sub>`bursar_team.r0`</sub>", "",
	}, "\n"); !strings.HasSuffix(got, want) {
		t.Errorf("want\n%s\nin\n%s", want, got)
	}
	if !result.NeedsApproval || len(result.Reasons) != 2 {
		t.Errorf("%q", result.Reasons)
	}
}

// Every change that a review finds to allow more without measure is a change that the rule "loosened" asks about.
func TestJudge_loosenedIsWhatAReviewSays(t *testing.T) {
	read, err := policy.Read("p", []byte("rules: [{name: more, when: {increase_above_pct: 20}, then: approval}, {name: loosened, when: {loosened: true}, then: approval}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		plan := planOf(p.resource, `["update"]`, `{"`+p.path+`":`+p.before+`}`, `{"`+p.path+`":`+p.after+`}`, "")
		if _, result := render(t, plan, review.Options{Policy: read}); result.NeedsApproval != p.approval {
			t.Errorf("%s.%s %s -> %s: %t %q", p.resource, p.path, p.before, p.after, result.NeedsApproval, result.Reasons)
		}
	}
}

// Whom a host knows by @ can be asked; what anybody may have written into metadata is no name of somebody.
func TestRender_namesReviewersAndLabels(t *testing.T) {
	rules, err := policy.Read("quota-policy.yaml", []byte("rules: [{name: a, when: {loosened: true}, then: approval, by: [owners, finance, '@acme/money'], labels: [quota]}, {name: b, when: {team_without_owner: true}, then: warn, labels: [nobody]}]"))
	if err != nil {
		t.Fatal(err)
	}
	plan := planWith([4]string{
		"bursar_team", `["update"]`,
		`{"team_id":"a","max_budget":100,"metadata":{"owners":["@ada","ben","@x --> y"]}}`, `{"team_id":"a","max_budget":null,"metadata":{"owners":["@ada","ben","@x --> y"]}}`,
	})
	_, result := render(t, plan, review.Options{Policy: rules})
	if got := strings.Join(result.Reviewers, " "); got != "ada acme/money" {
		t.Errorf("reviewers are %q", got)
	}
	if got := strings.Join(result.Labels, " "); got != "quota" {
		t.Errorf("labels are %q", got)
	}
	if got := strings.Join(rules.Labels(), " "); got != "nobody quota" {
		t.Errorf("the policy's labels are %q", got)
	}
}

// Where every change has figures of its own, those of one rule are told together.
func TestRender_manyVerdictsAreToldByRule(t *testing.T) {
	read, err := policy.Read("p.yaml", []byte("rules:\n  - {name: much more money, when: {increase_above_usd: 1}, then: approval, by: [finance]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var resources [][4]string
	for i := range 60 {
		of := fmt.Sprintf(`{"team_id":"t%d","budget_duration":"1mo","max_budget":`, i)
		resources = append(resources, [4]string{"bursar_team", `["update"]`, of + "10}", of + fmt.Sprint(20+i) + "}"})
	}
	got, result := render(t, planWith(resources...), review.Options{Policy: read})
	want := "**Needs approval:**\n\n* 60 changes: much more money, by finance: `t0`, `t1`, `t2` and 57 more.\n"
	if !strings.HasSuffix(got, want) || len(result.Reasons) != 60 {
		t.Errorf("%d reasons, want %s in\n%s", len(result.Reasons), want, got)
	}
}
