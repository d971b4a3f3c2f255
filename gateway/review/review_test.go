package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

// spending answers by "kind id"; other objects are not known.
type spending map[string]money.Nano

func (s spending) Spent(_ context.Context, kind, id string) (money.Nano, bool, error) {
	spent, known := s[kind+" "+id]
	return spent, known, nil
}

type brokenUsage struct{}

func (brokenUsage) Spent(context.Context, string, string) (money.Nano, bool, error) {
	return 0, false, errors.New("dial tcp 127.0.0.1:4000: connection | refused")
}

func render(t *testing.T, plan []byte, options review.Options) (string, review.Result) {
	t.Helper()
	var b bytes.Buffer
	result, err := review.Render(t.Context(), &b, bytes.NewReader(plan), options)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), result
}

func TestRender_golden(t *testing.T) {
	spent := spending{"team research": 832 * money.USD, "team product": 320 * money.USD, "team old": 100 * money.USD, "budget pot": money.USD / 4}
	for name, test := range map[string]struct {
		plan    string
		options review.Options
	}{
		"change":        {"change.json", review.Options{}},
		"change_usage":  {"change.json", review.Options{Usage: spent, MaxIncreasePct: 20}},
		"destroy":       {"destroy.json", review.Options{Usage: spent}},
		"corners":       {"corners.json", review.Options{Usage: spent, MaxIncreasePct: 50}},
		"usage_is_away": {"change.json", review.Options{Usage: brokenUsage{}}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := os.ReadFile(filepath.Join("testdata", test.plan))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := render(t, plan, test.options)
			if strings.Contains(got, "canary") {
				t.Error("a sensitive value is printed")
			}
			golden(t, name+".md", got)
		})
	}
}

// golden holds text against a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// planOf is a plan that updates one resource.
func planOf(resource, actions, before, after, marks string) []byte {
	if marks != "" {
		marks = "," + marks
	}
	return fmt.Appendf(nil, `{"format_version":"1.2","planned_values":{},"resource_changes":[
		{"address":"%s.x","mode":"managed","type":"%s","name":"x","provider_name":"p",
		 "change":{"actions":%s,"before":%s,"after":%s%s}}]}`, resource, resource, actions, before, after, marks)
}

// inSmall is the words before an attribute's name.
var inSmall = regexp.MustCompile("[^|*(]+ <sub>([^<]*)</sub>")

// beside is an amount beside a percentage.
var beside = regexp.MustCompile(` \(\$[0-9,.]+ (more|less)\)`)

// bare has attributes by name alone, and percentages without amounts.
func bare(markdown string) string {
	return beside.ReplaceAllString(inSmall.ReplaceAllString(markdown, " $1"), "")
}

// cells returns the table's lines below its head, without the resource, and attributes by name alone.
func cells(markdown string) []string {
	var lines []string
	for line := range strings.SplitSeq(bare(markdown), "\n") {
		if at := strings.LastIndex(line, " | `bursar_"); at > 0 && strings.HasPrefix(line, "| ") {
			lines = append(lines, line[len("| "):at])
		}
	}
	return lines
}

