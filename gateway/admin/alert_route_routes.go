package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertRouteNew is the body of POST /alert_route/new.
type alertRouteNew struct {
	// AlertRouteID is made when left out.
	AlertRouteID string `json:"alert_route_id"`
	api.AlertRouteFields
}

// alertRouteUpdate is the body of POST /alert_route/update: what is left out is kept, what is null is cleared.
type alertRouteUpdate struct {
	AlertRouteID string `json:"alert_route_id" required:"true"`
	api.AlertRouteFields
}

// alertRouteNamed is a body that names one route.
type alertRouteNamed struct {
	AlertRouteID string `json:"alert_route_id" required:"true"`
}

// alertRoutesNamed is a body that names routes.
type alertRoutesNamed struct {
	AlertRouteIDs []string `json:"alert_route_ids" required:"true"`
}

// alertRouteRoutes are the operations on alert routes.
func (s *Server) alertRouteRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /alert_route/new", auth.Write, s.createAlertRoute, route.Spec{
			Tag: "alert route", Summary: "Make an alert route.", Body: alertRouteNew{}, Answer: api.AlertRoute{}, Repeatable: true,
			Errors: route.Codes(api.AlreadyExists),
		}),
		route.Raw("GET /alert_route/info", auth.Read, s.alertRouteInfo, route.Spec{
			Tag: "alert route", Summary: "Read an alert route.", Answer: api.AlertRoute{},
			Query:  []openapi.Parameter{{Name: "alert_route_id", Required: true}},
			Errors: route.Codes(api.NotFound),
		}),
		route.Raw("GET /alert_route/list", auth.Read, s.listAlertRoutes, route.Spec{
			Tag: "alert route", Summary: "List every alert route.", Answer: alertRouteList{},
			Query: []openapi.Parameter{{Name: "name", Text: "The route with this name only."}},
		}),
		route.Raw("POST /alert_route/update", auth.Write, s.updateAlertRoute, route.Spec{
			Tag: "alert route", Summary: "Change an alert route.", Body: alertRouteUpdate{}, Answer: api.AlertRoute{}, Revised: true,
			Description: "What is left out is kept, what is null is cleared. A secret that is left out stays, one that is null is taken off.",
			Errors:      route.Codes(api.AlreadyExists),
		}),
		route.Raw("POST /alert_route/delete", auth.Write, s.deleteAlertRoutes, route.Spec{
			Tag: "alert route", Summary: "Delete alert routes, all of them or none.", Body: alertRoutesNamed{}, Answer: alertRoutesDeleted{},
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.Raw("POST /alert_route/test", auth.Write, s.testAlertRoute, route.Spec{
			Tag: "alert route", Summary: "Send a test event and say what the receiver answered.", Body: alertRouteNamed{}, Answer: api.AlertTest{},
			Errors: route.Codes(api.NotFound, api.Conflict, api.Upstream),
		}),
	}
}
