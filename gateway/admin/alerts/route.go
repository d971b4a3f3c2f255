package alerts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAlertRoute is POST /alert_route/new: a route's fields, and alert_route_id unless one is to be made.
func (s *Book) createAlertRoute(c *route.Call, in alertRouteNew) (created api.AlertRoute, err error) {
	alertRoute := api.NewAlertRoute(cmp.Or(in.AlertRouteID, auth.NewAlertRouteID()))
	if err := in.Apply(&alertRoute.AlertRouteFields); err != nil {
		return created, err
	}
	if err := alertRoute.Validate(); err != nil {
		return created, err
	}
	if err := route.Undeclared("alert route", s.Declared, alertRoute.AlertRouteID); err != nil {
		return created, err
	}
	created, err = route.Once(c, s.Record, func(ctx context.Context) (api.AlertRoute, error) {
		stored, err := s.Record.CreateAlertRoute(ctx, c.Change, alertRoute)
		return stored, route.Taken(err, "alert_route_id")
	})
	if err != nil {
		return created, err
	}
	return created, route.InForce(s.Changes.RouteChanged(c.Context(), nil, &created))
}

// completeAlertRoute fills in where a route is declared.
func (s *Book) completeAlertRoute(alertRoute api.AlertRoute) api.AlertRoute {
	if file, ok := s.Declared(alertRoute.AlertRouteID); ok {
		alertRoute.DeclaredIn = file
	}
	return alertRoute
}

// alertRouteInfo is GET /alert_route/info?alert_route_id=.
func (s *Book) alertRouteInfo(c *route.Call, in alertRouteAsked) (api.AlertRoute, error) {
	alertRoute, err := s.Record.AlertRoute(c.Context(), in.AlertRouteID)
	return s.completeAlertRoute(alertRoute), err
}

// alertRouteList is the answer of GET /alert_route/list.
type alertRouteList struct {
	AlertRoutes []api.AlertRoute `json:"alert_routes"`
}

// listAlertRoutes is GET /alert_route/list: every route, or the one with the name asked for.
func (s *Book) listAlertRoutes(c *route.Call, in alertRoutesWanted) (alertRouteList, error) {
	routes, _, err := s.Record.AlertRoutes(c.Context(), api.AlertRouteFilter{Name: in.Name})
	if err != nil {
		return alertRouteList{}, err
	}
	list := alertRouteList{AlertRoutes: make([]api.AlertRoute, len(routes))}
	for i, alertRoute := range routes {
		list.AlertRoutes[i] = s.completeAlertRoute(alertRoute)
	}
	return list, nil
}

// updateAlertRoute is POST /alert_route/update: alert_route_id and the fields to change.
func (s *Book) updateAlertRoute(c *route.Call, in alertRouteUpdate) (changed api.AlertRoute, err error) {
	takesOff := in.Nulls(api.AlertTargets{}.Kinds()...)
	revision, err := c.IfRevision()
	if err != nil {
		return changed, err
	}
	if err := route.Undeclared("alert route", s.Declared, in.AlertRouteID); err != nil {
		return changed, err
	}
	var before api.AlertRoute
	alertRoute, err := s.Record.UpdateAlertRoute(c.Context(), c.Change, in.AlertRouteID, revision, func(alertRoute *api.AlertRoute) error {
		before = *alertRoute
		if err := in.Apply(&alertRoute.AlertRouteFields); err != nil {
			return err
		}
		takeOff(alertRoute.Target(), takesOff)
		return nil
	})
	if err != nil {
		return changed, err
	}
	return s.completeAlertRoute(alertRoute), route.InForce(s.Changes.RouteChanged(c.Context(), &before, &alertRoute))
}

// takeOff empties the secrets that a request sends as null; those that it leaves out stay.
func takeOff(target api.AlertTarget, nulls []string) {
	if target == nil {
		return
	}
	for _, secret := range target.Secrets() {
		if slices.Contains(nulls, target.Kind()+"."+secret.Name) {
			secret.Empty()
		}
	}
}

// alertRoutesDeleted is the answer of POST /alert_route/delete.
type alertRoutesDeleted struct {
	DeletedAlertRoutes []string `json:"deleted_alert_routes"`
}

// deleteAlertRoutes is POST /alert_route/delete {"alert_route_ids"}: all of them or none. One that another escalates to is
// refused without "escalations_end".
func (s *Book) deleteAlertRoutes(c *route.Call, in alertRoutesNamed) (gone alertRoutesDeleted, err error) {
	if err := route.Undeclared("alert route", s.Declared, in.AlertRouteIDs...); err != nil {
		return gone, err
	}
	deleted, err := s.Record.DeleteAlertRoutes(c.Context(), c.Change, in.AlertRouteIDs, in.EscalationsEnd)
	if err != nil {
		return gone, err
	}
	var failed error
	for _, alertRoute := range deleted {
		failed = errors.Join(failed, s.Changes.RouteChanged(c.Context(), &alertRoute, nil))
	}
	return alertRoutesDeleted{DeletedAlertRoutes: in.AlertRouteIDs}, route.InForce(failed)
}

// testAlertRoute is POST /alert_route/test {"alert_route_id"}: it answers when a test event has arrived.
func (s *Book) testAlertRoute(c *route.Call, in alertRouteTest) (api.AlertTest, error) {
	return s.Tester.SendTest(c.Context(), in.AlertRouteID, in.Digest)
}
