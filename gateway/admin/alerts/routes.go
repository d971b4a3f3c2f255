// Package alerts serves where events go, and what became of each message.
//
// It promises that a secret that was stored is never answered, and that a test has arrived when it says so. It must never
// know how messages are sent.
package alerts

import (
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Book are the alert routes of a gateway. All fields are required.
type Book struct {
	Record  stores.Record
	Changes stores.Changes
	Tester  Tester
	// Declared says which file declares a route, if one does.
	Declared func(id string) (file string, ok bool)
	Now      func() time.Time
}

// alertRouteNew is the body of POST /alert_route/new.
type alertRouteNew struct {
	// AlertRouteID is made when left out.
	AlertRouteID string `json:"alert_route_id"`
	route.Fields[api.AlertRouteFields]
}

// alertRouteUpdate is the body of POST /alert_route/update: what is left out is kept, what is null is cleared.
type alertRouteUpdate struct {
	AlertRouteID string `json:"alert_route_id" required:"true"`
	route.Fields[api.AlertRouteFields]
}

// alertRouteTest is the body of POST /alert_route/test.
type alertRouteTest struct {
	AlertRouteID string `json:"alert_route_id" required:"true"`
	// Digest sends what a digest would tell now in place of a test event.
	Digest bool `json:"digest"`
}

// alertRouteAsked names one route in the address.
type alertRouteAsked struct {
	AlertRouteID string `query:"alert_route_id" required:"true"`
}

// alertRoutesWanted selects routes.
type alertRoutesWanted struct {
	// The route with this name only.
	Name string `query:"name"`
}

// alertRoutesNamed is a body that names routes.
type alertRoutesNamed struct {
	AlertRouteIDs route.IDs `json:"alert_route_ids" required:"a list of the routes to delete"`
	// EscalationsEnd deletes also what other routes escalate to: they hand nothing on until they name another one.
	EscalationsEnd bool `json:"escalations_end"`
}

// Routes are the operations on alert routes, and on what became of their messages.
func Routes(s *Book) []route.Route {
	return slices.Concat(s.routeRoutes(), s.deliveryRoutes(), s.eventRoutes(), s.plannedSpendRoutes())
}

func (s *Book) routeRoutes() []route.Route {
	return []route.Route{
		route.New("POST /alert_route/new", auth.Write, s.createAlertRoute, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Make an alert route.", Repeatable: true,
			Errors: route.Codes(api.AlreadyExists),
		}),
		route.New("GET /alert_route/info", auth.Read, s.alertRouteInfo, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Read an alert route.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /alert_route/list", auth.Read, s.listAlertRoutes, route.Spec{
			Tag: "alert route", Closed: true, Summary: "List every alert route.",
		}),
		route.New("POST /alert_route/update", auth.Write, s.updateAlertRoute, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Change an alert route.", Revised: true,
			Description: "What is left out is kept, what is null is cleared. A secret that is left out stays, one that is null is taken off.",
			Errors:      route.Codes(api.AlreadyExists),
		}),
		route.New("POST /alert_route/delete", auth.Write, s.deleteAlertRoutes, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Delete alert routes, all of them or none.",
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /alert_route/test", auth.Write, s.testAlertRoute, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Send a test event and say what the receiver answered.",
			Errors: route.Codes(api.NotFound, api.Conflict, api.Upstream),
		}),
	}
}
