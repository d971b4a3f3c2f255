package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamPermissions is the answer of GET /team/permissions_list.
type teamPermissions struct {
	TeamID                  string         `json:"team_id"`
	TeamMemberPermissions   api.StringList `json:"team_member_permissions"`
	AllAvailablePermissions []string       `json:"all_available_permissions"`
}

// listPermissions is GET /team/permissions_list?team_id=.
func (s *Server) listPermissions(c *route.Call) (any, error) {
	id, err := c.Required("team_id")
	if err != nil {
		return nil, err
	}
	team, err := s.record.Team(c.Context(), id)
	return teamPermissions{
		TeamID: id, TeamMemberPermissions: team.Permissions(), AllAvailablePermissions: api.MemberRoutes,
	}, err
}

// updatePermissions is POST /team/permissions_update {"team_id", "team_member_permissions"}.
func (s *Server) updatePermissions(c *route.Call) (any, error) {
	id, err := c.In.Required("team_id")
	if err != nil {
		return nil, err
	}
	if !c.In.Has("team_member_permissions") {
		return nil, api.FieldErrorf("team_member_permissions", "is required: a list of routes; null is the default, [] is none")
	}
	var fields struct {
		TeamMemberPermissions *api.StringList `json:"team_member_permissions"`
	}
	if err := c.In.Expect(&fields); err != nil {
		return nil, err
	}
	return s.editTeam(c, id, func(team *api.Team) error {
		team.TeamMemberPermissions = fields.TeamMemberPermissions
		return nil
	})
}

// availableTeams is GET /team/available: the teams that a caller may join without being asked to. There are none.
func (s *Server) availableTeams(*route.Call) (any, error) { return []api.Team{}, nil }
