package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// manyShapes is how many objects of each kind get random shapes: five times as many take a minute and a half of work each.
const manyShapes = 40

// imported are the import ids of what was settled, by resource.
type imported map[string][]string

// settleRandomly makes size teams, keys, members, budgets and alert routes, and some models, each of a random shape.
func (g *gateway) settleRandomly(s shapes, size int) imported {
	g.t.Helper()
	ctx, all := g.t.Context(), imported{}
	add := func(resource, id string) { all[resource] = append(all[resource], id) }
	var teams []api.Team
	var ids, keys []string
	for i := range size/10 + 4 {
		id, fields := fmt.Sprintf("%s%d", one(s, "gpt", "4x-", "A.b/", "a"), i), s.model()
		model := must[api.Model](g.t)(g.CreateModel(ctx, id, fields))
		if !slices.Contains(s.models, model.Name) {
			s.models = append(s.models, model.Name)
		}
		add("bursar_model", id)
	}
	for _, id := range []string{"terms-0", "terms/1"} {
		terms := s.terms()
		add("bursar_budget", must[api.Budget](g.t)(g.CreateBudget(ctx, id, api.BudgetFields{BudgetTerms: terms, RateLimits: s.rates()})).BudgetID)
	}
	for i := range size {
		id := one(s, "t-%d", "t.%d", "T_%d", "team/%d", "%d", "for|%d", "ops@%d=x")
		team := must[api.Team](g.t)(g.CreateTeam(ctx, fmt.Sprintf(id, i), s.team()))
		teams, ids = append(teams, team), append(ids, team.TeamID)
		add("bursar_team", team.TeamID)
	}
	for i := range size {
		key := settled(g.t, func() (api.KeyCreated, error) {
			return g.CreateKey(ctx, api.KeyCreate{KeyFields: s.apiKey(i, teams)})
		}).KeyID
		keys = append(keys, key)
		add("bursar_key", key)
		email := ""
		if i%3 == 0 {
			email = fmt.Sprintf("User.%d@example.com", i)
		}
		member := must[api.Membership](g.t)(g.AddMember(ctx, ids[i], fmt.Sprintf("user/%d", i), email, s.member()))
		add("bursar_team_member", member.TeamID+"/"+member.UserID)
		if i%3 == 1 {
			user := api.UserFields{UserAlias: new(fmt.Sprintf("User %d", i)), RateLimits: s.rates(), BudgetTerms: s.terms()}
			must[api.User](g.t)(g.UpdateUser(ctx, member.UserID, user, 0))
		}
		if i%3 < 2 {
			add("bursar_user", member.UserID)
		}
	}
	for i := range size {
		add("bursar_budget", must[api.Budget](g.t)(g.CreateBudget(ctx, fmt.Sprintf(one(s, "b-%d", "b.%d"), i), s.budget(ids, keys))).BudgetID)
		add("bursar_alert_route", must[api.AlertRoute](g.t)(g.CreateAlertRoute(ctx, "", s.route(i, ids))).AlertRouteID)
	}
	return all
}

// settled draws shapes until the gateway takes one: not all go together, such as a key's limits and its team's.
func settled[T any](t testing.TB, draw func() (T, error)) T {
	t.Helper()
	for range 50 {
		made, err := draw()
		if api.CodeOf(err) != api.Invalid {
			return must[T](t)(made, err)
		}
	}
	return must[T](t)(draw())
}

// importBlocks have each object under a name of its own, and say how many they are.
func (all imported) importBlocks() (text string, count int) {
	var blocks strings.Builder
	for resource, ids := range all {
		for i, id := range ids {
			fmt.Fprintf(&blocks, "import {\n  to = %s.r%d\n  id = %q\n}\n", resource, i, id)
		}
		count += len(ids)
	}
	return blocks.String(), count
}

// changesIn are the lines of a plan that change something.
func changesIn(plan string) []string {
	return regexp.MustCompile(`(?m)^ +([~+]|-/\+) .*$`).FindAllString(plan, 50)
}

func TestAccGeneratedConfig_everyShapePlansEmpty(t *testing.T) {
	g := startGateway(t)
	s := newShapes(2)
	s.noFor = true
	all := g.settleRandomly(s, manyShapes)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	c.write("provider.tf", "terraform {\n  required_providers {\n    bursar = {\n      source = \"bursarhq/bursar\"\n    }\n  }\n}\n")
	blocks, count := all.importBlocks()
	c.write("imports.tf", blocks)
	planned := c.run(0, "plan", "-no-color", "-input=false", "-generate-config-out=generated.tf")
	if want := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy.", count); !strings.Contains(planned, want) {
		t.Fatalf("want %s, got %v", want, changesIn(planned))
	}
	if strings.Contains(c.read("generated.tf"), "canary") {
		t.Error("a secret or a webhook's address was written")
	}
	said := c.apply()
	if want := fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", count); !strings.Contains(said, want) {
		t.Errorf("want %s, got %s", want, changesIn(said))
	}
	c.plansNothing()
}
