package admin

import (
	"cmp"
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createTeam is POST /team/new: a team's fields, and team_id unless one is to be made.
func (s *Server) createTeam(c *route.Call, in teamNew) (made api.Team, err error) {
	team := api.NewTeam(cmp.Or(in.TeamID, auth.NewTeamID()))
	if err := in.Apply(&team.TeamFields); err != nil {
		return made, err
	}
	if err := team.Validate(); err != nil {
		return made, err
	}
	if err := route.Undeclared("team", s.declared.Team, team.TeamID); err != nil {
		return made, err
	}
	// Spending is read first: the id may have been in use before, and inside of the transaction is no time for it.
	fresh := []api.Team{team}
	if err := s.completeTeams(c.Context(), fresh); err != nil {
		return made, err
	}
	made, err = route.Once(c, s.record, func(ctx context.Context) (api.Team, error) {
		stored, err := s.storeTeam(ctx, c, team, in.MembersWithRoles)
		stored.BudgetState = fresh[0].BudgetState
		return stored, err
	})
	if err != nil {
		return made, err
	}
	return made, s.teamInForce(c.Context(), made)
}

// storeTeam makes a team and its members in one transaction.
func (s *Server) storeTeam(ctx context.Context, c *route.Call, team api.Team, people []person) (stored api.Team, err error) {
	err = s.record.Transaction(ctx, func(ctx context.Context) error {
		if stored, err = s.record.CreateTeam(ctx, c.Change, team); err != nil {
			return route.Taken(err, "team_id")
		}
		added, err := s.addMembers(ctx, c, team.TeamID, people, api.MemberFields{})
		stored.MembersWithRoles = rolesOf(added.Memberships)
		return err
	})
	return stored, err
}

// teamInForce puts a new team and its members in force.
func (s *Server) teamInForce(ctx context.Context, team api.Team) error {
	failed := s.changes.TeamChanged(ctx, team.TeamID)
	for _, member := range team.MembersWithRoles {
		failed = errors.Join(failed, s.changes.UserChanged(ctx, member.UserID))
	}
	return route.InForce(failed)
}

func rolesOf(members []api.Membership) api.MemberRoles {
	var roles api.MemberRoles
	for _, member := range members {
		roles = append(roles, api.MemberRole{Role: member.Role, UserID: member.UserID, UserEmail: member.UserEmail})
	}
	return roles
}

// completeTeams fills in what belongs to a team: its members, spending, and where it is declared.
func (s *Server) completeTeams(ctx context.Context, teams []api.Team) error {
	if len(teams) == 0 {
		return nil
	}
	states, err := s.spending.Teams(ctx, teams)
	if err != nil {
		return route.Unspent(err)
	}
	members, err := s.record.MembersOfTeams(ctx, teamIDs(teams))
	if err != nil {
		return err
	}
	for i := range teams {
		teams[i].BudgetState = states[i]
		teams[i].MembersWithRoles = rolesOf(members[teams[i].TeamID])
		if file, ok := s.declared.Team(teams[i].TeamID); ok {
			teams[i].DeclaredIn = file
		}
	}
	return nil
}

// teamUpdated is the answer of POST /team/update: the team at the top level, and as LiteLLM puts it.
type teamUpdated struct {
	api.Team
	Data api.Team `json:"data"`
}

// updateTeam is POST /team/update: team_id and the fields to change.
func (s *Server) updateTeam(c *route.Call, in teamUpdate) (teamUpdated, error) {
	team, err := s.editTeam(c, in.TeamID, func(team *api.Team) error {
		before := team.Blocked
		if err := in.Apply(&team.TeamFields); err != nil {
			return err
		}
		keepAtOnce(c, &team.Record, before, &team.Blocked)
		return nil
	})
	return teamUpdated{Team: team, Data: asLiteLLM(team)}, err
}

// editTeam changes one team and answers it as it is then.
func (s *Server) editTeam(c *route.Call, id string, edit func(*api.Team) error) (api.Team, error) {
	revision, err := c.IfRevision()
	if err != nil {
		return api.Team{}, err
	}
	if err := route.Undeclared("team", s.declared.Team, id); err != nil {
		return api.Team{}, err
	}
	team, err := s.record.UpdateTeam(c.Context(), c.Change, id, revision, edit)
	if err != nil {
		return api.Team{}, err
	}
	if err := route.InForce(s.changes.TeamChanged(c.Context(), id)); err != nil {
		return api.Team{}, err
	}
	teams := []api.Team{team}
	err = s.completeTeams(c.Context(), teams)
	return teams[0], err
}

// blockTeam is POST /team/block {"team_id"}.
func (s *Server) blockTeam(c *route.Call, in teamNamed) (api.Team, error) {
	return s.setTeamBlocked(c, in.TeamID, true)
}

// unblockTeam is POST /team/unblock {"team_id"}.
func (s *Server) unblockTeam(c *route.Call, in teamNamed) (api.Team, error) {
	return s.setTeamBlocked(c, in.TeamID, false)
}

func (s *Server) setTeamBlocked(c *route.Call, id string, blocked bool) (api.Team, error) {
	return s.editTeam(c, id, func(team *api.Team) error { return s.setBlocked(c, &team.Record, &team.Blocked, blocked) })
}

// deleteTeams is POST /team/delete {"team_ids", "only_without_keys"}: all of them with their keys, or none.
func (s *Server) deleteTeams(c *route.Call, in teamsToDelete) (gone teamsDeleted, err error) {
	if err := route.Undeclared("team", s.declared.Team, in.TeamIDs...); err != nil {
		return gone, err
	}
	teams, keys, err := s.removeTeams(c, in.TeamIDs, in.OnlyWithoutKeys)
	if err != nil {
		return gone, err
	}
	var failed error
	for _, team := range teams {
		failed = errors.Join(failed, s.changes.TeamChanged(c.Context(), team.TeamID))
	}
	for _, key := range keys {
		if len(key.SpeakForTeams) > 0 { // it is known in the slots of other teams
			failed = errors.Join(failed, s.changes.KeyChanged(c.Context(), &key, nil))
		}
	}
	return teamsDeleted{DeletedTeams: in.TeamIDs, DeletedKeys: keyIDs(keys)}, route.InForce(failed)
}

// removeTeams deletes teams in one transaction, with the keys they have unless these are to keep them.
func (s *Server) removeTeams(c *route.Call, ids []string, onlyWithoutKeys bool) (teams []api.Team, keys []api.Key, err error) {
	err = s.record.Transaction(c.Context(), func(ctx context.Context) error {
		if teams, keys, err = s.record.DeleteTeams(ctx, c.Change, ids); err != nil {
			return err
		}
		if onlyWithoutKeys && len(keys) > 0 {
			return api.Errorf(api.Conflict, "%d keys would go with the teams: delete or move them first, or leave out only_without_keys", len(keys))
		}
		return nil
	})
	return teams, keys, err
}

// teamsDeleted is the answer of POST /team/delete.
type teamsDeleted struct {
	DeletedTeams []string `json:"deleted_teams"`
	// DeletedKeys are the ids of the keys that went with them.
	DeletedKeys []string `json:"deleted_keys"`
}

func keyIDs(keys []api.Key) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = key.KeyID
	}
	return ids
}
