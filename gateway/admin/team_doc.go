package admin

import (
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

var teamDocs = documentation{
	"POST /team/new": {
		Tag: "team", Summary: "Make a team.", Body: teamNew{}, Answer: api.Team{}, Repeatable: true,
		Errors: codes(api.AlreadyExists),
	},
	"GET /team/info": {
		Tag: "team", Summary: "Read a team, its keys and its members.", Answer: api.TeamInfo{},
		Description: "The team's fields stand at the top level and, as LiteLLM has them, under `team_info`.",
		Query:       []openapi.Parameter{{Name: "team_id", Required: true}},
		Errors:      codes(api.NotFound),
	},
	"GET /team/list": {
		Tag: "team", Summary: "List every team by alias.", Query: teamFilterParameters, Answer: teamList{},
		Description: "Large estates page through `/v2/team/list` instead.",
	},
	"GET /v2/team/list": {
		Tag: "team", Summary: "List teams by the page.", Answer: teamPage{},
		Query: append([]openapi.Parameter{pageNumber, pageSize("page_size"), cursor, sortBy(teamColumns), sortOrder, withMemberships}, teamFilterParameters...),
	},
	"POST /team/update": {
		Tag: "team", Summary: "Change a team.", Body: teamUpdate{}, Answer: teamUpdated{}, Revised: true,
		Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
	},
	"POST /team/delete": {
		Tag: "team", Summary: "Delete teams with their keys, all of them or none.", Body: teamsToDelete{}, Answer: teamsDeleted{},
		Description: "With `only_without_keys` nothing is deleted when one of the teams has keys.",
		Errors:      codes(api.NotFound, api.Conflict),
	},
	"POST /team/block": {
		Tag: "team", Summary: "Refuse everything that a team's keys ask for.", Body: teamNamed{}, Answer: api.Team{}, Revised: true,
	},
	"POST /team/unblock": {
		Tag: "team", Summary: "Let a team's keys work again.", Body: teamNamed{}, Answer: api.Team{}, Revised: true,
	},
}
