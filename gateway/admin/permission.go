package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamPermissions is the answer of GET /team/permissions_list.
type teamPermissions struct {
	TeamID                  string         `json:"team_id"`
	TeamMemberPermissions   api.StringList `json:"team_member_permissions"`
	AllAvailablePermissions []string       `json:"all_available_permissions"`
}

// listPermissions is GET /team/permissions_list?team_id=.
func (s *Server) listPermissions(c *call) (any, error) {
	id, err := c.required("team_id")
	if err != nil {
		return nil, err
	}
	team, err := s.record.Team(c.ctx(), id)
	return teamPermissions{
		TeamID: id, TeamMemberPermissions: team.Permissions(), AllAvailablePermissions: api.MemberRoutes,
	}, err
}

// updatePermissions is POST /team/permissions_update {"team_id", "team_member_permissions"}.
func (s *Server) updatePermissions(c *call) (any, error) {
	id, err := c.in.required("team_id")
	if err != nil {
		return nil, err
	}
	if !c.in.has("team_member_permissions") {
		return nil, api.FieldErrorf("team_member_permissions", "is required: a list of routes; null is the default, [] is none")
	}
	var fields struct {
		TeamMemberPermissions *api.StringList `json:"team_member_permissions"`
	}
	if err := c.in.expect(&fields); err != nil {
		return nil, err
	}
	return s.editTeam(c, id, func(team *api.Team) error {
		team.TeamMemberPermissions = fields.TeamMemberPermissions
		return nil
	})
}

// availableTeams is GET /team/available: the teams that a caller may join without being asked to. There are none.
func (s *Server) availableTeams(*call) (any, error) { return []api.Team{}, nil }
