package alerts

import (
	"cmp"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// plannedNew is the body of POST /alert/planned.
type plannedNew struct {
	TeamID string `json:"team_id" required:"the team that is meant to spend more"`
	// Day is the first UTC day, today unless given.
	Day string `json:"day"`
	// Until is the last UTC day, the first unless given.
	Until string `json:"until"`
}

// plannedList is the answer of GET /alert/planned.
type plannedList struct {
	Planned []api.PlannedSpend `json:"planned"`
}

// planSpend is POST /alert/planned: what spend.anomaly told, or would tell, is meant.
func (s *Book) planSpend(c *route.Call, in plannedNew) (api.PlannedSpend, error) {
	planned, err := s.days(in)
	if err != nil {
		return planned, err
	}
	return s.Record.PlanSpend(c.Context(), c.Change, planned)
}

// plannedDeleted is the answer of POST /alert/planned/delete.
type plannedDeleted struct {
	DeletedPlanned api.PlannedSpend `json:"deleted_planned"`
}

// unplanSpend is POST /alert/planned/delete: people hear of these days again.
func (s *Book) unplanSpend(c *route.Call, in plannedNew) (gone plannedDeleted, err error) {
	if gone.DeletedPlanned, err = s.days(in); err != nil {
		return gone, err
	}
	return gone, s.Record.UnplanSpend(c.Context(), c.Change, gone.DeletedPlanned)
}

// days are those that a body names.
func (s *Book) days(in plannedNew) (api.PlannedSpend, error) {
	planned := api.PlannedSpend{TeamID: in.TeamID, FromDay: cmp.Or(in.Day, s.Now().UTC().Format(time.DateOnly))}
	planned.ToDay = cmp.Or(in.Until, planned.FromDay)
	return planned, planned.Validate()
}

// plannedSpends is GET /alert/planned.
func (s *Book) plannedSpends(c *route.Call) (any, error) {
	day := c.Query.Get("day")
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return nil, api.NotADay("day", day)
	}
	planned, err := s.Record.PlannedSpends(c.Context(), c.List("team_id", "team_ids"), day)
	return plannedList{Planned: planned}, err
}

// plannedSpendRoutes are the operations on spending that is out of line and meant.
func (s *Book) plannedSpendRoutes() []route.Route {
	return []route.Route{
		route.New("POST /alert/planned", auth.TeamWrite, s.planSpend, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Say that a team is meant to spend more than usual.",
			Description: "The answer to a `spend.anomaly`, or before it: nobody is told of those days. Why is the `X-Change-Reason`; it is in the audit log.",
			Errors:      route.Codes(api.NotFound), Scope: route.TeamInBody,
		}),
		route.New("POST /alert/planned/delete", auth.TeamWrite, s.unplanSpend, route.Spec{
			Tag: "alert route", Closed: true, Summary: "Take back that a team is meant to spend more on these days.",
			Description: "The days as they were given. What is out of line on them is told again.",
			Errors:      route.Codes(api.NotFound), Scope: route.TeamInBody,
		}),
		route.Raw("GET /alert/planned", auth.TeamRead, s.plannedSpends, route.Spec{
			Tag: "alert route", Summary: "List on which days teams are meant to spend more, the last first.", Answer: plannedList{},
			Query: []openapi.Parameter{
				{Name: "team_id", Text: "Of these teams only, with commas."},
				{Name: "team_ids", Text: "The same as team_id."},
				{Name: "day", Kind: "date", Text: "What includes this UTC day only."},
			},
			Scope: route.TeamsInQuery,
		}),
	}
}
