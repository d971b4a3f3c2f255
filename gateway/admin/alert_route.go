package admin

import (
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAlertRoute is POST /alert_route/new: a route's fields, and alert_route_id unless one is to be made.
func (s *Server) createAlertRoute(c *call) (any, error) {
	id, err := c.in.text("alert_route_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = auth.NewAlertRouteID()
	}
	route := api.NewAlertRoute(id)
	if err := c.in.expect(&route.AlertRouteFields); err != nil {
		return nil, err
	}
	if err := route.Validate(); err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, id); err != nil {
		return nil, err
	}
	created, err := once(s, c, func(ctx context.Context) (api.AlertRoute, error) {
		stored, err := s.record.CreateAlertRoute(ctx, c.change, route)
		return stored, taken(err, "alert_route_id")
	})
	if err != nil {
		return nil, err
	}
	return created, inForce(s.changes.RouteChanged(c.ctx(), nil, &created))
}

// completeAlertRoute fills in where a route is declared.
func (s *Server) completeAlertRoute(route api.AlertRoute) api.AlertRoute {
	if file, ok := s.declared.AlertRoute(route.AlertRouteID); ok {
		route.DeclaredIn = file
	}
	return route
}

// alertRouteInfo is GET /alert_route/info?alert_route_id=.
func (s *Server) alertRouteInfo(c *call) (any, error) {
	id, err := c.required("alert_route_id")
	if err != nil {
		return nil, err
	}
	route, err := s.record.AlertRoute(c.ctx(), id)
	return s.completeAlertRoute(route), err
}

// alertRouteList is the answer of GET /alert_route/list.
type alertRouteList struct {
	AlertRoutes []api.AlertRoute `json:"alert_routes"`
}

// listAlertRoutes is GET /alert_route/list: every route, or the one with the name asked for.
func (s *Server) listAlertRoutes(c *call) (any, error) {
	filter := api.AlertRouteFilter{Name: c.query.Get("name")}
	routes, _, err := s.record.AlertRoutes(c.ctx(), filter)
	if err != nil {
		return nil, err
	}
	list := alertRouteList{AlertRoutes: make([]api.AlertRoute, len(routes))}
	for i, route := range routes {
		list.AlertRoutes[i] = s.completeAlertRoute(route)
	}
	return list, nil
}

// updateAlertRoute is POST /alert_route/update: alert_route_id and the fields to change.
func (s *Server) updateAlertRoute(c *call) (any, error) {
	id, err := c.in.required("alert_route_id")
	if err != nil {
		return nil, err
	}
	if err := c.in.expect(&api.AlertRouteFields{}); err != nil {
		return nil, err
	}
	takesOff := c.in.nullIn("webhook", "secret")
	revision, err := c.ifRevision()
	if err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, id); err != nil {
		return nil, err
	}
	var before api.AlertRoute
	route, err := s.record.UpdateAlertRoute(c.ctx(), c.change, id, revision, func(route *api.AlertRoute) error {
		before = *route
		if err := c.in.patch(&route.AlertRouteFields); err != nil {
			return err
		}
		if takesOff && route.Webhook != nil {
			route.Webhook.Secret = new(string)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.completeAlertRoute(route), inForce(s.changes.RouteChanged(c.ctx(), &before, &route))
}

// alertRoutesDeleted is the answer of POST /alert_route/delete.
type alertRoutesDeleted struct {
	DeletedAlertRoutes []string `json:"deleted_alert_routes"`
}

// deleteAlertRoutes is POST /alert_route/delete {"alert_route_ids"}: all of them or none.
func (s *Server) deleteAlertRoutes(c *call) (any, error) {
	ids, err := c.in.texts("alert_route_ids")
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, api.FieldErrorf("alert_route_ids", "is required: a list of the routes to delete")
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	if err := undeclared("alert route", s.declared.AlertRoute, ids...); err != nil {
		return nil, err
	}
	deleted, err := s.record.DeleteAlertRoutes(c.ctx(), c.change, ids)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, route := range deleted {
		failed = errors.Join(failed, s.changes.RouteChanged(c.ctx(), &route, nil))
	}
	return alertRoutesDeleted{DeletedAlertRoutes: ids}, inForce(failed)
}

// alertRouteTested is the answer of POST /alert_route/test.
type alertRouteTested struct {
	AlertRouteID string `json:"alert_route_id"`
	Delivered    bool   `json:"delivered"`
}

// testAlertRoute is POST /alert_route/test {"alert_route_id"}: it answers when a test event has arrived.
func (s *Server) testAlertRoute(c *call) (any, error) {
	id, err := c.in.required("alert_route_id")
	if err != nil {
		return nil, err
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	if err := s.tester.SendTest(c.ctx(), id); err != nil {
		return nil, err
	}
	return alertRouteTested{AlertRouteID: id, Delivered: true}, nil
}
