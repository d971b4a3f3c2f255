package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

type alertRouteBody struct {
	AlertRouteID string `json:"alert_route_id,omitempty"`
	api.AlertRouteFields
}

func (b alertRouteBody) secrets() []string { return targetSecrets(b.AlertTargets) }

// CreateAlertRoute makes an alert route; with an empty id the gateway chooses one.
// It returns [api.AlreadyExists] when the id or the name is taken.
func (c *Client) CreateAlertRoute(ctx context.Context, id string, fields api.AlertRouteFields) (api.AlertRoute, error) {
	var route api.AlertRoute
	err := c.create(ctx, "/alert_route/new", alertRouteBody{id, fields}, &route)
	err = whole(err, route.AlertRouteID != "", "POST /alert_route/new")
	return route, wrap(err, "create alert route %q", fields.Name)
}

// GetAlertRoute returns an alert route, or [api.NotFound].
func (c *Client) GetAlertRoute(ctx context.Context, id string) (api.AlertRoute, error) {
	var route api.AlertRoute
	err := c.get(ctx, "/alert_route/info", map[string]string{"alert_route_id": id}, &route)
	err = whole(err, route.AlertRouteID != "", "GET /alert_route/info")
	return route, wrap(err, "read alert route %q", id)
}

// ListAlertRoutes returns every alert route.
func (c *Client) ListAlertRoutes(ctx context.Context) ([]api.AlertRoute, error) {
	var answer struct {
		AlertRoutes []api.AlertRoute `json:"alert_routes"`
	}
	err := c.get(ctx, "/alert_route/list", nil, &answer)
	err = whole(err, answer.AlertRoutes != nil, "GET /alert_route/list")
	return answer.AlertRoutes, wrap(err, "list alert routes")
}

// UpdateAlertRoute replaces all fields of an alert route; nil ones are cleared, except that a
// target with a nil secret keeps the one it has; an empty one takes it off. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateAlertRoute(ctx context.Context, id string, fields api.AlertRouteFields, revision int64) (api.AlertRoute, error) {
	var route api.AlertRoute
	err := c.update(ctx, "/alert_route/update", alertRouteBody{id, fields}, revision, &route)
	err = whole(err, route.AlertRouteID != "", "POST /alert_route/update")
	return route, wrap(err, "update alert route %q", id)
}

// DeleteAlertRoute deletes an alert route, also one that others escalate to: an apply that takes both off deletes before it
// changes. It returns [api.NotFound] when it is gone already.
func (c *Client) DeleteAlertRoute(ctx context.Context, id string) error {
	body := map[string]any{"alert_route_ids": []string{id}, "escalations_end": true}
	return wrap(c.post(ctx, "/alert_route/delete", body, nil), "delete alert route %q", id)
}

// TestAlertRoute sends a test event through an alert route and returns what the receiver said once it has arrived; [api.Upstream] when it
// does not, [api.NotFound] when there is no such route.
func (c *Client) TestAlertRoute(ctx context.Context, id string) (api.AlertTest, error) {
	var tested api.AlertTest
	err := c.post(ctx, "/alert_route/test", map[string]string{"alert_route_id": id}, &tested)
	return tested, wrap(err, "test alert route %q", id)
}
