package admin

import (
	"context"
	"errors"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// membersAdded is the answer of POST /team/bulk_member_add.
type membersAdded struct {
	TeamID              string        `json:"team_id"`
	Results             []memberTried `json:"results"`
	TotalRequested      int           `json:"total_requested"`
	SuccessfulAdditions int           `json:"successful_additions"`
	FailedAdditions     int           `json:"failed_additions"`
	UpdatedTeam         api.Team      `json:"updated_team"`
}

// memberTried is what became of one of many.
type memberTried struct {
	UserID                *string             `json:"user_id"`
	UserEmail             *string             `json:"user_email"`
	Success               bool                `json:"success"`
	Error                 *string             `json:"error"`
	UpdatedUser           *api.User           `json:"updated_user"`
	UpdatedTeamMembership *api.TeamMembership `json:"updated_team_membership"`
}

// addMembersEach is POST /team/bulk_member_add: each is added or not, and the answer is 200 in any case.
func (s *Server) addMembersEach(c *route.Call, in membersAdd) (answer membersAdded, err error) {
	people, err := s.manyPeople(c, in)
	if err != nil {
		return answer, err
	}
	limits, teamID := in.fields(), in.TeamID
	if err := s.mayGrant(c, teamID, limits); err != nil {
		return answer, err
	}
	answer = membersAdded{TeamID: teamID, Results: make([]memberTried, len(people)), TotalRequested: len(people)}
	var all membersChanged
	for i, person := range people {
		answer.Results[i] = memberTried{UserID: person.UserID, UserEmail: person.UserEmail}
		added, err := s.addMembers(c.Context(), c, teamID, people[i:i+1], limits)
		if err != nil {
			answer.FailedAdditions++
			answer.Results[i].Error = new(told(err))
			continue
		}
		answer.SuccessfulAdditions++
		answer.Results[i].Success, answer.Results[i].UpdatedUser = true, &added.Users[0]
		answer.Results[i].UserID = &added.Users[0].UserID
		all.Memberships = append(all.Memberships, added.Memberships...)
		all.Users = append(all.Users, added.Users...)
	}
	if err := s.membersInForce(c.Context(), teamID, all); err != nil {
		return answer, err
	}
	return answer, s.completeBulk(c.Context(), &answer, all)
}

// completeBulk fills in the team and the memberships as they are then.
func (s *Server) completeBulk(ctx context.Context, answer *membersAdded, all membersChanged) error {
	team, err := s.completeTeam(ctx, answer.TeamID)
	if err != nil {
		return err
	}
	answer.UpdatedTeam = team
	shown, err := s.showMembers(ctx, team, all.Memberships)
	if err != nil {
		return err
	}
	for i := range answer.Results {
		if answer.Results[i].Success {
			answer.Results[i].UpdatedTeamMembership, shown = &shown[0], shown[1:]
		}
	}
	return nil
}

// manyPeople are those whom a request names, or with all_users everybody who is not in the team yet.
func (s *Server) manyPeople(c *route.Call, in membersAdd) (people, error) {
	if in.AllUsers == (len(in.Members) > 0) {
		return nil, api.FieldErrorf("members", "is required, or all_users: true; not both")
	}
	if !in.AllUsers {
		return in.Members, nil
	}
	if !c.Caller.Role.Everywhere() {
		return nil, api.Errorf(api.Forbidden, "role %s may not name all users of the gateway", c.Caller.Role)
	}
	return s.everybodyElse(c.Context(), in.TeamID)
}

func (s *Server) everybodyElse(ctx context.Context, teamID string) (people, error) {
	users, _, err := s.record.Users(ctx, api.UserFilter{})
	if err != nil {
		return nil, err
	}
	named := people{}
	for _, user := range users {
		if !slices.Contains(user.Teams, teamID) {
			named = append(named, person{Role: api.MemberUser, UserID: &user.UserID})
		}
	}
	if len(named) > maxPeople {
		return nil, api.FieldErrorf("all_users", "are %d, more than the %d that one request may add", len(named), maxPeople)
	}
	return named, nil
}

// told is what a caller is told about a failure among many; what is not meant for callers stays here.
func told(err error) string {
	if known, ok := errors.AsType[*api.Error](err); ok {
		return known.Message
	}
	return "internal error"
}
