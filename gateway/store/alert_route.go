package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertRouteNoun handles routes with their secret; what leaves the store for the API goes through [publicRoute].
var alertRouteNoun = noun[api.AlertRoute]{
	name: "alert_route", get: (*Store).alertRoute, check: (*Store).checkAlertRoute, put: (*Store).putAlertRoute,
	audit:  auditAlertRoute,
	id:     func(route *api.AlertRoute) *string { return &route.AlertRouteID },
	record: func(route *api.AlertRoute) *api.Record { return &route.Record },
}

// CreateAlertRoute stores a new route and returns it as [Store.AlertRoute] would. Errors: [api.Invalid],
// [api.AlreadyExists].
func (s *Store) CreateAlertRoute(ctx context.Context, change api.Change, route api.AlertRoute) (api.AlertRoute, error) {
	stored, err := create(ctx, s, alertRouteNoun, change, route, nothing)
	return publicRoute(stored), err
}

// AlertRoute returns a route with the fingerprint of its secret instead of the secret. Error: [api.NotFound].
func (s *Store) AlertRoute(ctx context.Context, id string) (api.AlertRoute, error) {
	route, err := s.alertRoute(ctx, id)
	return publicRoute(route), err
}

// AlertRouteTarget returns a route with its secret, for whoever sends to it. Error: [api.NotFound].
func (s *Store) AlertRouteTarget(ctx context.Context, id string) (api.AlertRoute, error) {
	return s.alertRoute(ctx, id)
}

// AlertRoutes returns the routes that the filter selects, with the fingerprints of their secrets instead of
// the secrets, and how many there are without the filter's page.
func (s *Store) AlertRoutes(ctx context.Context, filter api.AlertRouteFilter) ([]api.AlertRoute, int, error) {
	routes, total, err := s.alertRoutes(ctx, filter)
	for i := range routes {
		routes[i] = publicRoute(routes[i])
	}
	return routes, total, err
}

// AllAlertRoutes returns every route, oldest first, with the fingerprints of their secrets instead of the secrets.
func (s *Store) AllAlertRoutes(ctx context.Context) ([]api.AlertRoute, error) {
	routes, _, err := s.AlertRoutes(ctx, api.AlertRouteFilter{})
	return routes, err
}

// AlertRouteTargets returns every route, oldest first, with its secret, for whoever sends to them.
func (s *Store) AlertRouteTargets(ctx context.Context) ([]api.AlertRoute, error) {
	routes, _, err := s.alertRoutes(ctx, api.AlertRouteFilter{})
	return routes, err
}

// UpdateAlertRoute lets edit change a route, if its revision is ifRevision or that is zero, and returns
// it as [Store.AlertRoute] would. edit sees no secret: one that it leaves nil stays as it is, an empty one
// takes it off. edit cannot change the id or the record.
// Errors: [api.NotFound], [api.Stale], [api.Invalid], [api.AlreadyExists], edit's.
func (s *Store) UpdateAlertRoute(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.AlertRoute) error) (api.AlertRoute, error) {
	stored, err := update(ctx, s, alertRouteNoun, change, "update", id, ifRevision,
		func(_ context.Context, route *api.AlertRoute) error { return editRoute(route, edit) })
	return publicRoute(stored), err
}

func editRoute(route *api.AlertRoute, edit func(*api.AlertRoute) error) error {
	before := route.AlertTargets
	*route = publicRoute(*route)
	if err := edit(route); err != nil {
		return err
	}
	route.AlertTargets = route.WithSecretsOf(before)
	return nil
}

// DeleteAlertRoutes deletes routes, all or none, gives up what was still to be sent to them, and returns
// what is gone. Errors: [api.NotFound], [api.Conflict] when another route escalates to one of them and
// its escalations are not to end.
func (s *Store) DeleteAlertRoutes(ctx context.Context, change api.Change, ids []string, escalationsEnd bool) ([]api.AlertRoute, error) {
	routes, err := remove(ctx, s, alertRouteNoun, change, ids, func(ctx context.Context, route api.AlertRoute) error {
		if !escalationsEnd {
			if err := s.checkNotEscalatedTo(ctx, route, ids); err != nil {
				return err
			}
		}
		_, err := s.exec(ctx, "alert_delivery_give_up", args{
			"alert_route_id": route.AlertRouteID, "status": "the alert route was deleted", "now_ms": s.nowMS(),
		})
		return err
	})
	for i := range routes {
		routes[i] = publicRoute(routes[i])
	}
	return routes, err
}

func (s *Store) alertRoute(ctx context.Context, id string) (api.AlertRoute, error) {
	var row alertRouteRow
	found, err := s.one(ctx, "alert_route_get", args{"id": id}, row.targets(&row.kind, &row.target)...)
	if err != nil {
		return api.AlertRoute{}, err
	}
	if !found {
		return api.AlertRoute{}, api.Errorf(api.NotFound, "Alert route not found, passed alert_route_id=%s", id)
	}
	return row.route(s)
}

