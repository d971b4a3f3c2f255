package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamNew is the body of POST /team/new.
type teamNew struct {
	// TeamID is made when left out.
	TeamID string `json:"team_id"`
	// MembersWithRoles are the team's first members.
	MembersWithRoles people `json:"members_with_roles"`
	route.Fields[api.TeamFields]
}

// teamUpdate is the body of POST /team/update: what is left out is kept, what is null is cleared.
type teamUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	route.Fields[api.TeamFields]
}

// teamNamed is a body that names one team.
type teamNamed struct {
	TeamID string `json:"team_id" required:"true"`
}

// teamAsked names one team in the address.
type teamAsked struct {
	TeamID string `query:"team_id" required:"true"`
}

// teamsToDelete is the body of POST /team/delete.
type teamsToDelete struct {
	TeamIDs         route.IDs `json:"team_ids" required:"a list of the teams to delete"`
	OnlyWithoutKeys bool      `json:"only_without_keys"`
}

// teamsWanted selects teams.
type teamsWanted struct {
	// This team only.
	TeamID string `query:"team_id"`
	// Teams with this in their alias, upper and lower case being the same.
	TeamAlias string `query:"team_alias"`
	// Teams that the user is a member of or has a key of.
	UserID string `query:"user_id"`
	// `default_organization` selects every team, any other none: there are no organizations.
	OrganizationID string `query:"organization_id"`
	// `deleted` selects none: deleted teams are in the audit log only.
	Status string `query:"status"`
}

// teamPageWanted is a page of the teams that are selected.
type teamPageWanted struct {
	Order teamOrder
	// Whether each team comes with its members and their limits, as `/team/info` shows them.
	IncludeMemberships bool `query:"include_memberships" kind:"boolean"`
	teamsWanted
}

// teamOrder is a page of teams in an order.
type teamOrder struct{ route.Page }

// ReadQuery reads the page from the address.
func (o *teamOrder) ReadQuery(c *route.Call) (err error) {
	o.Page, err = c.Page("page_size", teamColumns)
	return err
}

// Parameters implements [openapi.Asking].
func (*teamOrder) Parameters() []openapi.Parameter {
	return []openapi.Parameter{route.PageNumber, route.PageSize("page_size"), route.CursorAfter, route.SortBy(teamColumns), route.SortOrder}
}

// teamRoutes are the operations on teams.
func (s *Server) teamRoutes() []route.Route {
	return []route.Route{
		route.New("POST /team/new", auth.Write, s.createTeam, route.Spec{
			Tag: "team", Summary: "Make a team.", Repeatable: true, Rehearsed: true,
			Errors: route.Codes(api.AlreadyExists),
		}),
		route.New("GET /team/info", auth.TeamRead, s.teamInfo, route.Spec{
			Tag: "team", Summary: "Read a team, its keys and its members.", Scope: route.TeamInQuery,
			Description: "The team's fields stand at the top level and, as LiteLLM has them, under `team_info`.",
			Errors:      route.Codes(api.NotFound),
		}),
		route.New("GET /team/list", auth.TeamRead, s.listTeams, route.Spec{
			Tag: "team", Summary: "List every team by alias.", Scope: route.Filtered, Answer: teamList{},
			Description: "Large estates page through `/v2/team/list` instead.",
		}),
		route.New("GET /v2/team/list", auth.TeamRead, s.pageTeams, route.Spec{
			Tag: "team", Summary: "List teams by the page.", Scope: route.Filtered,
		}),
		route.New("POST /team/update", auth.Write, s.updateTeam, route.Spec{
			Tag: "team", Summary: "Change a team.", Revised: true, Rehearsed: true,
			Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
		}),
		route.New("POST /team/delete", auth.Write, s.deleteTeams, route.Spec{
			Tag: "team", Summary: "Delete teams with their keys, all of them or none.", Rehearsed: true,
			Description: "With `only_without_keys` nothing is deleted when one of the teams has keys.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /team/block", auth.Write, s.blockTeam, route.Spec{
			Tag: "team", Summary: "Refuse everything that a team's keys ask for.", Revised: true, Rehearsed: true,
		}),
		route.New("POST /team/unblock", auth.Write, s.unblockTeam, route.Spec{
			Tag: "team", Summary: "Let a team's keys work again.", Revised: true, Rehearsed: true,
		}),
	}
}
