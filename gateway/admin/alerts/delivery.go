package alerts

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertDeliveryPage is the answer of GET /alert/deliveries.
type alertDeliveryPage struct {
	Deliveries []api.AlertDelivery `json:"deliveries"`
	Total      int                 `json:"total"`
	Page       int                 `json:"page"`
	PageSize   int                 `json:"page_size"`
	TotalPages int                 `json:"total_pages"`
}

// alertReplay is the body of POST /alert/replay: the deliveries, or the route whose deliveries are meant.
type alertReplay struct {
	DeliveryIDs  route.IDs `json:"delivery_ids"`
	AlertRouteID string    `json:"alert_route_id"`
}

// alertReplayed is the answer of POST /alert/replay.
type alertReplayed struct {
	// Replayed are the ids of the deliveries that are under way again.
	Replayed []string `json:"replayed"`
}

// deliveriesWanted selects deliveries.
type deliveriesWanted struct {
	// Messages of this route only.
	AlertRouteID string `query:"alert_route_id"`
	// Messages about this event only.
	EventID string `query:"event_id"`
	// `pending`, `sent` or `dead`, which is given up.
	State string `query:"state" enum:"pending,sent,dead"`
	route.Pages
}

// listAlertDeliveries is GET /alert/deliveries: what became of each message, newest first.
func (s *Book) listAlertDeliveries(c *route.Call, in deliveriesWanted) (alertDeliveryPage, error) {
	page := in.Page()
	found, total, err := s.Record.AlertDeliveries(c.Context(), api.AlertDeliveryFilter{
		AlertRouteID: in.AlertRouteID, EventID: in.EventID, State: in.State, Limit: page.Size, Offset: page.Order.Offset,
	})
	return alertDeliveryPage{Deliveries: found, Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total)}, err
}

// replayAlerts is POST /alert/replay: what was given up is sent again, with the id it had.
func (s *Book) replayAlerts(c *route.Call, in alertReplay) (alertReplayed, error) {
	if len(in.DeliveryIDs) == 0 == (in.AlertRouteID == "") {
		return alertReplayed{}, api.FieldErrorf("delivery_ids", "is required: the deliveries to send again, or alert_route_id for all of a route, not both")
	}
	replayed, err := s.Record.ReplayDeliveries(c.Context(), c.Change, in.DeliveryIDs, in.AlertRouteID)
	return alertReplayed{Replayed: replayed}, err
}

// deliveryRoutes are the operations on what became of alert messages.
func (s *Book) deliveryRoutes() []route.Route {
	return []route.Route{
		route.New("GET /alert/deliveries", auth.Read, s.listAlertDeliveries, route.Spec{
			Tag: "alert route", Summary: "List what became of each alert message, newest first.",
		}),
		route.New("POST /alert/replay", auth.Write, s.replayAlerts, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Send again what was given up.",
			Description: "Deliveries that are under way or were taken are left alone. A message has the id it had, so that a receiver can tell a repetition.",
		}),
	}
}
