package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// frailConfig has one object of each kind, ids chosen and left to the gateway; %d is what an update changes.
const frailConfig = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

provider "bursar" {
  max_retries = 0
}

resource "bursar_model" "m" {
  name               = "gpt"
  weight             = %[1]d
  api_key_wo         = "sk-canary-of-openai"
  api_key_wo_version = %[1]d
}

resource "bursar_budget" "b" {
  max_budget = %[1]d
}

resource "bursar_team" "t" {
  team_id             = "t"
  budget_id           = bursar_budget.b.budget_id
  rpm_limit           = %[1]d
  deletion_protection = %[2]t
}

resource "bursar_team_member" "ada" {
  team_id    = bursar_team.t.team_id
  user_email = "ada@example.com"
  rpm_limit  = %[1]d
}

resource "bursar_key" "k" {
  team_id   = bursar_team.t.team_id
  rpm_limit = %[1]d
}

resource "bursar_alert_route" "r" {
  name       = "oncall"
  team_ids   = [bursar_team.t.team_id]
  thresholds = [%[1]d / 10]
  webhook = {
    url               = "https://hooks.example.com/"
    secret_wo         = "canary-webhook-secret-0123"
    secret_wo_version = %[1]d
  }
}

resource "bursar_admin_key" "a" {
  role           = "team_viewer"
  team_ids       = [bursar_team.t.team_id]
  rotation_grace = "%[1]dh"
  key_wo         = "sk-canary-of-an-admin-key-%[1]d"
  key_wo_version = %[1]d
}

