package app_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func declaredTeams() []api.Team {
	team := api.NewTeam("declared")
	alias := "Declared"
	team.TeamAlias, team.DeclaredIn = &alias, "gateway.yaml"
	return []api.Team{team}
}

// The file may have routes that escalate to each other in any order, and one that escalates to nothing keeps it from starting.
func TestGateway_declaredRoutesEscalate(t *testing.T) {
	declared := func(id, to string) api.AlertRoute {
		route := api.NewAlertRoute(id)
		route.Name, route.DeclaredIn, route.Webhook = id, "gateway.yaml", &api.WebhookTarget{URL: "https://hooks.example.com/" + id}
		route.EscalateTo, route.EscalateAfter = &to, new("15m")
		return route
	}
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.File, c.AlertRoutes = "gateway.yaml", []api.AlertRoute{declared("oncall", "leads"), declared("leads", "oncall")}
	g := start(t, c)
	for id, to := range map[string]string{"oncall": "leads", "leads": "oncall"} {
		if got := g.admin("GET", "/alert_route/info?alert_route_id="+id, "")["escalate_to"]; got != to {
			t.Errorf("%s escalates to %v", id, got)
		}
	}
	c = settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.File, c.AlertRoutes = "gateway.yaml", []api.AlertRoute{declared("oncall", "laeds"), declared("leads", "oncall")}
	if _, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.DiscardHandler), Version: "test"}); err == nil || !strings.Contains(err.Error(), `declare alert route oncall: escalate_to names the alert route "laeds", which does not exist; did you mean "leads"?`) {
		t.Errorf("started with %v", err)
	}
}
