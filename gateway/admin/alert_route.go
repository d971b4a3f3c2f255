package admin

import (
	"context"
	"errors"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAlertRoute is POST /alert_route/new: a route's fields, and alert_route_id unless one is to be made.
func (s *Server) createAlertRoute(c *route.Call) (any, error) {
	id, err := c.In.Text("alert_route_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = auth.NewAlertRouteID()
	}
	alertRoute := api.NewAlertRoute(id)
	if err := c.In.Expect(&alertRoute.AlertRouteFields); err != nil {
		return nil, err
	}
	if err := alertRoute.Validate(); err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, id); err != nil {
		return nil, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.AlertRoute, error) {
		stored, err := s.record.CreateAlertRoute(ctx, c.Change, alertRoute)
		return stored, route.Taken(err, "alert_route_id")
	})
	if err != nil {
		return nil, err
	}
	return created, route.InForce(s.changes.RouteChanged(c.Context(), nil, &created))
}

// completeAlertRoute fills in where a route is declared.
func (s *Server) completeAlertRoute(alertRoute api.AlertRoute) api.AlertRoute {
	if file, ok := s.declared.AlertRoute(alertRoute.AlertRouteID); ok {
		alertRoute.DeclaredIn = file
	}
	return alertRoute
}

// alertRouteInfo is GET /alert_route/info?alert_route_id=.
func (s *Server) alertRouteInfo(c *route.Call) (any, error) {
	id, err := c.Required("alert_route_id")
	if err != nil {
		return nil, err
	}
	alertRoute, err := s.record.AlertRoute(c.Context(), id)
	return s.completeAlertRoute(alertRoute), err
}

// alertRouteList is the answer of GET /alert_route/list.
type alertRouteList struct {
	AlertRoutes []api.AlertRoute `json:"alert_routes"`
}

// listAlertRoutes is GET /alert_route/list: every route, or the one with the name asked for.
func (s *Server) listAlertRoutes(c *route.Call) (any, error) {
	filter := api.AlertRouteFilter{Name: c.Query.Get("name")}
	routes, _, err := s.record.AlertRoutes(c.Context(), filter)
	if err != nil {
		return nil, err
	}
	list := alertRouteList{AlertRoutes: make([]api.AlertRoute, len(routes))}
	for i, alertRoute := range routes {
		list.AlertRoutes[i] = s.completeAlertRoute(alertRoute)
	}
	return list, nil
}

// updateAlertRoute is POST /alert_route/update: alert_route_id and the fields to change.
func (s *Server) updateAlertRoute(c *route.Call) (any, error) {
	id, err := c.In.Required("alert_route_id")
	if err != nil {
		return nil, err
	}
	if err := c.In.Expect(&api.AlertRouteFields{}); err != nil {
		return nil, err
	}
	takesOff := c.In.Nulls(api.AlertTargets{}.Kinds()...)
	revision, err := c.IfRevision()
	if err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, id); err != nil {
		return nil, err
	}
	var before api.AlertRoute
	alertRoute, err := s.record.UpdateAlertRoute(c.Context(), c.Change, id, revision, func(alertRoute *api.AlertRoute) error {
		before = *alertRoute
		if err := c.In.Patch(&alertRoute.AlertRouteFields); err != nil {
			return err
		}
		takeOff(alertRoute.Target(), takesOff)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.completeAlertRoute(alertRoute), route.InForce(s.changes.RouteChanged(c.Context(), &before, &alertRoute))
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

// deleteAlertRoutes is POST /alert_route/delete {"alert_route_ids"}: all of them or none.
func (s *Server) deleteAlertRoutes(c *route.Call) (any, error) {
	ids, err := c.In.Texts("alert_route_ids")
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, api.FieldErrorf("alert_route_ids", "is required: a list of the routes to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, ids...); err != nil {
		return nil, err
	}
	deleted, err := s.record.DeleteAlertRoutes(c.Context(), c.Change, ids)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, alertRoute := range deleted {
		failed = errors.Join(failed, s.changes.RouteChanged(c.Context(), &alertRoute, nil))
	}
	return alertRoutesDeleted{DeletedAlertRoutes: ids}, route.InForce(failed)
}

// testAlertRoute is POST /alert_route/test {"alert_route_id"}: it answers when a test event has arrived.
func (s *Server) testAlertRoute(c *route.Call) (any, error) {
	id, err := c.In.Required("alert_route_id")
	if err != nil {
		return nil, err
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	tested, err := s.tester.SendTest(c.Context(), id)
	if err != nil {
		return nil, err
	}
	return tested, nil
}

// Tester sends a test event to a route and returns what the receiver said when it has arrived, or an
// [api.Error] saying why not.
type Tester interface {
	SendTest(ctx context.Context, routeID string) (api.AlertTest, error)
}