output "key" {
  value     = bursar_key.k.key
  sensitive = true
}
`

// frailPaths are the changes of each kind: how it is made, updated and deleted.
var frailPaths = [3][]string{
	{"/model/new", "/budget/new", "/team/new", "/team/member_add", "/key/generate", "/alert_route/new", "/admin_key/new"},
	{"/model/update", "/budget/update", "/team/update", "/team/member_update", "/key/update", "/alert_route/update", "/admin_key/rotate"},
	{"/model/delete", "/budget/delete", "/team/delete", "/team/member_delete", "/key/delete", "/alert_route/delete", "/admin_key/delete"},
}

// dieAfter lets the gateway take the first request to the path, and nobody hears of it or of anything else again.
func dieAfter(path string) (fault, *atomic.Bool) {
	var dead atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == path && !dead.Swap(true) {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		if dead.Load() {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	}, &dead
}

func (c *cli) configure(number int, protected bool) {
	c.t.Helper()
	c.write("main.tf", fmt.Sprintf(frailConfig, number, protected))
}

// survives runs Terraform while the gateway dies after a request, and again after it came back.
func (c *cli) survives(g *gateway, path string, args ...string) {
	c.t.Helper()
	fault, dead := dieAfter(path)
	g.between(fault)
	args = append(args, "-auto-approve", "-no-color", "-input=false", "-parallelism=1")
	c.run(1, args...)
	g.heal()
	if !dead.Load() {
		c.t.Errorf("nothing was sent to %s", path)
	}
	c.run(0, args...)
}

// holdsOneOfEach says that the gateway has what the configuration has, and nothing else.
func (g *gateway) holdsOneOfEach(c *cli, after string) {
	g.t.Helper()
	ctx := g.t.Context()
	counts := [...]int{
		len(must[[]api.Model](g.t)(g.ListModels(ctx))), len(must[[]api.Budget](g.t)(g.ListBudgets(ctx))),
		len(must[[]api.Team](g.t)(g.ListTeams(ctx))), len(must[[]api.Membership](g.t)(g.ListMembers(ctx))),
		len(must[[]api.Key](g.t)(g.ListKeys(ctx))), len(must[[]api.AlertRoute](g.t)(g.ListAlertRoutes(ctx))),
		len(must[[]api.AdminKey](g.t)(g.ListAdminKeys(ctx))),
	}
	if counts != [...]int{1, 1, 1, 1, 1, 1, 1} {
		g.t.Errorf("after %s, models, budgets, teams, members, keys, routes and admin keys are %v", after, counts)
	}
	secret := strings.TrimSpace(c.run(0, "output", "-raw", "key"))
	if key, err := g.GetKey(ctx, secret); err != nil || !strings.HasPrefix(secret, "sk-") {
		g.t.Errorf("after %s, the key in the state is none of the gateway's: %v", after, err)
	} else if keys := must[[]api.Key](g.t)(g.ListKeys(ctx)); keys[0].KeyID != key.KeyID {
		g.t.Errorf("after %s, the key in the state is another", after)
	}
}

func TestAccLost_theNextApplyConverges(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	for _, path := range frailPaths[0] {
		// What is protected has to be replaced all the same.
		protected := path == "/team/new"
		c.configure(2, protected)
		c.survives(g, path, "apply")
		g.holdsOneOfEach(c, path)
		c.plansNothing()
		if protected {
			c.configure(2, false)
			c.apply()
		}
		c.destroys()
	}
	c.configure(2, false)
	c.apply()
	for i, path := range frailPaths[1] {
		c.configure(3+i, false)
		c.survives(g, path, "apply")
		g.holdsOneOfEach(c, path)
		c.plansNothing()
	}
	for _, path := range frailPaths[2] {
		c.survives(g, path, "destroy")
		if left := len(must[[]api.Team](t)(g.ListTeams(t.Context()))) + len(must[[]api.Key](t)(g.ListKeys(t.Context()))); left != 0 {
			t.Errorf("after %s, %d objects are left", path, left)
		}
		c.apply()
	}
	c.destroys()
}

// breakAnswers lets the first request to each path take effect, and answers 500 to it.
func breakAnswers(paths []string) (broken fault, left *sync.Map) {
	left = new(sync.Map)
	for _, path := range paths {
		left.Store(path, true)
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if _, first := left.LoadAndDelete(r.URL.Path); !first {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusInternalServerError)
	}, left
}

// What takes effect and is answered with 500 is asked again: nothing is made twice, no update is taken for somebody
// else's, and what is deleted is gone as wanted.
func TestAccLost_aBrokenAnswerIsAskedForAgain(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	for i, command := range []string{"apply", "apply", "destroy"} {
		c.write("main.tf", replace(fmt.Sprintf(frailConfig, 2+min(i, 1), false), "max_retries = 0", "max_retries = 1"))
		broken, left := breakAnswers(frailPaths[i])
		g.between(broken)
		c.run(0, command, "-auto-approve", "-no-color", "-input=false")
		left.Range(func(path, _ any) bool {
			t.Errorf("nothing was sent to %s", path)
			return true
		})
		if command == "apply" {
			g.holdsOneOfEach(c, command)
			c.plansNothing()
		}
	}
	if left := len(must[[]api.Team](t)(g.ListTeams(t.Context()))) + len(must[[]api.AlertRoute](t)(g.ListAlertRoutes(t.Context()))); left != 0 {
		t.Errorf("%d objects are left", left)
	}
}

// Somebody else's object of the same name is not taken for one whose answer was lost.
func TestAccLost_anotherOfTheSameNameIsLeftAlone(t *testing.T) {
	g := startGateway(t)
	fields := api.NewTeam("t").TeamFields
	fields.RPMLimit = new(int64(77))
	must[api.Team](t)(g.CreateTeam(t.Context(), "t", fields))
	c := newCLI(t, "", g.settings()...)
	c.configure(2, false)
	fault, _ := dieAfter("/team/new")
	g.between(fault)
	c.run(1, "apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=1")
	g.heal()
	said := c.run(1, "apply", "-auto-approve", "-no-color", "-input=false")
	if !strings.Contains(said, "terraform import bursar_team.NAME t") {
		t.Errorf("it is not said how to take over the existing one:\n%s", said)
	}
	if team := g.team("t"); *team.RPMLimit != 77 || team.Revision != 1 {
		t.Error("somebody else's team was changed")
	}
}
