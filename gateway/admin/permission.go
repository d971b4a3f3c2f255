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
func (s *Server) listPermissions(c *route.Call, in teamAsked) (teamPermissions, error) {
	team, err := s.record.Team(c.Context(), in.TeamID)
	return teamPermissions{
		TeamID: in.TeamID, TeamMemberPermissions: team.Permissions(), AllAvailablePermissions: api.MemberRoutes,
	}, err
}

// updatePermissions is POST /team/permissions_update {"team_id", "team_member_permissions"}.
func (s *Server) updatePermissions(c *route.Call, in permissionsUpdate) (api.Team, error) {
	return s.editTeam(c, in.TeamID, func(team *api.Team) error {
		team.TeamMemberPermissions = in.TeamMemberPermissions
		return nil
	})
}

// availableTeams is GET /team/available: the teams that a caller may join without being asked to. There are none.
func (s *Server) availableTeams(*route.Call, struct{}) ([]api.Team, error) { return []api.Team{}, nil }
