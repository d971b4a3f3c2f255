package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What goes wrong between Terraform and the gateway.

// refuse answers every request to the path with a status and a text.
func refuse(path string, status int, body string) fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != path {
			next.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// loseAnswers lets the first requests to the path reach the gateway, and cuts the connection on their way back.
func loseAnswers(path string, count int32) fault {
	var lost atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == path && lost.Add(1) <= count {
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	}
}

func TestAccFault_nothingButTheGatewaysOwn404LosesAResource(t *testing.T) {
	g := startGateway(t)
	config := g.config(plainTeam)
	step := func(status int, body string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { g.between(refuse("/team/info", status, body)) },
			Config:    config, ExpectError: says("Team not read"),
		}
	}
	run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				g.between(refuse("/team/info", http.StatusInternalServerError, `{"error":{"message":"Team not found","type":"internal_server_error"}}`))
			},
			Config: config, ExpectError: says(`Read team "marketing": after 3 attempts: Team not found`),
		},
		step(http.StatusServiceUnavailable, `{"error":{"message":"Team not found","type":"not_found_error"}}`),
		step(http.StatusNotFound, `<h1>404 Not Found</h1>`),
		step(http.StatusNotFound, `{"error":{"message":"team not found","type":"auth_error"}}`),
		step(http.StatusForbidden, `{"error":{"message":"team not found","type":"permission_error"}}`),
		step(http.StatusOK, `{}`),
		step(http.StatusOK, `null`),
		resource.TestStep{PreConfig: g.heal, Config: config, ConfigPlanChecks: nothing()},
	)
}

func TestAccFault_aBusyGatewayIsAskedAgain(t *testing.T) {
	g := startGateway(t)
	var refused atomic.Int32
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if refused.Add(1)%2 == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway}[refused.Load()%3])
			return
		}
		next.ServeHTTP(w, r)
	})
	run(t, resource.TestStep{Config: g.config(plainTeam)})
}

func TestAccFault_aLostAnswerDoesNotMakeTwo(t *testing.T) {
	g := startGateway(t)
	config := g.config("resource \"bursar_team\" \"t\" {\n  team_alias = \"lost\"\n}\n\nresource \"bursar_key\" \"k\" {\n  team_id = bursar_team.t.team_id\n}\n")
	teams, keys := loseAnswers("/team/new", 2), loseAnswers("/key/generate", 1)
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		teams(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { keys(w, r, next) }))
	})
	run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				teams, keys := must[[]api.Team](t)(g.ListTeams(t.Context())), must[[]api.Key](t)(g.ListKeys(t.Context()))
				if len(teams) != 1 || len(keys) != 1 {
					t.Errorf("there are %d teams and %d keys", len(teams), len(keys))
				}
			},
			Config: config, ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccFault_aLostAnswerToAnUpdateIsNoRace(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(fullTeam)},
		resource.TestStep{
			PreConfig: func() { g.between(loseAnswers("/team/update", 1)) },
			Config:    g.config(replace(fullTeam, "15000", "16000")),
		},
	)
}

func TestAccFault_aRaceIsLoud(t *testing.T) {
	g := startGateway(t)
	// Somebody changes the object after the plan, just before the provider writes.
	race := func(path string, change func()) func() {
		return func() {
			var raced atomic.Bool
			g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if strings.HasSuffix(r.URL.Path, path) && !raced.Swap(true) {
					change()
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	changed := replace(fullTeam, "15000", "16000")
	run(t,
		resource.TestStep{Config: g.config(fullTeam)},
		resource.TestStep{
			PreConfig: race("/team/update", g.changeTeam("marketing", func(f *api.TeamFields) { f.RPMLimit = new(int64(99)) })),
			Config:    g.config(changed), ExpectError: says(`The team "marketing" was changed by "mallory" at 20`),
		},
		resource.TestStep{
			PreConfig: func() {
				if team := g.team("marketing"); *team.RPMLimit != 99 || *team.TPMLimit != 15000 {
					t.Errorf("something was overwritten: rpm %d, tpm %d", *team.RPMLimit, *team.TPMLimit)
				}
			},
			Config:           g.config(changed),
			ConfigPlanChecks: onlyChanges("bursar_team.marketing", changes{"rpm_limit": "99 -> 30", "tpm_limit": "15000 -> 16000"}),
		},
		resource.TestStep{
			PreConfig: race("/team/update", func() {
				if err := g.DeleteTeam(t.Context(), "marketing"); err != nil {
					t.Error(err)
				}
			}),
			Config: g.config(fullTeam), ExpectError: says("Deleted by somebody else since the plan"),
		},
		resource.TestStep{PreConfig: g.heal, Config: g.config(fullTeam), ConfigPlanChecks: willCreate("bursar_team.marketing")},
	)
}