func TestRender_saysWhatChanges(t *testing.T) {
	for name, test := range map[string]struct{ resource, before, after, want string }{
		"raised":             {"bursar_team", `{"team_id":"a","rpm_limit":30}`, `{"team_id":"a","rpm_limit":45}`, "`a` | `rpm_limit` | 30 requests/min | 45 requests/min | +50 %"},
		"lowered":            {"bursar_team", `{"team_id":"a","tpm_limit":30000}`, `{"team_id":"a","tpm_limit":1000000}`, "`a` | `tpm_limit` | 30,000 tokens/min | 1,000,000 tokens/min | +3,233.3 %"},
		"limited":            {"bursar_team", `{"team_id":"a","max_budget":null}`, `{"team_id":"a","max_budget":0.25}`, "`a` | `max_budget` | unlimited | $0.25 | limit added"},
		"unlimited":          {"bursar_team", `{"team_id":"a","max_budget":1234567.5}`, `{"team_id":"a"}`, "`a` | `max_budget` | $1,234,567.50 | unlimited | limit removed"},
		"stopped":            {"bursar_key", `{"team_id":"a","max_parallel_requests":4}`, `{"team_id":"a","max_parallel_requests":0}`, "`a` | `max_parallel_requests` | 4 at once | 0 at once (refuses everything) | -100 %"},
		"started":            {"bursar_key", `{"rpm_limit":0}`, `{"rpm_limit":5}`, "no team | `rpm_limit` | 0 requests/min (refuses everything) | 5 requests/min | was 0"},
		"share":              {"bursar_team", `{"team_id":"a","soft_threshold_pct":0.8}`, `{"team_id":"a","soft_threshold_pct":0.855}`, "`a` | `soft_threshold_pct` | 80 % | 85.5 % | +6.9 %"},
		"cap softened":       {"bursar_team", `{"team_id":"a","hard_cap":true}`, `{"team_id":"a","hard_cap":false}`, "`a` | `hard_cap` | refuses at the cap | only warns at the cap | no longer refuses at the cap"},
		"period":             {"bursar_team", `{"team_id":"a","budget_duration":"1mo"}`, `{"team_id":"a"}`, "`a` | `budget_duration` | `1mo` | never resets | changes"},
		"reset day":          {"bursar_team", `{"team_id":"a","reset_day":1}`, `{"team_id":"a","reset_day":15}`, "`a` | `reset_day` | `1` | `15` | changes"},
		"model's limit":      {"bursar_team", `{"team_id":"a","model_rpm_limit":{"m":1,"n":2}}`, `{"team_id":"a","model_rpm_limit":{"m":2,"n":2}}`, "`a` | `model_rpm_limit` `m` | 1 request/min | 2 requests/min | +100 %"},
		"model's limit goes": {"bursar_team", `{"team_id":"a","model_tpm_limit":{"m":1}}`, `{"team_id":"a","model_tpm_limit":{}}`, "`a` | `model_tpm_limit` `m` | 1 token/min | unlimited | limit removed"},
		"models":             {"bursar_team", `{"team_id":"a","models":["m","n"]}`, `{"team_id":"a","models":["n","o","p"]}`, "`a` | `models` | `m`, `n` | `n`, `o`, `p` | +2, -1"},
		"all models":         {"bursar_team", `{"team_id":"a","models":["m"]}`, `{"team_id":"a","models":[]}`, "`a` | `models` | `m` | every model | allows every model"},
		"many models":        {"bursar_team", `{"team_id":"a","models":[]}`, `{"team_id":"a","models":["1","2","3","4","5","6","7","8","9"]}`, "`a` | `models` | every model | 9 names | +9"},
		"order":              {"bursar_team", `{"team_id":"a","models":["m","n"]}`, `{"team_id":"a","models":["n","m"]}`, "`a` | `models` | `m`, `n` | `n`, `m` | reordered"},
		"blocked":            {"bursar_team", `{"team_id":"a","blocked":false}`, `{"team_id":"a","blocked":true}`, "`a` | `blocked` | open | blocked | changes"},
		"key moves":          {"bursar_key", `{"team_id":"a"}`, `{"team_id":"b"}`, "`b` | `team_id` | `a` | `b` | spends for another team"},
		"pot":                {"bursar_budget", `{"team_ids":["a","b"],"max_budget":1}`, `{"team_ids":["a","b"],"max_budget":2}`, "`a`, `b` | `max_budget` | $1.00 | $2.00 | +100 %"},
		"pot over models":    {"bursar_budget", `{"models":["m"],"max_budget":1}`, `{"models":["m"],"max_budget":2}`, "every team | `max_budget` | $1.00 | $2.00 | +100 %"},
		"terms":              {"bursar_budget", `{"max_budget":2}`, `{"max_budget":1}`, "who names it | `max_budget` | $2.00 | $1.00 | -50 %"},
		"throttling":         {"bursar_budget", `{"on_soft_limit":{"reduce_rpm_pct":0.5}}`, `{"on_soft_limit":null}`, "who names it | `on_soft_limit.reduce_rpm_pct` | 50 % | no throttling | throttles no more"},
		"route's teams":      {"bursar_alert_route", `{"team_ids":[]}`, `{"team_ids":["a"]}`, "`a` | `team_ids` | every team | `a` | tells of fewer teams"},
		"route's thresholds": {"bursar_alert_route", `{"thresholds":[0.8]}`, `{"thresholds":[0.8,1]}`, "every team | `thresholds` | 80 % | 80 %, 100 % | +1"},
		"route off":          {"bursar_alert_route", `{"enabled":true}`, `{"enabled":false}`, "every team | `enabled` | on | off | tells nobody any more"},
		"the same number":    {"bursar_team", `{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":100.0}`, ""},
		"nothing and null":   {"bursar_team", `{"team_id":"a","models":null}`, `{"team_id":"a","models":[]}`, ""},
	} {
		got, result := render(t, planOf(test.resource, `["update"]`, test.before, test.after, ""), review.Options{})
		if lines := strings.Join(cells(got), "\n"); lines != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, lines, test.want)
		}
		if (result.Changes == 1) != (test.want != "") {
			t.Errorf("%s: %d changes", name, result.Changes)
		}
	}
}

