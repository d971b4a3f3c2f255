package store

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// member is a membership as its table has it.
type member struct {
	id string
	// place is the one among those who were added together.
	place int
	api.Membership
}

var memberNoun = noun[member]{
	name: "member", get: (*Store).member, check: (*Store).checkMember, put: (*Store).putMember, audit: auditMember,
	id:     func(m *member) *string { return &m.id },
	record: func(m *member) *api.Record { return &m.Record },
	caps: func(m member) []spendingCap {
		return []spendingCap{capOf(api.MemberScope(m.TeamID, m.UserID), api.BudgetTerms{MaxBudget: m.MaxBudgetInTeam, TempBudget: m.TempBudget}, nil)}
	},
}

// memberID joins a team's id and a user's. "#" stands in neither, so no two pairs have one id.
func memberID(teamID, userID string) string { return teamID + "#" + userID }

// CreateMember puts a user into a team and returns the membership as a read would. place is the
// user's among those who are added together. Errors: [api.Invalid], [api.NotFound] for a team or user
// that is not there, [api.MemberExists].
func (s *Store) CreateMember(ctx context.Context, change api.Change, membership api.Membership, place int) (api.Membership, error) {
	id := memberID(membership.TeamID, membership.UserID)
	stored, err := create(ctx, s, memberNoun, change, member{id, place, membership}, nothing)
	if api.CodeOf(err) == api.AlreadyExists {
		return api.Membership{}, alreadyMember(membership)
	}
	return stored.Membership, err
}

func alreadyMember(membership api.Membership) error {
	return &api.Error{
		Code: api.MemberExists, Param: "member",
		Message: "User=" + membership.UserID + " is already a member of team=" + membership.TeamID,
	}
}

// Member returns a user's place in a team, without spend. Error: [api.NotFound].
func (s *Store) Member(ctx context.Context, teamID, userID string) (api.Membership, error) {
	found, err := s.member(ctx, memberID(teamID, userID))
	return found.Membership, err
}

func (s *Store) member(ctx context.Context, id string) (member, error) {
	var row memberRow
	found, err := s.one(ctx, "member_get", args{"id": id}, row.columns()...)
	if err != nil {
		return member{}, err
	}
	if !found {
		return member{}, api.Errorf(api.NotFound, "User not found in team")
	}
	return row.member()
}

// MembersOfTeams returns the members of each team, those who came first at the front.
func (s *Store) MembersOfTeams(ctx context.Context, teamIDs []string) (map[string][]api.Membership, error) {
	members := map[string][]api.Membership{}
	err := inChunks(teamIDs, func(chunk []string) error {
		return s.each(ctx, "member_of_teams", args{"team_ids": chunk}, func(scan func(...any) error) error {
			var row memberRow
			if err := scan(row.columns()...); err != nil {
				return err
			}
			found, err := row.member()
			members[found.TeamID] = append(members[found.TeamID], found.Membership)
			return err
		})
	})
	return members, err
}

// UpdateMember lets edit change a membership, if its revision is ifRevision or that is zero, and returns
// it as stored. Errors: [api.NotFound], [api.Stale], [api.Invalid], edit's.
func (s *Store) UpdateMember(ctx context.Context, change api.Change, teamID, userID string, ifRevision int64, edit func(*api.MemberFields) error) (api.Membership, error) {
	stored, err := update(ctx, s, memberNoun, change, "update", memberID(teamID, userID), ifRevision,
		func(_ context.Context, m *member) error { return edit(&m.MemberFields) })
	return stored.Membership, err
}

// DeleteMember takes a user out of a team and deletes the keys that the user has there.
// Error: [api.NotFound].
func (s *Store) DeleteMember(ctx context.Context, change api.Change, teamID, userID string) (gone api.Membership, keys []api.Key, err error) {
	err = s.change(ctx, func(ctx context.Context, _ *tx) error {
		members, err := remove(ctx, s, memberNoun, change, []string{memberID(teamID, userID)}, func(ctx context.Context, m member) error {
			keys, err = s.deleteKeysOf(ctx, change, api.KeyFilter{TeamID: m.TeamID, UserID: m.UserID})
			return err
		})
		if err == nil {
			gone = members[0].Membership
		}
		return err
	})
	return gone, keys, err
}

// deleteMembersOf takes everybody out of a team in one statement.
func (s *Store) deleteMembersOf(ctx context.Context, change api.Change, teamID string) error {
	change = signed(change)
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		members, err := s.MembersOfTeams(ctx, []string{teamID})
		if err != nil {
			return err
		}
		for _, gone := range members[teamID] {
			m := member{id: memberID(gone.TeamID, gone.UserID), Membership: gone}
			if err := t.audit(ctx, change, "member.delete", m.id, auditMember(m), nil); err != nil {
				return err
			}
		}
		_, err = s.exec(ctx, "member_delete_of_team", args{"team_id": teamID})
		return err
	})
}

func (s *Store) checkMember(ctx context.Context, m member) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if _, err := s.Team(ctx, m.TeamID); err != nil {
		return err
	}
	_, err := s.User(ctx, m.UserID)
	return err
}

func (s *Store) putMember(ctx context.Context, query string, m member) error {
	values, err := objectArgs(m.id, "", m.Record, memberDocument{m.MemberFields, m.JoinedByTeam, m.EmailTold})
	if err != nil {
		return err
	}
	values["team_id"], values["user_id"], values["place"] = m.TeamID, m.UserID, m.place
	_, err = s.exec(ctx, query, values)
	return err
}

type memberRow struct {
	object
	teamID string
	userID string
	email  *string
}

func (r *memberRow) columns() []any { return r.targets(&r.teamID, &r.userID, &r.email) }

func (r *memberRow) member() (member, error) {
	m := member{id: r.id, Membership: api.Membership{
		TeamID: r.teamID, UserID: r.userID, UserEmail: r.email, Record: r.record(),
	}}
	var document memberDocument
	err := decode(r.document, &document)
	m.MemberFields, m.JoinedByTeam, m.EmailTold = document.MemberFields, document.JoinedByTeam, document.EmailTold
	if m.JoinedByTeam && !m.EmailTold {
		m.UserEmail = nil
	}
	return m, err
}

// memberDocument is a membership as its column has it.
type memberDocument struct {
	api.MemberFields
	JoinedByTeam bool `json:"joined_by_team,omitempty"`
	EmailTold    bool `json:"email_told,omitempty"`
}

func auditMember(m member) any {
	return struct {
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
		api.MemberFields
		Revision int64 `json:"revision"`
	}{m.TeamID, m.UserID, m.MemberFields, m.Revision}
}
