package admin

import (
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// membersChanged is what adding members has made; it is kept for a repetition of the request.
type membersChanged struct {
	Memberships []api.Membership
	Users       []api.User
}

// memberAdded is the answer of POST /team/member_add.
type memberAdded struct {
	api.Team
	UpdatedUsers           []api.User           `json:"updated_users"`
	UpdatedTeamMemberships []api.TeamMembership `json:"updated_team_memberships"`
}

// addMember is POST /team/member_add: team_id, member (one or a list), and what binds them. All are
// added, or none.
func (s *Server) addMember(c *route.Call, in memberAdd) (answer memberAdded, err error) {
	limits := in.fields()
	if err := s.mayGrant(c, in.TeamID, limits); err != nil {
		return answer, err
	}
	added, err := route.Once(c, s.record, func(ctx context.Context) (membersChanged, error) {
		return s.addMembers(ctx, c, in.TeamID, people(in.Member), limits)
	})
	if err != nil {
		return answer, err
	}
	if err := s.membersInForce(c.Context(), in.TeamID, added); err != nil {
		return answer, err
	}
	return s.memberAnswer(c.Context(), in.TeamID, added)
}

// mayGrant refuses to add people to a team, or with limits, that are not the caller's to give.
func (s *Server) mayGrant(c *route.Call, teamID string, limits api.MemberFields) error {
	team, err := s.memberTeam(c, teamID)
	if err != nil {
		return err
	}
	return s.checkGrant(c, team, api.MemberFields{}, limits)
}

func (s *Server) memberAnswer(ctx context.Context, teamID string, added membersChanged) (memberAdded, error) {
	team, err := s.completeTeam(ctx, teamID)
	if err != nil {
		return memberAdded{}, err
	}
	shown, err := s.showMembers(ctx, team, added.Memberships)
	return memberAdded{Team: team, UpdatedUsers: notNil(added.Users), UpdatedTeamMemberships: shown}, err
}

// memberTeam returns the team whose members a request changes.
func (s *Server) memberTeam(c *route.Call, teamID string) (api.Team, error) {
	if err := route.Undeclared("team", s.declared.Team, teamID); err != nil {
		return api.Team{}, err
	}
	return s.record.Team(c.Context(), teamID)
}

// addMembers puts people into a team, in one transaction, and makes users of those who are not known.
func (s *Server) addMembers(ctx context.Context, c *route.Call, teamID string, people people, limits api.MemberFields) (membersChanged, error) {
	added := membersChanged{Memberships: []api.Membership{}, Users: []api.User{}}
	ofTeam := !c.Caller.Role.Everywhere()
	err := s.record.Transaction(ctx, func(ctx context.Context) error {
		for place, person := range people {
			user, known, err := s.userOf(ctx, c, person)
			if err != nil {
				return err
			}
			if ofTeam && user.UserID == c.Caller.UserID {
				return errOwnMembership()
			}
			member := api.NewMembership(teamID, user.UserID)
			member.MemberFields = limits
			member.Role = person.Role
			member.JoinedByTeam, member.EmailTold = ofTeam && known, person.UserEmail != nil
			stored, err := s.record.CreateMember(ctx, c.Change, member, place)
			if err != nil {
				return err
			}
			user.Teams = append(user.Teams, teamID)
			added.Memberships, added.Users = append(added.Memberships, stored), append(added.Users, userSeen(c, user, person))
		}
		return nil
	})
	return added, err
}

// userOf finds the user that a person is, or makes one, and says whether there was one.
func (s *Server) userOf(ctx context.Context, c *route.Call, person person) (user api.User, known bool, err error) {
	if person.UserID != nil && person.UserEmail != nil && !c.Caller.Role.Everywhere() {
		return user, false, api.FieldErrorf("user_email", "cannot be sent together with user_id: only platform admins link an address to a user; send one of them")
	}
	user, err = s.findUser(ctx, person)
	if api.CodeOf(err) != api.NotFound {
		return user, true, err
	}
	id := auth.NewUserID()
	if person.UserID != nil {
		id = *person.UserID
	}
	user = api.NewUser(id)
	user.UserEmail = person.UserEmail
	user, err = s.record.CreateUser(ctx, c.Change, user)
	return user, false, err
}

// findUser finds the user that a person is. The error is an [api.NotFound] for who is nobody yet.
func (s *Server) findUser(ctx context.Context, person person) (api.User, error) {
	byEmail, err := s.userWithEmail(ctx, person.UserEmail)
	if err != nil {
		return api.User{}, err
	}
	switch {
	case person.UserID == nil && byEmail == nil:
		return api.User{}, api.Errorf(api.NotFound, "nobody has this address")
	case person.UserID == nil:
		return *byEmail, nil
	case byEmail != nil && byEmail.UserID != *person.UserID:
		return api.User{}, api.FieldErrorf("user_email", "belongs to another user than user_id=%s", *person.UserID)
	}
	user, err := s.record.User(ctx, *person.UserID)
	if err == nil && person.UserEmail != nil && byEmail == nil {
		return api.User{}, api.FieldErrorf("user_email", "is not that of user_id=%s", *person.UserID)
	}
	return user, err
}

func (s *Server) userWithEmail(ctx context.Context, email *string) (*api.User, error) {
	if email == nil {
		return nil, nil //nolint:nilnil // nobody is no error
	}
	user, err := s.record.UserByEmail(ctx, *email)
	if api.CodeOf(err) == api.NotFound {
		return nil, nil //nolint:nilnil // nobody is no error
	}
	return &user, err
}

// membersInForce puts new members and their users in force.
func (s *Server) membersInForce(ctx context.Context, teamID string, added membersChanged) error {
	failed := s.changes.TeamChanged(ctx, teamID)
	for _, user := range added.Users {
		failed = errors.Join(failed, s.changes.UserChanged(ctx, user.UserID))
	}
	return route.InForce(failed)
}

// showMembers returns memberships as LiteLLM shows them, with what was spent.
func (s *Server) showMembers(ctx context.Context, team api.Team, members []api.Membership) ([]api.TeamMembership, error) {
	shown := make([]api.TeamMembership, len(members))
	if len(members) == 0 {
		return shown, nil
	}
	states, err := s.spending.Members(ctx, team, members)
	if err != nil {
		return nil, route.Unspent(err)
	}
	for i, member := range members {
		member.BudgetState = states[i]
		shown[i] = api.NewTeamMembership(member, team.MemberDefaults)
	}
	return shown, nil
}

// memberUpdated is the answer of POST /team/member_update.
type memberUpdated struct{ api.TeamMembership }

// updateMember is POST /team/member_update: team_id, user_id or user_email, and the fields to change.
func (s *Server) updateMember(c *route.Call, in memberUpdate) (answer memberUpdated, err error) {
	userID, err := s.userNamed(c, in.namedPerson)
	if err != nil {
		return answer, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return answer, err
	}
	team, err := s.memberTeam(c, in.TeamID)
	if err != nil {
		return answer, err
	}
	if !c.Caller.Role.Everywhere() && userID == c.Caller.UserID {
		return answer, errOwnMembership()
	}
	member, err := s.record.UpdateMember(c.Context(), c.Change, in.TeamID, userID, revision, func(fields *api.MemberFields) error {
		before := *fields
		if err := in.Apply(fields); err != nil {
			return err
		}
		return s.checkGrant(c, team, before, *fields)
	})
	if err != nil {
		return answer, noMember(err)
	}
	if err := route.InForce(s.changes.TeamChanged(c.Context(), in.TeamID)); err != nil {
		return answer, err
	}
	shown, err := s.showMembers(c.Context(), team, []api.Membership{member})
	if err != nil {
		return answer, err
	}
	return memberUpdated{shown[0]}, nil
}

// deleteMember is POST /team/member_delete: team_id and user_id or user_email. The keys that the user has
// in the team go as well.
func (s *Server) deleteMember(c *route.Call, in memberNamed) (answer memberDeleted, err error) {
	userID, err := s.userNamed(c, in.namedPerson)
	if err != nil {
		return answer, err
	}
	if _, err := s.memberTeam(c, in.TeamID); err != nil {
		return answer, err
	}
	keys, err := s.removeMember(c, in.TeamID, userID)
	if err != nil {
		return answer, noMember(err)
	}
	failed := s.changes.TeamChanged(c.Context(), in.TeamID)
	for _, key := range keys {
		if len(key.SpeakForTeams) > 0 {
			failed = errors.Join(failed, s.changes.KeyChanged(c.Context(), &key, nil))
		}
	}
	if err := route.InForce(failed); err != nil {
		return answer, err
	}
	team, err := s.completeTeam(c.Context(), in.TeamID)
	return memberDeleted{Team: team, DeletedKeys: keyIDs(keys)}, err
}

// removeMember deletes a membership and the keys that go with it in one transaction.
func (s *Server) removeMember(c *route.Call, teamID, userID string) (keys []api.Key, err error) {
	err = s.record.Transaction(c.Context(), func(ctx context.Context) error {
		if _, keys, err = s.record.DeleteMember(ctx, c.Change, teamID, userID); err != nil {
			return err
		}
		return checkMayDelete(c, keys)
	})
	return keys, err
}

// memberDeleted is the answer of POST /team/member_delete.
type memberDeleted struct {
	api.Team
	// DeletedKeys are the ids of the keys that the user had in the team.
	DeletedKeys []string `json:"deleted_keys"`
}

// noMember says as LiteLLM does that somebody is in no team: 400, not 404.
func noMember(err error) error {
	if api.CodeOf(err) == api.NotFound {
		return &api.Error{Code: api.Invalid, Param: "user_id", Message: "User not found in team"}
	}
	return err
}

// userNamed returns the id of the user whom a request names.
func (s *Server) userNamed(c *route.Call, named namedPerson) (string, error) {
	if named.UserEmail == "" {
		if named.UserID == "" {
			return "", api.FieldErrorf("user_id", "is required, or user_email")
		}
		return named.UserID, nil
	}
	user, err := s.record.UserByEmail(c.Context(), named.UserEmail)
	if err != nil {
		return "", noMember(err)
	}
	if named.UserID != "" && named.UserID != user.UserID {
		if !c.Caller.Role.Everywhere() { // whose an address is, is not for them to find out
			return "", noMember(api.Errorf(api.NotFound, "not the same person"))
		}
		return "", api.FieldErrorf("user_email", "belongs to another user than user_id=%s", named.UserID)
	}
	return user.UserID, nil
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
