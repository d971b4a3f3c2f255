package provider_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const oneOfEach = memberTeam + `
resource "bursar_team_member" "ada" {
  team_id = bursar_team.t.team_id
  user_id = "ada"
}

resource "bursar_user" "u" {
  user_id = "u"
}

resource "bursar_key" "k" {
  team_id = bursar_team.t.team_id
}

resource "bursar_budget" "b" {
  budget_id  = "b"
  everything = true
}

resource "bursar_alert_route" "r" {
  alert_route_id = "r"
  name           = "r"
  webhook        = { url = "https://alerts.example.com/llm" }
}

resource "bursar_model" "m" {
  model_id = "m"
  name     = "m"
}

resource "bursar_admin_key" "a" {
  role           = "viewer"
  key_wo         = "sk-0123456789012345678901234"
  key_wo_version = 1
}
`

// What somebody else deletes between the refresh, which still sees it, and the delete is gone as wanted.
func TestAccDestroy_ofWhatIsGoneSucceeds(t *testing.T) {
	g := startGateway(t)
	deletes := map[string]func(context.Context) error{
		"/team/member_delete": func(ctx context.Context) error { return g.DeleteMember(ctx, "t", "ada") },
		"/user/delete":        func(ctx context.Context) error { return g.DeleteUser(ctx, "u") },
		"/key/delete":         func(ctx context.Context) error { return g.DeleteKey(ctx, g.onlyKey().KeyID) },
		"/team/delete":        func(ctx context.Context) error { return g.DeleteTeam(ctx, "t") },
		"/budget/delete":      func(ctx context.Context) error { return g.DeleteBudget(ctx, "b") },
		"/alert_route/delete": func(ctx context.Context) error { return g.DeleteAlertRoute(ctx, "r") },
		"/admin_key/delete":   func(ctx context.Context) error { return g.DeleteAdminKey(ctx, g.onlyAdminKey().AdminKeyID) },
		"/model/delete":       func(ctx context.Context) error { return g.DeleteModel(ctx, "m") },
	}
	var mu sync.Mutex
	faster := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		if remove := deletes[r.URL.Path]; remove != nil {
			delete(deletes, r.URL.Path)
			if err := remove(t.Context()); err != nil {
				t.Errorf("%s: %s", r.URL.Path, err)
			}
		}
		mu.Unlock()
		next.ServeHTTP(w, r)
	}
	run(t,
		resource.TestStep{Config: g.config(oneOfEach)},
		resource.TestStep{PreConfig: func() { g.between(faster) }, Config: g.config(oneOfEach), Destroy: true},
	)
	for path := range deletes {
		t.Errorf("%s was not called", path)
	}
	if _, err := g.GetTeam(t.Context(), "t"); api.CodeOf(err) != api.NotFound {
		t.Errorf("the team is there: %v", err)
	}
}