func (s *Store) alertRoutes(ctx context.Context, filter api.AlertRouteFilter) ([]api.AlertRoute, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	values.given("name", filter.Name)
	return list(ctx, s, "alert_route", values, filter.Page, func(scan func(...any) error) (api.AlertRoute, error) {
		var row alertRouteRow
		if err := scan(row.targets(&row.kind, &row.target)...); err != nil {
			return api.AlertRoute{}, err
		}
		return row.route(s)
	})
}

func (s *Store) checkAlertRoute(ctx context.Context, route api.AlertRoute) error {
	route.AlertTargets = route.WithSecretsOf(api.AlertTargets{})
	if err := route.Validate(); err != nil {
		return err
	}
	others, _, err := s.alertRoutes(ctx, api.AlertRouteFilter{Name: route.Name})
	if err != nil {
		return err
	}
	if len(others) > 0 && others[0].AlertRouteID != route.AlertRouteID {
		taken := api.Errorf(api.AlreadyExists,
			"Alert route with name '%s' already exists. Names of alert routes are unique.", route.Name)
		taken.Param = "name"
		return taken
	}
	return s.checkEscalation(ctx, route)
}

func (s *Store) putAlertRoute(ctx context.Context, query string, route api.AlertRoute) error {
	fields := route.AlertRouteFields
	target := fields.WithSecretsOf(api.AlertTargets{}).Target()
	sealed, err := sealTarget(s.sealing(ctx), route.AlertRouteID, target)
	if err != nil {
		return err
	}
	fields.AlertTargets = api.AlertTargets{}
	values, err := objectArgs(route.AlertRouteID, route.DeclaredIn, route.Record, fields)
	if err != nil {
		return err
	}
	values["name"], values["name_lower"] = route.Name, strings.ToLower(route.Name)
	values["target_kind"], values["target"] = target.Kind(), sealed
	_, err = s.exec(ctx, query, values)
	return err
}

type alertRouteRow struct {
	object
	kind   string
	target []byte
}

func (r *alertRouteRow) route(s *Store) (api.AlertRoute, error) {
	route := api.AlertRoute{AlertRouteID: r.id, Record: r.record(), DeclaredIn: r.declaredIn}
	if err := decode(r.document, &route.AlertRouteFields); err != nil {
		return api.AlertRoute{}, err
	}
	var err error
	route.AlertTargets, err = s.openTarget(r.id, r.kind, r.target)
	return route, err
}

func sealTarget(sealer Sealer, id string, target api.AlertTarget) ([]byte, error) {
	plain, err := encode(target)
	if err != nil {
		return nil, err
	}
	sealed, err := sealer.Seal([]byte(plain), targetPlace(id, target.Kind()))
	if err != nil {
		return nil, fmt.Errorf("seal %s of alert route %s: %w", target.Kind(), id, err)
	}
	return sealed, nil
}

// openTarget returns the target with the fingerprints of its secrets.
func (s *Store) openTarget(id, kind string, sealed []byte) (targets api.AlertTargets, err error) {
	place := targetPlace(id, kind)
	plain, err := s.keys.open(sealed, place)
	if err != nil {
		return api.AlertTargets{}, fmt.Errorf("open %s of alert route %s: %w", kind, id, err)
	}
	if err := decode(fmt.Sprintf("{%q: %s}", kind, plain), &targets); err != nil {
		return api.AlertTargets{}, err
	}
	for _, secret := range targets.Secrets() {
		value, _ := secret.Value()
		*secret.Fingerprint = s.fingerprint(value, place+"/"+secret.Name)
	}
	if targets.Webhook != nil {
		targets.Webhook.URLFingerprint = s.fingerprint(targets.Webhook.URL, place+"/url")
	}
	return targets, nil
}

func targetPlace(id, kind string) string { return "alert_route/" + id + "/" + kind }

// publicRoute takes out the secrets of a route as it was read, and leaves their fingerprints.
func publicRoute(route api.AlertRoute) api.AlertRoute {
	route.AlertTargets = route.Public()
	return route
}

// auditAlertRoute leaves out the path of the webhook's address, which often is a password in itself.
func auditAlertRoute(route api.AlertRoute) any {
	route = publicRoute(route)
	if route.Webhook != nil {
		route.Webhook.URL = maskURL(*route.Webhook)
	}
	return struct {
		AlertRouteID string `json:"alert_route_id"`
		api.AlertRouteFields
		Revision   int64  `json:"revision"`
		DeclaredIn string `json:"declared_in,omitempty"`
	}{route.AlertRouteID, route.AlertRouteFields, route.Revision, route.DeclaredIn}
}

// maskURL keeps scheme and host, and a fingerprint that tells whether two addresses are the same.
func maskURL(webhook api.WebhookTarget) string {
	fingerprint := webhook.URLFingerprint[:min(16, len(webhook.URLFingerprint))]
	parsed, err := url.Parse(webhook.URL)
	if err != nil {
		return fmt.Sprintf("(fingerprint %s)", fingerprint)
	}
	return fmt.Sprintf("%s://%s/… (fingerprint %s)", parsed.Scheme, parsed.Host, fingerprint)
}