func TestRender_saysWhatHappensToAResource(t *testing.T) {
	team := `{"team_id":"a","max_budget":100,"rpm_limit":30,"hard_cap":true,"blocked":false}`
	for name, test := range map[string]struct{ resource, actions, before, after, want string }{
		"new, no limits": {"bursar_team", `["create"]`, "null", `{"team_id":"a","hard_cap":true,"models":[]}`, "`a` | – | – | no limits of its own | new team"},
		"new, soft":      {"bursar_team", `["create"]`, "null", `{"team_id":"a","hard_cap":false}`, "`a` | `hard_cap` | – | only warns at the cap | new team"},
		"deleted":        {"bursar_team", `["delete"]`, team, "null", "`a` | – | $100.00, 30 requests/min | – | deleted: its keys stop working"},
		"replaced":       {"bursar_team", `["delete","create"]`, team, strings.Replace(team, `"a"`, `"b"`, 1), "`b` | – | – | – | replaced by a new team: its keys stop working and nothing counts as spent"},
		"replaced, new first": {
			"bursar_key", `["create","delete"]`, `{"team_id":"a","rpm_limit":1}`, `{"team_id":"a","rpm_limit":2}`,
			"`a` | – | – | – | replaced by a new key: the old secret stops working\n`a` | `rpm_limit` | 1 request/min | 2 requests/min | +100 %",
		},
		"forgotten": {"bursar_team", `["forget"]`, team, "null", "`a` | – | $100.00, 30 requests/min | $100.00, 30 requests/min | stays as it is: Terraform no longer manages it"},
		"untouched": {"bursar_team", `["no-op"]`, team, team, ""},
		"read":      {"bursar_team", `["read"]`, "null", team, ""},
		"not ours":  {"aws_instance", `["delete"]`, `{"rpm_limit":1}`, "null", ""},
	} {
		got, _ := render(t, planOf(test.resource, test.actions, test.before, test.after, ""), review.Options{})
		if lines := strings.Join(cells(got), "\n"); lines != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, lines, test.want)
		}
		if (test.want == "") != strings.Contains(got, "This plan changes no quota.") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRender_neverPrintsWhatIsSensitiveOrUnknown(t *testing.T) {
	for name, test := range map[string]struct{ marks, want string }{
		"after sensitive":  {`"after_sensitive":{"max_budget":true}`, "$1.00 | (sensitive) | changes"},
		"before sensitive": {`"before_sensitive":{"max_budget":true}`, "(sensitive) | $77.00 | changes"},
		"all sensitive":    {`"before_sensitive":true,"after_sensitive":true`, "(sensitive) | (sensitive) | changes"},
		"unknown":          {`"after_unknown":{"max_budget":true}`, "$1.00 | (known after apply) | changes"},
	} {
		got, result := render(t, planOf("bursar_team", `["update"]`, `{"max_budget":1}`, `{"max_budget":77}`, test.marks), review.Options{MaxIncreasePct: 1_000_000})
		if !strings.Contains(got, "| "+test.want+" |") {
			t.Errorf("%s: %s", name, got)
		}
		if wantApproval := name != "before sensitive"; result.NeedsApproval != wantApproval {
			t.Errorf("%s: needs approval %v: %q", name, result.NeedsApproval, result.Reasons)
		}
	}
	got, _ := render(t, planOf("bursar_team", `["update"]`, `{"models":["a"]}`, `{"models":["secret"]}`, `"after_sensitive":{"models":[true]}`), review.Options{})
	if strings.Contains(got, "secret`") || !strings.Contains(got, "(sensitive)") {
		t.Errorf("a list with one sensitive entry: %s", got)
	}
}

