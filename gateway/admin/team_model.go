package admin

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// addTeamModels is POST /team/model/add {"team_id", "models"}: those that the team does not have yet come
// at the end of its list, in the order sent. A team without a list may use every model, and keeps all of them.
func (s *Server) addTeamModels(c *route.Call, in teamModels) (api.Team, error) {
	return s.changeModels(c, in, func(have, named []string) []string {
		if len(have) == 0 {
			have = []string{allProxyModels}
		}
		have = slices.DeleteFunc(have, func(model string) bool { return model == noDefaultModels })
		for _, model := range named {
			if !slices.Contains(have, model) {
				have = append(have, model)
			}
		}
		return have
	})
}

// deleteTeamModels is POST /team/model/delete {"team_id", "models"}. An empty list would be every model, so
// a team that loses its last one may use none.
func (s *Server) deleteTeamModels(c *route.Call, in teamModels) (api.Team, error) {
	return s.changeModels(c, in, func(have, named []string) []string {
		if len(have) == 0 {
			return have
		}
		have = slices.DeleteFunc(have, func(model string) bool { return slices.Contains(named, model) })
		if len(have) == 0 {
			return []string{noDefaultModels}
		}
		return have
	})
}

func (s *Server) changeModels(c *route.Call, in teamModels, change func(have, named []string) []string) (api.Team, error) {
	return s.editTeam(c, in.TeamID, func(team *api.Team) error {
		team.Models = change(slices.Clone(team.Models), in.Models)
		return nil
	})
}
