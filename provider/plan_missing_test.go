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
