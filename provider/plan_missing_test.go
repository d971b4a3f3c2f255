package provider_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const namesMissing = `
resource "bursar_alert_route" "r" {
  name     = "r"
  team_ids = ["there", "mistyped"]
  webhook  = { url = "https://alerts.example.com/llm" }
}

resource "bursar_budget" "pot" {
  max_budget = 5
  team_ids   = ["there", "gone"]
  key_ids    = ["key_gone"]
}
`

const namesMade = `
resource "bursar_team" "new" {
  team_id = "new"
}

resource "bursar_team" "chosen" {}

resource "bursar_alert_route" "r" {
  name     = "r"
  team_ids = ["there", bursar_team.new.team_id, bursar_team.chosen.team_id]
  webhook  = { url = "https://alerts.example.com/llm" }
}

resource "bursar_budget" "pot" {
  max_budget = 5
  team_ids   = [bursar_team.new.team_id, "there"]
}
`

func TestAccMissing_isWarnedOf(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "there", api.NewTeam("").TeamFields))
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	said := c.plans(2, versions+namesMissing)
	for _, want := range []string{"team mistyped is not on the gateway", "team gone is not on the gateway", "key key_gone is not on the gateway"} {
		if !strings.Contains(said, "Warning: "+want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "team there is not") {
		t.Errorf("a team that is there is warned of:\n%s", said)
	}
	// What is made by the same plan is no mistake.
	if said := c.plans(2, versions+namesMade); strings.Contains(said, "is not on the gateway") {
		t.Errorf("a team that the plan makes is warned of:\n%s", said)
	}
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	// What is named already is not asked for again.
	var asked atomic.Int64
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/team/info" && r.URL.Query().Get("team_id") == "there" {
			asked.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	c.plans(2, versions+replace(namesMade, `name     = "r"`, `name     = "renamed"`))
	if asked.Load() != 0 {
		t.Error("a team that the route names already was looked for")
	}
}

const unfitKeys = `
resource "bursar_team" "small" {
  team_id    = "small"
  max_budget = 100
  rpm_limit  = 10
}

resource "bursar_key" "dear" {
  key_alias  = "dear"
  team_id    = "small"
  max_budget = 2000
}

resource "bursar_key" "fast" {
  team_id   = bursar_team.small.team_id
  rpm_limit = 11
}
`

func TestAccUnfit_isWarnedOf(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	team, _, _ := strings.Cut(unfitKeys, `resource "bursar_key"`)
	c.write("main.tf", versions+replace(team, "rpm_limit  = 10", "rpm_limit  = 9"))
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	if said := c.plans(2, versions+unfitKeys); strings.Contains(said, "key of small will be refused") {
		t.Errorf("a key is warned of whose team the plan changes:\n%s", said)
	}
	same := replace(unfitKeys, "rpm_limit  = 10", "rpm_limit  = 9")
	said := c.plans(2, versions+same)
	for _, want := range []string{
		"Warning: dear will be refused: max_budget is 2000, above the 100 of the key's team",
		"Warning: key of small will be refused: rpm_limit is 11, above the 9 of the key's team",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	if said := words(c.run(1, "apply", "-auto-approve", "-no-color", "-input=false")); !strings.Contains(said, "max_budget is 2000, above the 100") {
		t.Errorf("the apply says otherwise:\n%s", said)
	}
}
