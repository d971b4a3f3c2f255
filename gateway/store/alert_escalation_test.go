package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A route escalates to one that there is: another one is refused with the nearest, and one that is needed is not deleted alone.
func TestAlertRoute_escalation(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("leads", "Team leads")))(t)
		escalating := func(id, to string) api.AlertRoute {
			route := newRoute(id, id)
			route.EscalateTo, route.EscalateAfter = &to, new("15m")
			return route
		}
		for to, says := range map[string]string{
			"laeds":      `did you mean "leads"?`,
			"Team leads": `that is the name of the alert route "leads"`,
			"elsewhere":  "see /alert_route/list",
		} {
			_, err := s.CreateAlertRoute(t.Context(), alice, escalating("oncall", to))
			refused(t, err, api.Invalid, "escalate_to", says)
		}
		must(s.CreateAlertRoute(t.Context(), alice, escalating("oncall", "leads")))(t)
		_, err := s.UpdateAlertRoute(t.Context(), alice, "oncall", 0, func(route *api.AlertRoute) error {
			route.EscalateTo = new("leds")
			return nil
		})
		refused(t, err, api.Invalid, "escalate_to", `did you mean "leads"?`)
		_, err = s.DeleteAlertRoutes(t.Context(), alice, []string{"leads"}, false)
		refused(t, err, api.Conflict, "alert_route_ids", `escalate_to of "oncall" names it`)
		must(s.DeleteAlertRoutes(t.Context(), alice, []string{"leads"}, true))(t)
		must(s.UpdateAlertRoute(t.Context(), alice, "oncall", 0, func(route *api.AlertRoute) error {
			route.MinSeverity = new("critical") // is none of the escalation's business
			return nil
		}))(t)
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("leads", "Team leads")))(t)
		must(s.DeleteAlertRoutes(t.Context(), alice, []string{"leads", "oncall"}, false))(t)
	})
}

func refused(t *testing.T, err error, code api.Code, param, says string) {
	t.Helper()
	var refusal *api.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Param != param || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want it refused for %s with %q", err, param, says)
	}
}
