package app_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// alone is an installation of one gateway with the embedded stores.
func alone(t *testing.T) *installation {
	t.Helper()
	i := &installation{t: t, upstream: testenv.StartUpstream(t, testenv.UpstreamOptions{})}
	i.settings = settings(t, i.upstream)
	i.gateways = []*gateway{start(t, i.settings)}
	return i
}

// A pot that selects something else counts that from then on, of the whole running period: with the admin call's
// answer, on every gateway.
func TestPots_countWhatTheySelectNow(t *testing.T) {
	for name, install := range map[string]func(*testing.T) *installation{
		"memory": alone, "redis": func(t *testing.T) *installation { return install(t, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := install(t)
			marketing, research := i.team("marketing", ""), i.team("research", "")
			i.gateways[0].admin("POST", "/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":2.5}`)
			i.call(marketing, "own", 2)
			i.call(research, "other", 6)
			own := func() money.Nano { return i.spend("marketing") }
			both := func() money.Nano { return i.spend("marketing") + i.spend("research") }
			none := func() money.Nano { return 0 }
			for number, step := range []struct {
				scope string
				spend func() money.Nano
				want  int
			}{
				{`"team_ids":["marketing","research"]`, both, http.StatusForbidden},
				{`"team_ids":["marketing"]`, own, http.StatusOK},
				{`"team_ids":null,"everything":true`, both, http.StatusForbidden},
				{`"everything":false,"models":["another"]`, none, http.StatusOK},
				{`"models":["gpt-4.1-mini"]`, both, http.StatusForbidden},
			} {
				want := step.spend()
				last := i.gateways[len(i.gateways)-1]
				answer := last.admin("POST", "/budget/update", `{"budget_id":"pot",`+step.scope+`}`)
				if answered, read := nano(answer["spend"]), i.potSpend("pot"); answered != want || read != want {
					t.Errorf("%s: the answer says %s and another gateway %s, want %s", step.scope, answered, read, want)
				}
				for at, gateway := range i.gateways {
					for team, key := range map[string]string{"marketing": marketing, "research": research} {
						id := fmt.Sprintf("%s-%d-%d", team, number, at)
						if o := try(t.Context(), gateway.URL(), key, id, chat(1, "")); o.status != step.want {
							t.Errorf("%s: gateway %d answers %s with %d %s, want %d", step.scope, at, team, o.status, o.body, step.want)
						}
					}
				}
			}
		})
	}
}

// call sends calls that must be served and returns what they cost together.
func (i *installation) call(key, name string, calls int) money.Nano {
	i.t.Helper()
	for call := range calls {
		o := try(i.t.Context(), i.gateways[call%len(i.gateways)].URL(), key, fmt.Sprintf("%s-%d", name, call), chat(30, ""))
		if !o.served() {
			i.t.Fatalf("call %s: %d %s", o.id, o.status, o.body)
		}
	}
	return money.Nano(calls) * 35 * cent
}

func nano(dollars any) money.Nano { return money.Nano(dollars.(float64)*float64(money.USD) + 0.5) }

// The pot of a configuration file selects something else after a restart.
func TestPots_declaredOnesCountWhatTheySelectNow(t *testing.T) {
	t.Parallel()
	i := install(t, 1)
	marketing, research := i.team("marketing", ""), i.team("research", "")
	restart := func(teams ...string) {
		pot := api.NewBudget("pot")
		pot.TeamIDs, pot.MaxBudget = teams, new(100*money.USD)
		own := i.settings
		own.DataDir, own.File, own.Budgets = t.TempDir(), "gateway.yaml", []api.Budget{pot}
		i.gateways = []*gateway{start(t, own)}
	}
	restart("marketing")
	own, other := i.call(marketing, "own", 1), i.call(research, "other", 2)
	if spend := i.potSpend("pot"); spend != own {
		t.Fatalf("the pot of one team says %s, want %s", spend, own)
	}
	restart("marketing", "research")
	if spend := i.potSpend("pot"); spend != own+other {
		t.Errorf("the pot of two teams says %s, want %s", spend, own+other)
	}
}
