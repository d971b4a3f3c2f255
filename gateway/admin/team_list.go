package admin

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamColumns are what lists of teams can be sorted by.
var teamColumns = map[string]string{
	"team_id": api.SortByID, "team_alias": api.SortByAlias,
	"created_at": api.SortByCreatedAt, "updated_at": api.SortByUpdatedAt,
}

// teamList is the answer of GET /team/list.
type teamList struct {
	Teams []api.Team `json:"teams"`
}

// teamPage is the answer of GET /v2/team/list.
type teamPage struct {
	Teams      []listedTeam `json:"teams"`
	Total      int          `json:"total"`
	Page       int          `json:"page"`
	PageSize   int          `json:"page_size"`
	TotalPages int          `json:"total_pages"`
	// NextCursor is what cursor has to be for the page after this one; nil on the last page.
	NextCursor *string `json:"next_cursor"`
}

// listedTeam is a team on a page.
type listedTeam struct {
	api.Team
	// TeamMemberships are the team's members with their limits, with include_memberships=true only.
	TeamMemberships *[]api.TeamMembership `json:"team_memberships,omitempty"`
}

// listTeams is GET /team/list: every team by alias, or those that user_id is a member of or has a key of.
// They are written as they are read: an estate may have tens of thousands.
func (s *Server) listTeams(c *route.Call, in teamsWanted) (route.Rows[api.Team], error) {
	filter, err := s.teamFilter(c, in)
	return route.Rows[api.Team]{
		Format: route.FormatJSON, Name: "teams",
		Each: func(ctx context.Context, emit func(api.Team) error) error { return s.eachTeam(ctx, filter, emit) },
	}, err
}

// teamBatch is how many teams are in memory at a time, few enough that the first are answered at once.
const teamBatch = 100

// eachTeam reads teams by alias, a batch at a time.
func (s *Server) eachTeam(ctx context.Context, filter api.TeamFilter, emit func(api.Team) error) error {
	filter.Page = api.Page{SortBy: api.SortByAlias, Limit: teamBatch}
	for {
		teams, _, err := s.teams(ctx, filter)
		if err != nil {
			return err
		}
		for _, team := range teams {
			if err := emit(team); err != nil {
				return err
			}
		}
		if len(teams) < teamBatch {
			return nil
		}
		last := teams[len(teams)-1]
		filter.Page.After = filter.Page.CursorOf(last.TeamID, last.TeamAlias, last.Record)
	}
}

// pageTeams is GET /v2/team/list: a page of the teams.
func (s *Server) pageTeams(c *route.Call, in teamPageWanted) (teamPage, error) {
	filter, err := s.teamFilter(c, in.teamsWanted)
	if err != nil {
		return teamPage{}, err
	}
	page := in.Order.Page
	filter.Page = page.Order
	teams, total, err := s.teams(c.Context(), filter)
	if err != nil {
		return teamPage{}, err
	}
	listed, err := s.listed(c.Context(), teams, in.IncludeMemberships)
	if err != nil {
		return teamPage{}, err
	}
	return teamPage{
		Teams: listed, Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total),
		NextCursor: page.Next(len(teams), func() (string, *string, api.Record) {
			last := teams[len(teams)-1]
			return last.TeamID, last.TeamAlias, last.Record
		}),
	}, nil
}

// listed are teams as they stand on a page.
func (s *Server) listed(ctx context.Context, teams []api.Team, withMembers bool) ([]listedTeam, error) {
	listed := make([]listedTeam, len(teams))
	for i, team := range teams {
		listed[i].Team = team
	}
	if !withMembers {
		return listed, nil
	}
	members, err := s.record.MembersOfTeams(ctx, teamIDs(teams))
	if err != nil {
		return nil, err
	}
	for i, team := range teams {
		shown, err := s.showMembers(ctx, team, members[team.TeamID])
		if err != nil {
			return nil, err
		}
		listed[i].TeamMemberships = &shown
	}
	return listed, nil
}

func (s *Server) teams(ctx context.Context, filter api.TeamFilter) ([]api.Team, int, error) {
	teams, total, err := s.record.Teams(ctx, filter)
	if err != nil {
		return nil, 0, err
	}
	if err := s.completeTeams(ctx, teams); err != nil {
		return nil, 0, err
	}
	if teams == nil {
		teams = []api.Team{}
	}
	return teams, total, nil
}

// teamFilter says which teams are wanted.
func (s *Server) teamFilter(c *route.Call, in teamsWanted) (api.TeamFilter, error) {
	filter := api.TeamFilter{AliasContains: in.TeamAlias}
	if in.TeamID != "" {
		filter.IDs = []string{in.TeamID}
	}
	if in.UserID != "" {
		theirs, err := s.teamsOf(c.Context(), in.UserID)
		if err != nil {
			return filter, err
		}
		filter.IDs = both(filter.IDs, theirs)
	}
	if ofNoOrganization(in.OrganizationID) {
		filter.IDs = []string{}
	}
	if !c.Caller.Role.Everywhere() {
		filter.IDs = both(filter.IDs, notNil(c.Caller.Teams))
	}
	if in.Status == "deleted" {
		filter.IDs = []string{} // deleted teams are in the audit log only
	}
	return filter, nil
}

// teamsOf returns the teams that a user is a member of or has a key of; never nil.
func (s *Server) teamsOf(ctx context.Context, user string) ([]string, error) {
	keys, _, err := s.record.Keys(ctx, api.KeyFilter{UserID: user})
	if err != nil {
		return nil, err
	}
	ids, seen := []string{}, map[string]bool{}
	known, err := s.record.User(ctx, user)
	if err != nil && api.CodeOf(err) != api.NotFound {
		return nil, err
	}
	for _, team := range known.Teams {
		seen[team] = true
		ids = append(ids, team)
	}
	for _, key := range keys {
		if key.TeamID != nil && !seen[*key.TeamID] {
			seen[*key.TeamID] = true
			ids = append(ids, *key.TeamID)
		}
	}
	return ids, nil
}

// both returns the ids that are in both lists, where a nil first list holds all.
func both(first, second []string) []string {
	if first == nil {
		return second
	}
	shared := []string{}
	for _, a := range first {
		for _, b := range second {
			if a == b {
				shared = append(shared, a)
			}
		}
	}
	return shared
}
