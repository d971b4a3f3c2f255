package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/nearest"
)

// checkEscalation refuses a route that hands on to one that there is not: nobody would hear of what nobody acknowledged. A route
// that has done so before it was checked can be changed otherwise.
func (s *Store) checkEscalation(ctx context.Context, route api.AlertRoute) error {
	if route.EscalateTo == nil {
		return nil
	}
	routes, _, err := s.alertRoutes(ctx, api.AlertRouteFilter{})
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(routes))
	for _, other := range routes {
		same := other.AlertRouteID == route.AlertRouteID && other.EscalateTo != nil && *other.EscalateTo == *route.EscalateTo
		if other.AlertRouteID == *route.EscalateTo || same {
			return nil
		}
		if other.AlertRouteID != route.AlertRouteID {
			ids = append(ids, other.AlertRouteID)
		}
	}
	unknown := api.Errorf(api.Invalid, "escalate_to names the alert route %q, which does not exist%s", *route.EscalateTo, instead(*route.EscalateTo, routes, ids))
	unknown.Param = "escalate_to"
	return unknown
}

// instead says which route may have been meant: by its id, or by the name that was given for it.
func instead(given string, routes []api.AlertRoute, ids []string) string {
	for _, route := range routes {
		if route.Name == given && slices.Contains(ids, route.AlertRouteID) {
			return fmt.Sprintf("; that is the name of the alert route %q, and escalate_to takes the alert_route_id", route.AlertRouteID)
		}
	}
	if near := nearest.Name(given, ids); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; it takes the alert_route_id of one that does, see /alert_route/list"
}

// checkNotEscalatedTo refuses to delete a route that one which stays hands on to.
func (s *Store) checkNotEscalatedTo(ctx context.Context, route api.AlertRoute, leaving []string) error {
	routes, _, err := s.alertRoutes(ctx, api.AlertRouteFilter{})
	if err != nil {
		return err
	}
	var from []string
	for _, other := range routes {
		if other.EscalateTo != nil && *other.EscalateTo == route.AlertRouteID && !slices.Contains(leaving, other.AlertRouteID) {
			from = append(from, fmt.Sprintf("%q", other.AlertRouteID))
		}
	}
	if len(from) == 0 {
		return nil
	}
	needed := api.Errorf(api.Conflict, "Alert route %q hears of what nobody acknowledged: escalate_to of %s names it. Take that off first, delete them together, or send escalations_end: true.",
		route.AlertRouteID, strings.Join(from, ", "))
	needed.Param = "alert_route_ids"
	return needed
}
