package admin_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// python and javascript run an example of LiteLLM's documentation against the gateway and return what it prints.
func (g *gateway) python(script string) string {
	g.t.Helper()
	return g.run("testdata/python", "python3", script)
}

func (g *gateway) javascript(script string) string {
	g.t.Helper()
	return g.run("testdata/javascript", "node", "--import", "./address.mjs", script)
}

func (g *gateway) run(dir, name string, arguments ...string) string {
	g.t.Helper()
	interpreter, err := exec.LookPath(name)
	if err != nil {
		g.t.Fatalf("%s is needed to run LiteLLM's documented examples; install it (apt-get install python3 nodejs)", name)
	}
	run := exec.CommandContext(g.t.Context(), interpreter, arguments...)
	run.Dir = dir
	run.Env = append(os.Environ(), "BURSAR_URL="+g.URL, "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=*")
	printed, err := run.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s: %v\n%s", arguments, err, printed)
	}
	return string(printed)
}

func TestLiteLLM_teamSnippets(t *testing.T) {
	g := newGateway(t)
	g.spending.spent("engineering-team", 12*money.USD+money.USD/2)
	printed := regexp.MustCompile(`sk-\.\.\.[0-9A-Za-z]{4}\n`).ReplaceAllString(g.python("team_snippets.py"), "sk-...\n")
	want := `Created team: engineering-team
Team: Engineering Team
  Spend: $12.50 / $1000.00
  Models: gpt-4, gpt-3.5-turbo
Team: Engineering Team
Budget: $12.50 / $1000.00
Members: 0
Member: None, Key: sk-...
`
	if diff := cmp.Diff(want, printed); diff != "" {
		t.Errorf("printed: %s", diff)
	}
	g.get("/team/info?team_id=engineering-team").refused(404, "", "Team not found")
	g.get("/key/list").ok().has("total_count", "0")
	g.get("/team/info?team_id=startup-team").ok().
		has("max_budget", "50", "tpm_limit", "100000", "rpm_limit", "1000", "budget_duration", `"30d"`, "team_alias", "null")
}

func TestLiteLLM_teamCompleteExample(t *testing.T) {
	g := newGateway(t)
	want := `Created team: data-science-team
Created key for user 1
Created key for user 2
Created key for user 3

Team Info:
  Name: Data Science Team
  Budget: $0.00 / $500.00
  Members: 3

Updated team budget to $1000

Total teams: 1
  - Data Science Team: $0.00 / $1000.00
`
	if diff := cmp.Diff(want, g.python("team_complete.py")); diff != "" {
		t.Errorf("printed: %s", diff)
	}
}

func TestLiteLLM_javascriptClient(t *testing.T) {
	g := newGateway(t)
	want := `team my-new-team: $0 of $10
budget my-free-tier: $4
key starts with sk-, is named my-key, ends: true
service account's user: null
spend 0, models gpt-3.5-turbo, gpt-4, user ishaan@berri.ai
key may spend $5 at 2 requests a minute
1 of 2 keys updated, Key not found in database
2 keys on 1 page: my-key, none
regenerated: true, same token: true
budgets: my-free-tier
/key/generate: 400 already_exists_error Key with alias 'my-key' already exists. Unique key aliases across all keys are required.
/key/generate: 400 bad_request_error rpm_limit is 5, above the 4 of the key's team
deleted my-key
deleted 1 team
`
	if diff := cmp.Diff(want, g.javascript("keys_and_budgets.mjs")); diff != "" {
		t.Errorf("printed: %s", diff)
	}
}

// The requests that the page shows with curl, and those that clients written for LiteLLM send besides.
func TestLiteLLM_requests(t *testing.T) {
	g := newGateway(t)
	key := ""
	for _, step := range []struct {
		path, body string
		has        []string
	}{
		{"/team/new", `{"team_id":"engineering-team","team_alias":"Engineering Team","models":["gpt-4","gpt-3.5-turbo"],
			"max_budget":1000.0,"tpm_limit":1000000,"rpm_limit":10000,"budget_duration":"30d",
			"metadata":{"department":"Engineering","cost_center":"CC-123"}}`, []string{"team_id", `"engineering-team"`, "spend", "0"}},
		{
			"/team/update", `{"team_id":"engineering-team","max_budget":2000.0,"models":["gpt-4","gpt-3.5-turbo","claude-2"]}`,
			[]string{"team_id", `"engineering-team"`, "data.max_budget", "2000", "models", `["gpt-4","gpt-3.5-turbo","claude-2"]`},
		},
		{"/team/block", `{"team_id":"engineering-team"}`, []string{"blocked", "true"}},
		{"/team/unblock", `{"team_id":"engineering-team"}`, []string{"blocked", "false"}},
		{
			"/key/generate", `{"team_id":"engineering-team","models":["gpt-4"],"duration":"30d","aliases":{},"config":{},"spend":0,
			"permissions":{},"model_max_budget":{},"budget_duration":"","max_budget":"","user_id":""}`,
			[]string{"team_id", `"engineering-team"`, "expires", `"2026-12-18T10:20:30Z"`, "user_id", "null"},
		},
		{"/key/update", `{"key":"$KEY","max_budget":10,"duration":"-1"}`, []string{"max_budget", "10", "expires", "null"}},
		{"/key/block", `{"key":"$KEY"}`, []string{"blocked", "true"}},
		{"/key/delete", `{"keys":["$KEY"]}`, []string{"deleted_keys", `["$KEY"]`}},
		{"/budget/new", `{"budget_id":"b","max_budget":5,"model_max_budget":{}}`, []string{"budget_id", `"b"`, "max_budget", "5"}},
		{"/budget/delete", `{"id":"b"}`, []string{"budget_id", `"b"`}},
		{"/team/delete", `{"team_ids":["engineering-team"]}`, []string{"deleted_teams", `["engineering-team"]`}},
	} {
		withKey := func(text string) string { return regexp.MustCompile(`\$KEY`).ReplaceAllLiteralString(text, key) }
		for i := range step.has {
			step.has[i] = withKey(step.has[i])
		}
		got := g.post(step.path, withKey(step.body)).ok().has(step.has...)
		if step.path == "/key/generate" {
			key = got.textAt("key")
		}
	}
}
