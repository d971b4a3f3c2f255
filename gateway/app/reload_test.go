package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// What the configuration file says of models, prices, teams, budgets and alert routes is in force after a reload; other
// settings stay as they were, and are named.
func TestReload_takesOverWhatNeedsNoRestart(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.File, c.Teams = "gateway.yaml", declaredTeams()
	g := start(t, c)
	key := g.newKey(`{"team_id":"declared"}`)

	next := c
	next.Models = slices.Clone(c.Models)
	next.Models[0].Name = "gpt-of-tomorrow"
	next.Models[0].ID = "tomorrow"
	next.Teams = append(declaredTeams(), api.NewTeam("second"))
	next.Teams[0].RPMLimit = new(int64(0))
	pot := api.NewBudget("pot")
	pot.TeamIDs = []string{"second"}
	next.Budgets = []api.Budget{pot}
	next.Teams[1].DeclaredIn = c.File
	next.ResetDay = 7
	next.PriceFile = filepath.Join(t.TempDir(), "prices.json")
	prices := `{"gpt-4o-of-the-file":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6,"output_cost_per_token":1e-6}}`
	if err := os.WriteFile(next.PriceFile, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	next.Models = append(next.Models, config.Model{ID: "p", Name: "priced", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4o-of-the-file"})
	if err := g.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	_, _, models := g.do("GET", "/v1/models", key, "")
	if !strings.Contains(models, "gpt-of-tomorrow") || strings.Contains(models, "gpt-4.1-mini") || !strings.Contains(models, `"priced"`) {
		t.Errorf("models: %s", models)
	}
	if status, _, body := g.do("POST", "/v1/chat/completions", key, strings.Replace(hello, "gpt-4.1-mini", "gpt-of-tomorrow", 1)); status != http.StatusTooManyRequests {
		t.Errorf("the team's new limit is not in force: %d %s", status, body)
	}
	other := g.newKey(`{"team_id":"second"}`)
	if status, _, body := g.do("POST", "/v1/chat/completions", other, strings.Replace(hello, "gpt-4.1-mini", "priced", 1)); status != http.StatusOK {
		t.Errorf("the model that the price file prices: %d %s", status, body)
	}
	for path, body := range map[string]string{"/team/update": `{"team_id":"second","rpm_limit":1}`, "/budget/update": `{"budget_id":"pot","max_budget":1}`} {
		if status, _, answer := g.do("POST", path, adminKey, body); status != http.StatusConflict || !strings.Contains(answer, "gateway.yaml") {
			t.Errorf("%s of a declared object: %d %s", path, status, answer)
		}
	}
	if log := g.log.String(); !strings.Contains(log, `"settings":["budgets.reset_day"]`) {
		t.Errorf("what needs a restart is not named: %s", log)
	}

	// The line is gone: the team stays and is nobody's but the API's.
	if err := g.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	g.admin("POST", "/team/update", `{"team_id":"second","rpm_limit":1}`)
	if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
		t.Errorf("the model and the limit that are back: %d %s", status, body)
	}
}

// A pipeline is let in, or no longer, from the reload on, and has its name for itself.
func TestReload_takesOverWorkloads(t *testing.T) {
	issuer, sign := signIn(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	g := start(t, c)
	token := sign(map[string]any{"aud": "https://bursar", "sub": "repo:acme/infra:ref:refs/heads/main"})
	asks := func(when string, want int) {
		t.Helper()
		if status, _, body := g.do("GET", "/team/list", token, ""); status != want {
			t.Errorf("%s: %d %s, want %d", when, status, body, want)
		}
	}
	signs := func(when, want string) {
		t.Helper()
		id := strings.ReplaceAll(when, " ", "-")
		status, _, body := g.doWith("POST", "/team/new", c.AdminKey, `{"team_id":"`+id+`"}`, http.Header{api.HeaderActor: {"infra-main"}})
		if status != http.StatusOK || !strings.Contains(body, `"created_by":"`+want+`"`) {
			t.Errorf("%s: somebody else signs as the pipeline: %d %s", when, status, body)
		}
	}
	asks("no rule", http.StatusUnauthorized)
	signs("no rule", "infra-main")

	next := c
	next.Workloads = []config.Workload{{
		Name: "infra-main", Role: "viewer", Subject: patternOf(t, "repo:acme/infra:**"),
		Provider: config.Provider{Issuer: issuer, Audience: "https://bursar", JWKSURL: issuer, AllowPrivate: true},
	}}
	if err := g.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	asks("a rule", http.StatusOK)
	signs("a rule", "admin (infra-main)")
	if log := g.log.String(); strings.Contains(log, "need a restart") {
		t.Errorf("a restart is asked for: %s", log)
	}
	if err := g.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	asks("the rule is gone", http.StatusUnauthorized)
}

// One object that cannot be, and nothing of the file is taken over.
func TestReload_allOrNothing(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.File, c.Teams = "gateway.yaml", declaredTeams()
	for name, spoil := range map[string]func(*config.Config){
		"a budget that is not there": func(c *config.Config) { c.Teams[1].BudgetID = new("nowhere") },
		"no such price file":         func(c *config.Config) { c.PriceFile = "nowhere.json" },
		"a team without a name":      func(c *config.Config) { c.Teams[1].TeamID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			own := c
			own.DataDir = t.TempDir()
			own.DatabaseURL = "sqlite:" + filepath.Join(own.DataDir, "bursar.db")
			g := start(t, own)
			key := g.newKey(`{"team_id":"declared"}`)
			next := own
			next.Models = []config.Model{{ID: "m", Name: "other", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1-mini"}}
			next.Teams = append(declaredTeams(), api.NewTeam("second"))
			next.Teams[0].RPMLimit = new(int64(0))
			next.Budgets = []api.Budget{api.NewBudget("pot")}
			spoil(&next)
			if err := g.Reload(t.Context(), next); err == nil {
				t.Fatal("it was taken over")
			}
			if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
				t.Errorf("a call: %d %s", status, body)
			}
			if status, _, body := g.do("POST", "/budget/info", adminKey, `{"budgets":["pot"]}`); status != http.StatusNotFound && body != "[]\n" {
				t.Errorf("the budget: %d %q", status, body)
			}
			if status, _, body := g.do("GET", "/team/info?team_id=second", adminKey, ""); status != http.StatusNotFound {
				t.Errorf("the team: %d %s", status, body)
			}
		})
	}
}
