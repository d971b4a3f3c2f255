package admin

import (
	"context"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamInfo is GET /team/info?team_id=. Who comes with a key for models sees no keys but their own.
func (s *Server) teamInfo(c *route.Call, in teamAsked) (info api.TeamInfo, err error) {
	team, err := s.completeTeam(c.Context(), in.TeamID)
	if err != nil {
		return info, err
	}
	keys, err := s.keys(c.Context(), api.KeyFilter{TeamID: in.TeamID})
	if err != nil {
		return info, err
	}
	if c.Caller.Role == auth.RoleKey {
		keys = slices.DeleteFunc(keys, func(key api.Key) bool { return !ownKey(c.Caller, key) })
	}
	members, err := s.record.MembersOfTeams(c.Context(), []string{in.TeamID})
	if err != nil {
		return info, err
	}
	shown, err := s.showMembers(c.Context(), team, members[in.TeamID])
	if err != nil {
		return info, err
	}
	limits, err := s.spending.LimitsInForce(c.Context(), team)
	return api.TeamInfo{
		Team: team, TeamInfo: asLiteLLM(team), Keys: keys, Members: membersOf(keys, members[in.TeamID]), TeamMemberships: shown,
		LimitsInForce: limits,
	}, err
}

// asLiteLLM is a team where LiteLLM's clients look for it: permissions that nobody has set are an empty list there, not
// null.
func asLiteLLM(team api.Team) api.Team {
	if team.TeamMemberPermissions == nil {
		team.TeamMemberPermissions = &api.StringList{}
	}
	return team
}

// completeTeam reads one team with all that belongs to it.
func (s *Server) completeTeam(ctx context.Context, id string) (api.Team, error) {
	team, err := s.record.Team(ctx, id)
	if err != nil {
		return api.Team{}, err
	}
	teams := []api.Team{team}
	err = s.completeTeams(ctx, teams)
	return teams[0], err
}

// membersOf are the people of a team as LiteLLM's documentation shows them: one for each key, and then
// the members without one.
func membersOf(keys []api.Key, members []api.Membership) []api.Member {
	byID := map[string]api.Membership{}
	for _, member := range members {
		byID[member.UserID] = member
	}
	list := make([]api.Member, 0, len(keys)+len(members))
	for _, key := range keys {
		shown := api.Member{UserID: key.UserID, Role: api.MemberUser, Key: key.KeyName, KeyID: key.KeyID, KeyAlias: key.KeyAlias}
		if key.UserID != nil {
			if member, found := byID[*key.UserID]; found {
				shown.Role, shown.UserEmail = member.Role, member.UserEmail
			}
		}
		list = append(list, shown)
	}
	for _, member := range members {
		withKey := slices.ContainsFunc(keys, func(key api.Key) bool { return key.UserID != nil && *key.UserID == member.UserID })
		if !withKey {
			list = append(list, api.Member{UserID: &member.UserID, UserEmail: member.UserEmail, Role: member.Role})
		}
	}
	return list
}

func ownKey(caller auth.Caller, key api.Key) bool {
	user := ""
	if key.UserID != nil {
		user = *key.UserID
	}
	return caller.Owns(key.KeyID, user)
}

func teamIDs(teams []api.Team) []string {
	ids := make([]string, len(teams))
	for i, team := range teams {
		ids[i] = team.TeamID
	}
	return ids
}
