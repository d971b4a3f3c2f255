package alerts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertEventPage is the answer of GET /alert/events.
type alertEventPage struct {
	Events     []api.AlertEventRecord `json:"events"`
	Total      int                    `json:"total"`
	Page       int                    `json:"page"`
	PageSize   int                    `json:"page_size"`
	TotalPages int                    `json:"total_pages"`
}

// listAlertEvents is GET /alert/events: what happened, newest first, and who was told or not, and why.
func (s *Book) listAlertEvents(c *route.Call) (any, error) {
	filter := api.AlertEventFilter{EventID: c.Query.Get("event_id"), TeamID: c.Query.Get("team_id")}
	var err error
	if c.Query.Get("event") != "" {
		if filter.Type, err = c.Choice("event", api.Events...); err != nil {
			return nil, err
		}
	}
	if c.Query.Get("severity") != "" {
		if filter.Severity, err = c.Choice("severity", api.Severities...); err != nil {
			return nil, err
		}
	}
	page, err := c.PageOf("page_size", 50)
	if err != nil {
		return nil, err
	}
	filter.Limit, filter.Offset = page.Size, page.Order.Offset
	found, total, err := s.Record.AlertEvents(c.Context(), filter)
	return alertEventPage{Events: found, Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total)}, err
}

// alertAck is the body of POST /alert/ack.
type alertAck struct {
	EventID string `json:"event_id" required:"true"`
}

// acknowledgeAlert is POST /alert/ack: somebody looks into it, and nobody else needs to be called.
func (s *Book) acknowledgeAlert(c *route.Call, in alertAck) (api.AlertEventRecord, error) {
	return s.Record.AcknowledgeAlert(c.Context(), c.Change, in.EventID)
}

// alertSilenceNew is the body of POST /alert/silence.
type alertSilenceNew struct {
	// TeamID is the team that is silenced; left out, every team.
	TeamID string `json:"team_id"`
	// Event is the event that is silenced; left out, every event.
	Event string `json:"event"`
	// Until is when it ends by itself.
	Until time.Time `json:"until" required:"true"`
	// Reason is shown to whoever looks for the message.
	Reason string `json:"reason"`
}

// silenceAlerts is POST /alert/silence.
func (s *Book) silenceAlerts(c *route.Call, in alertSilenceNew) (made api.AlertSilence, err error) {
	if in.TeamID == "" && in.Event == "" {
		return made, api.FieldErrorf("team_id", "is required, or event: a silence names a team, an event or both")
	}
	if in.Event != "" && !slices.Contains(api.Events, in.Event) {
		return made, api.FieldErrorf("event", "%q is no event; known are %s", in.Event, strings.Join(api.Events, ", "))
	}
	if !in.Until.After(s.Now()) {
		return made, api.FieldErrorf("until", "%s is over; a silence ends later", in.Until.Format(time.RFC3339))
	}
	if in.TeamID != "" {
		if _, err := s.Record.Team(c.Context(), in.TeamID); err != nil {
			return made, err
		}
	}
	return s.Record.SilenceAlerts(c.Context(), c.Change, api.AlertSilence{
		TeamID: in.TeamID, Event: in.Event, Until: in.Until.UTC(), Reason: in.Reason,
	})
}

// alertSilenceNamed is the body of POST /alert/silence/delete.
type alertSilenceNamed struct {
	SilenceID string `json:"silence_id" required:"true"`
}

// endSilence is POST /alert/silence/delete.
func (s *Book) endSilence(c *route.Call, in alertSilenceNamed) (api.AlertSilence, error) {
	return s.Record.EndSilence(c.Context(), c.Change, in.SilenceID)
}

// alertSilenceList is the answer of GET /alert/silences.
type alertSilenceList struct {
	Silences []api.AlertSilence `json:"silences"`
}

// listSilences is GET /alert/silences: those that have not ended.
func (s *Book) listSilences(c *route.Call, _ struct{}) (alertSilenceList, error) {
	silences, err := s.Record.AlertSilences(c.Context(), s.Now())
	return alertSilenceList{silences}, err
}

