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
	MembersWithRoles []person `json:"members_with_roles"`
	api.TeamFields
}

// teamUpdate is the body of POST /team/update: what is left out is kept, what is null is cleared.
type teamUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	api.TeamFields
}

// teamNamed is a body that names one team.
type teamNamed struct {
	TeamID string `json:"team_id" required:"true"`
}

// teamsToDelete is the body of POST /team/delete.
type teamsToDelete struct {
	TeamIDs         []string `json:"team_ids" required:"true"`
	OnlyWithoutKeys bool     `json:"only_without_keys"`
}

var teamFilterParameters = []openapi.Parameter{
	{Name: "team_id", Text: "This team only."},
	{Name: "team_alias", Text: "Teams with this in their alias, upper and lower case being the same."},
	{Name: "user_id", Text: "Teams that the user is a member of or has a key of."},
	{Name: "organization_id", Text: "`default_organization` selects every team, any other none: there are no organizations."},
	{Name: "status", Text: "`deleted` selects none: deleted teams are in the audit log only."},
}

var withMemberships = openapi.Parameter{Name: "include_memberships", Kind: "boolean", Text: "Whether each team comes with its members and their limits, as `/team/info` shows them."}

// teamRoutes are the operations on teams.
func (s *Server) teamRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /team/new", auth.Write, s.createTeam, route.Spec{
			Tag: "team", Summary: "Make a team.", Body: teamNew{}, Answer: api.Team{}, Repeatable: true,
			Errors:    route.Codes(api.AlreadyExists),
			Rehearsed: true,
		}),
		route.Raw("GET /team/info", auth.TeamRead, s.teamInfo, route.Spec{
			Tag: "team", Summary: "Read a team, its keys and its members.", Answer: api.TeamInfo{},
			Description: "The team's fields stand at the top level and, as LiteLLM has them, under `team_info`.",
			Query:       []openapi.Parameter{{Name: "team_id", Required: true}},
			Errors:      route.Codes(api.NotFound),
			Scope:       route.TeamInQuery,
		}),
		route.Raw("GET /team/list", auth.TeamRead, s.listTeams, route.Spec{
			Tag: "team", Summary: "List every team by alias.", Query: teamFilterParameters, Answer: teamList{},
			Description: "Large estates page through `/v2/team/list` instead.",
			Scope:       route.Filtered,
		}),
		route.Raw("GET /v2/team/list", auth.TeamRead, s.pageTeams, route.Spec{
			Tag: "team", Summary: "List teams by the page.", Answer: teamPage{},
			Query: append([]openapi.Parameter{route.PageNumber, route.PageSize("page_size"), route.CursorAfter, route.SortBy(teamColumns), route.SortOrder, withMemberships}, teamFilterParameters...),
			Scope: route.Filtered,
		}),
		route.Raw("POST /team/update", auth.Write, s.updateTeam, route.Spec{
			Tag: "team", Summary: "Change a team.", Body: teamUpdate{}, Answer: teamUpdated{}, Revised: true,
			Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
			Rehearsed:   true,
		}),
		route.Raw("POST /team/delete", auth.Write, s.deleteTeams, route.Spec{
			Tag: "team", Summary: "Delete teams with their keys, all of them or none.", Body: teamsToDelete{}, Answer: teamsDeleted{},
			Description: "With `only_without_keys` nothing is deleted when one of the teams has keys.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
			Rehearsed:   true,
		}),
		route.Raw("POST /team/block", auth.Write, s.blockTeam, route.Spec{
			Tag: "team", Summary: "Refuse everything that a team's keys ask for.", Body: teamNamed{}, Answer: api.Team{}, Revised: true,
			Rehearsed: true,
		}),
		route.Raw("POST /team/unblock", auth.Write, s.unblockTeam, route.Spec{
			Tag: "team", Summary: "Let a team's keys work again.", Body: teamNamed{}, Answer: api.Team{}, Revised: true,
			Rehearsed: true,
		}),
	}
}
