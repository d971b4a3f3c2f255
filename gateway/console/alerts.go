package console

import (
	"net/http"
	"net/url"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertsBody is where alerts go and what became of them.
type alertsBody struct {
	Routes     []api.AlertRoute
	Deliveries []api.AlertDelivery
	State      string
	States     []filterEntry
	Total      int
	Change     bool
	// Kinds are the places that a new route can go to.
	Kinds []form.Noun
	Done  bool
	// Tested is the route that a test was sent to, Failed why it did not arrive.
	Tested, Failed string
	// Replayed says that a message is on its way again.
	Replayed bool
}

var deliveryStates = []filterEntry{{"", "All"}, {api.DeliveryPending, "On their way"}, {api.DeliverySent, "Arrived"}, {api.DeliveryDead, "Given up"}}

// alerts lists routes and the latest deliveries.
func (s *Server) alerts(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := alertsBody{
		State: query.Get("state"), States: deliveryStates, Change: in.caller.Role.May(auth.Write),
		Tested: query.Get("tested"), Failed: query.Get("failed"), Replayed: query.Has("replayed"),
		Kinds: form.AlertRoutes, Done: query.Has("done"),
	}
	var err error
	if body.Routes, _, err = s.Record.AlertRoutes(r.Context(), api.AlertRouteFilter{Page: api.Page{Limit: perPage}}); err != nil {
		return err
	}
	filter := api.AlertDeliveryFilter{State: body.State, Limit: perPage}
	if body.Deliveries, body.Total, err = s.Record.AlertDeliveries(r.Context(), filter); err != nil {
		return err
	}
	return s.show(w, r, in, "alerts", "Alerts", false, body)
}

// replayAlert sends a message again that was given up, or all of a route.
func (s *Server) replayAlert(w http.ResponseWriter, r *http.Request, in *session) error {
	question := map[string]any{"delivery_ids": []string{r.PostFormValue("id")}}
	if _, err := s.ask(r, in, http.MethodPost, "/alert/replay", question, nil); err != nil {
		return err
	}
	http.Redirect(w, r, Root+"alerts?replayed=1", http.StatusSeeOther)
	return nil
}

// testAlert sends a test event to a route.
func (s *Server) testAlert(w http.ResponseWriter, r *http.Request, in *session) error {
	id := r.PostFormValue("id")
	result := url.Values{"tested": {id}}
	if _, err := s.ask(r, in, http.MethodPost, "/alert_route/test", map[string]string{"alert_route_id": id}, nil); err != nil {
		if api.CodeOf(err) != api.Upstream && api.CodeOf(err) != api.Conflict {
			return err
		}
		result.Set("failed", err.Error())
	}
	http.Redirect(w, r, Root+"alerts?"+result.Encode(), http.StatusSeeOther)
	return nil
}
