package admin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

func TestRoutes_haveAPermission(t *testing.T) {
	seen := map[string]bool{}
	for _, route := range admin.Routes() {
		if !route.Permission.Known() {
			t.Errorf("%s has permission %q, which nobody can have", route.Pattern(), route.Permission)
		}
		if seen[route.Pattern()] {
			t.Errorf("%s is there twice", route.Pattern())
		}
		seen[route.Pattern()] = true
		asks := strings.HasSuffix(route.Path, "/info") || route.Path == "/spend/calculate" || route.Path == "/quota/check" || route.Path == "/quota/replay" || route.Path == "/alert_route/check" || route.Path == "/key/health"
		changes := (route.Method == http.MethodPost || route.Method == http.MethodPatch) && !asks
		if changes != route.Changes() {
			t.Errorf("%s needs %s", route.Pattern(), route.Permission)
		}
	}
}

// path fills in what a route's path leaves open.
func path(route route.Route) string {
	return strings.NewReplacer("{key}", "key_x", "{model_id}", "model_x").Replace(route.Path)
}

func TestRoutes_letNobodyInWithoutAKey(t *testing.T) {
	g := newGateway(t)
	for _, route := range admin.Routes() {
		for name, header := range map[string][2]string{
			"no key":        {"Authorization", ""},
			"a wrong key":   {"Authorization", "Bearer sk-canary-canary-canary"},
			"no scheme":     {"Authorization", adminKey},
			"two keys":      {"X-Api-Key", "sk-canary"},
			"a made-up key": {"Authorization", "Bearer " + auth.NewSecret().Reveal()},
		} {
			got := g.send(route.Method, path(route), `{"team_id":"a"}`, header[0], header[1]).refused(401, "", "Authentication Error, ")
			if strings.Contains(got.text, "canary") {
				t.Errorf("%s, %s: %s", route.Pattern(), name, got.text)
			}
		}
	}
	if g.changes.takeTold() != "" {
		t.Error("something was changed")
	}
}

func (nobody) Known(context.Context, http.Header) bool { return false }

// nobody is a caller without any permission.
type nobody struct{}

func (nobody) Authenticate(context.Context, http.Header) (auth.Caller, error) {
	return auth.Caller{Name: "nobody", Role: "guest"}, nil
}

func TestRoutes_refuseARoleWithoutThePermission(t *testing.T) {
	g := newGateway(t)
	g.Server = httptest.NewServer(admin.New(admin.Options{
		Door: access.NewDoor(nobody{}, 0, time.Now), Record: g.store, Spending: g.spending, Changes: g.changes, Tester: g.tester,
		Logger: discard(),
	}))
	t.Cleanup(g.Server.Close)
	for _, route := range admin.Routes() {
		g.send(route.Method, path(route), `{"team_id":"a"}`).refused(403, "", "role guest may not use "+route.Pattern())
	}
}

func TestRoutes_takeTheKeyInAnyHeader(t *testing.T) {
	g := newGateway(t)
	for _, header := range []string{"x-api-key", "API-Key", "x-litellm-api-key"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/team/list", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(header, adminKey)
		response, err := g.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", header, response.StatusCode)
		}
	}
}

func TestRoutes_noSuchRoute(t *testing.T) {
	g := newGateway(t)
	got := g.get("/team/nothing").refused(404, "", "no such route")
	if strings.Contains(got.text, "not_found_error") {
		t.Errorf("a wrong address looks like a missing object: %s", got.text)
	}
	got = g.get("/team/new").refused(405, "", "this route takes POST")
	if got.header.Get("Allow") != "POST" {
		t.Errorf("Allow = %q", got.header.Get("Allow"))
	}
}

func TestRoutes_logWhoDidWhat(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"canary"}`, "X-Bursar-Actor", "terraform", "X-Request-Id", "run-7").ok()
	g.get("/team/list?x=canary").ok()
	log := g.log.String()
	for _, want := range []string{`"pattern":"POST /team/new"`, `"actor":"terraform"`, `"request_id":"run-7"`, `"status":200`} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s: %s", want, log)
		}
	}
	if strings.Contains(log, "canary") || strings.Contains(log, adminKey) {
		t.Errorf("log = %s", log)
	}
}