// alertRouteCheck is the body of POST /alert_route/check: an event that may come.
type alertRouteCheck struct {
	Event string `json:"event" required:"true"`
	// Severity is warning when left out.
	Severity  string  `json:"severity"`
	TeamID    string  `json:"team_id"`
	Threshold float64 `json:"threshold"`
}

// alertRouteDecisions is the answer of POST /alert_route/check.
type alertRouteDecisions struct {
	Decisions []api.AlertDecision `json:"decisions"`
	// Reason says why there are none.
	Reason string `json:"reason,omitempty"`
}

// checkAlertRoutes is POST /alert_route/check: which routes would take an event now, and why.
func (s *Book) checkAlertRoutes(c *route.Call, in alertRouteCheck) (checked alertRouteDecisions, err error) {
	if !slices.Contains(api.Events, in.Event) {
		return checked, api.FieldErrorf("event", "%q is no event; known are %s", in.Event, strings.Join(api.Events, ", "))
	}
	if in.Severity == "" {
		in.Severity = "warning"
	}
	if !slices.Contains(api.Severities, in.Severity) {
		return checked, api.FieldErrorf("severity", "%q is no severity; known are %s", in.Severity, strings.Join(api.Severities, ", "))
	}
	checked.Decisions, err = s.Tester.Check(c.Context(), api.AlertEvent{
		ID: "check", Type: in.Event, Severity: in.Severity, TeamID: in.TeamID, Threshold: in.Threshold,
	})
	if err == nil && len(checked.Decisions) == 0 {
		checked.Reason = "there is no alert route, and the team has no owners that alerts.to_owners would tell; make a route with POST /alert_route/new"
	}
	return checked, err
}

// Tester sends a test event, or a digest, to a route and returns what the receiver said when it has arrived, or an
// [api.Error] saying why not. Check says which routes would take an event, and why.
type Tester interface {
	SendTest(ctx context.Context, routeID string, digest bool) (api.AlertTest, error)
	Check(ctx context.Context, event api.AlertEvent) ([]api.AlertDecision, error)
}

// eventRoutes are the operations on what happened and on who is told.
func (s *Book) eventRoutes() []route.Route {
	return []route.Route{
		route.Raw("GET /alert/events", auth.Read, s.listAlertEvents, route.Spec{
			Tag: "alert route", Summary: "List what happened, newest first, with the routes that took each event and those that did not, and why.",
			Answer: alertEventPage{},
			Query: []openapi.Parameter{
				{Name: "event_id", Text: "This event only."},
				{Name: "event", Text: "Events of this name only.", Words: api.Events},
				{Name: "severity", Text: "Events of this severity only.", Words: api.Severities},
				{Name: "team_id", Text: "Events of this team only."},
				route.PageNumber,
				{Name: "page_size", Kind: "integer", Default: 50, Text: "How many on a page, at most 1000."},
			},
		}),
		route.New("POST /alert/ack", auth.Write, s.acknowledgeAlert, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Say that somebody looks into an event.",
			Description: "It is neither told again nor handed on any more. Whoever was first stays.",
			Errors:      route.Codes(api.NotFound),
		}),
		route.New("POST /alert/silence", auth.Write, s.silenceAlerts, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Keep the events of a team, or of a name, from going out until a moment.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /alert/silences", auth.Read, s.listSilences, route.Spec{
			Tag: "alert route", Closed: true, Summary: "List the silences that have not ended.",
		}),
		route.New("POST /alert/silence/delete", auth.Write, s.endSilence, route.Spec{
			Tag: "alert route", Closed: true, Summary: "End a silence.", Errors: route.Codes(api.NotFound),
		}),
		route.New("POST /alert_route/check", auth.Read, s.checkAlertRoutes, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Say which alert routes would take an event now, and why; nobody is told.",
		}),
	}
}