// Who signs in to an address is hidden wherever the address stands: alone, in lists, in maps and in reasons.
func TestRender_hidesWhoSignsInToAnAddress(t *testing.T) {
	const address = `"https://canary:hunter@example.com/x"`
	rules, err := policy.Read("p", []byte("rules: [{name: loosened, when: {loosened: true}, then: approval}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range [][]byte{
		planOf("bursar_model", `["update"]`, `{"name":"m","base_url":"https://a.example"}`, `{"name":"m","base_url":`+address+`}`, ""),
		planOf("bursar_team", `["update"]`, `{"team_id":"a","models":["a"]}`, `{"team_id":"a","models":["a",`+address+`]}`, ""),
		planOf("bursar_team", `["update"]`, `{"team_id":"a","model_rpm_limit":{"a":1}}`, `{"team_id":"a","model_rpm_limit":{`+address+`:1}}`, ""),
		planOf("bursar_alert_route", `["update"]`, `{"alert_route_id":"a","labels":{"a":"b"}}`, `{"alert_route_id":"a","labels":{"a":`+address+`}}`, ""),
		planOf("bursar_team", `["update"]`, `{"team_id":"a","novelty":"a"}`, `{"team_id":"a","novelty":[{"at":`+address+`}]}`, ""),
		planOf("bursar_team", `["update"]`, `{"team_id":"a","rpm_limit":1}`, `{"team_id":"a","rpm_limit":2,"team_alias":`+address+`,"metadata":{"cost_center":`+address+`}}`, ""),
		planOf("bursar_team", `["create"]`, `null`, `{"team_id":`+address+`,"rpm_limit":2}`, ""),
	} {
		for _, format := range []string{review.Markdown, review.Text, review.JSON} {
			got, result := render(t, plan, review.Options{Format: format, MaxIncreasePct: 1, Policy: rules})
			if told := got + strings.Join(result.Reasons, " "); strings.Contains(told, "hunter") {
				t.Errorf("%s tells who signs in:\n%s", format, told)
			}
		}
	}
}

func TestRender_policy(t *testing.T) {
	for name, test := range map[string]struct{ before, after, want string }{
		"within":     {`{"rpm_limit":100}`, `{"rpm_limit":120}`, ""},
		"beyond":     {`{"rpm_limit":100}`, `{"rpm_limit":121}`, "bursar_team.x: rpm_limit grows by more than 20 %"},
		"lowered":    {`{"rpm_limit":100}`, `{"rpm_limit":1}`, ""},
		"removed":    {`{"max_budget":100}`, `{}`, "bursar_team.x: max_budget is removed"},
		"added":      {`{}`, `{"max_budget":100}`, ""},
		"from zero":  {`{"max_budget":0}`, `{"max_budget":1}`, "bursar_team.x: max_budget grows by more than 20 %"},
		"softened":   {`{"hard_cap":true}`, `{"hard_cap":false}`, "bursar_team.x: hard_cap no longer refuses at the cap"},
		"hardened":   {`{"hard_cap":false}`, `{"hard_cap":true}`, ""},
		"of a model": {`{"model_rpm_limit":{"m|":1}}`, `{"model_rpm_limit":{"m|":2}}`, "bursar_team.x: model_rpm_limit m| grows by more than 20 %"},
		"no limit":   {`{"reset_day":1}`, `{"reset_day":28}`, ""},
	} {
		plan := planOf("bursar_team", `["update"]`, test.before, test.after, "")
		got, result := render(t, plan, review.Options{MaxIncreasePct: 20})
		if strings.Join(result.Reasons, "\n") != test.want || result.NeedsApproval != (test.want != "") {
			t.Errorf("%s: %v %q, want %q", name, result.NeedsApproval, result.Reasons, test.want)
		}
		if strings.Contains(got, "Needs approval") != result.NeedsApproval {
			t.Errorf("%s: %s", name, got)
		}
		if _, result := render(t, plan, review.Options{}); result.NeedsApproval {
			t.Errorf("%s: needs approval without a policy", name)
		}
	}
}

func TestRender_saysWhoWillBeRefused(t *testing.T) {
	for name, test := range map[string]struct{ before, after, want string }{
		"lowered below":    {`{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":50}`, "* Team `a` has spent $83.20 in the running period, no less than its cap of $50.00: its requests are refused as soon as this is applied."},
		"lowered to":       {`{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":83.2}`, "its cap of $83.20: its requests are refused"},
		"lowered above":    {`{"team_id":"a","max_budget":100}`, `{"team_id":"a","max_budget":83.21}`, ""},
		"watched":          {`{"team_id":"a","max_budget":100,"mode":"audit"}`, `{"team_id":"a","max_budget":50,"mode":"audit"}`, "as the cap is only watched, nothing is refused yet."},
		"watched no more":  {`{"team_id":"a","max_budget":50,"mode":"audit"}`, `{"team_id":"a","max_budget":50,"mode":"enforce"}`, "its cap of $50.00: its requests are refused"},
		"soft":             {`{"team_id":"a","max_budget":100,"hard_cap":false}`, `{"team_id":"a","max_budget":50,"hard_cap":false}`, "as the cap only warns, nothing is refused."},
		"hardened":         {`{"team_id":"a","max_budget":50,"hard_cap":false}`, `{"team_id":"a","max_budget":50,"hard_cap":true}`, "its requests are refused as soon as this is applied."},
		"cap stays":        {`{"team_id":"a","max_budget":50,"rpm_limit":1}`, `{"team_id":"a","max_budget":50,"rpm_limit":2}`, ""},
		"cap goes":         {`{"team_id":"a","max_budget":50}`, `{"team_id":"a"}`, ""},
		"nothing is known": {`{"team_id":"b","max_budget":100}`, `{"team_id":"b","max_budget":50}`, ""},
	} {
		got, _ := render(t, planOf("bursar_team", `["update"]`, test.before, test.after, ""), review.Options{Usage: spending{"team a": 83_200_000_000}})
		if !strings.Contains(got, test.want) || strings.Contains(got, "has spent") != (test.want != "") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRender_namesAreNoMarkup(t *testing.T) {
	for name, want := range map[string]string{
		"plain":                 "`plain`",
		"*bold* <b>@org</b> #1": "`*bold* <b>@org</b> #1`",
		"a|b":                   "<code>a&#124;b</code>",
		"a`b":                   "<code>a&#96;b</code>",
		`a\|b <script>`:         "<code>a&#92;&#124;b &#60;script&#62;</code>",
		"two\nlines\r\n| x |":   "<code>two lines  &#124; x &#124;</code>",
		"right\u202eleft":       "`right\ufffdleft`",
		"":                      "(empty)",
	} {
		quoted, err := json.Marshal(map[string]any{"team_id": name, "rpm_limit": 1})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := render(t, planOf("bursar_team", `["update"]`, `{}`, string(quoted), ""), review.Options{})
		if lines := cells(got); len(lines) != 1 || !strings.HasPrefix(lines[0], want+" | `rpm_limit`") {
			t.Errorf("%q: %q, want %s", name, lines, want)
		}
	}
	long, _ := render(t, planOf("bursar_team", `["delete"]`, `{"team_id":"`+strings.Repeat("x", 5_000)+`"}`, "null", ""), review.Options{})
	if len(long) > 1_000 {
		t.Errorf("a name of 5,000 letters makes a review of %d bytes", len(long))
	}
}

func TestRender_refusesWhatIsNoPlan(t *testing.T) {
	for name, test := range map[string]struct{ input, want string }{
		"nothing":          {"", "the input is empty"},
		"the plan itself":  {"PK\x03\x04", "the plan file itself"},
		"a log":            {`{"@level":"info","@message":"Terraform 1.11.4"}` + "\n{}", "the log of"},
		"no JSON":          {"Plan: 1 to add", "no JSON: line 1 has something else at character 1:"},
		"another JSON":     {`{"hello":1}`, "has no format_version"},
		"a state":          {`{"format_version":"1.0","terraform_version":"1.11.4","values":{}}`, "may be a state"},
		"a future plan":    {`{"format_version":"9.0"}`, "the format_version `9.0`, and this version of bursar reads >= 0.1, < 2.0"},
		"a list":           {`[]`, "the input is a list, and in a plan it is an object"},
		"cut off":          {"{\n\"format_version\":\"1.2\",\n\"resource_ch", "ends in the middle, at line 3"},
		"a wrong kind":     {`{"format_version":"1.2","resource_changes":7}`, "`resource_changes` in the input is a number, and in a plan it is a list"},
		"the state":        {`{"version":4,"serial":1,"lineage":"x","resources":[]}`, "the input is Terraform's state"},
		"a comma too many": {"{\"format_version\":\"1.2\",\n  }", "line 2 has something else at character 3"},
	} {
		var b bytes.Buffer
		_, err := review.Render(t.Context(), &b, strings.NewReader(test.input), review.Options{})
		if !errors.Is(err, review.ErrPlan) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "terraform show -json") {
			t.Errorf("%s: %v, want %q and how to make a plan", name, err, test.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: wrote %q", name, b.String())
		}
	}
}

func TestRender_survivesOddPlans(t *testing.T) {
	for _, plan := range []string{
		`{"format_version":"1.2","resource_changes":[]}`,
		`{"format_version":"1.2","planned_values":{},"resource_changes":[null,{"type":"bursar_team"}]}`,
		string(planOf("bursar_team", `["update"]`, `"text"`, `[1]`, "")),
		string(planOf("bursar_team", `["update"]`, `{"rpm_limit":"x","models":5,"model_rpm_limit":[],"hard_cap":{}}`, `{"rpm_limit":{},"models":{},"model_rpm_limit":7,"max_budget":"y","hard_cap":[],"budget_duration":3}`, "")),
		string(planOf("bursar_team", `["create"]`, `null`, `{"rpm_limit":1e999,"max_budget":1e300,"tpm_limit":-1.5,"models":[null,{}],"hard_cap":[1]}`, "")),
	} {
		var b bytes.Buffer
		if _, err := review.Render(t.Context(), &b, strings.NewReader(plan), review.Options{Usage: spending{}, MaxIncreasePct: 1}); err != nil && !errors.Is(err, review.ErrPlan) {
			t.Errorf("%s: %v", plan, err)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, name := range []string{"change.json", "destroy.json", "corners.json"} {
		plan, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plan)
	}
	f.Add(planOf("bursar_team", `["update"]`, `{"rpm_limit":1}`, `{"rpm_limit":"x|\n"}`, `"after_unknown":{"models":[true]}`))
	f.Fuzz(func(t *testing.T, plan []byte) {
		var b bytes.Buffer
		_, _ = review.Render(context.Background(), &b, bytes.NewReader(plan), review.Options{Usage: spending{}, MaxIncreasePct: 1})
	})
}
