package store

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var teamNoun = noun[api.Team]{
	name: "team", get: (*Store).Team, check: (*Store).checkTeam, put: (*Store).putTeam, audit: auditTeam,
	id:     func(team *api.Team) *string { return &team.TeamID },
	record: func(team *api.Team) *api.Record { return &team.Record },
	caps: func(team api.Team) []spendingCap {
		return []spendingCap{
			capOf(api.TeamScope(team.TeamID), team.BudgetTerms, team.BudgetID),
			capOf(api.MembersScope(team.TeamID), api.BudgetTerms{MaxBudget: team.TeamMemberBudget}, nil),
		}
	},
}

// CreateTeam stores a new team and returns it as a read would. Errors: [api.Invalid],
// [api.AlreadyExists].
func (s *Store) CreateTeam(ctx context.Context, change api.Change, team api.Team) (api.Team, error) {
	return create(ctx, s, teamNoun, change, team, nothing)
}

// Team returns a team without its spend. Error: [api.NotFound].
func (s *Store) Team(ctx context.Context, id string) (api.Team, error) {
	var row object
	found, err := s.one(ctx, "team_get", args{"id": id}, row.targets()...)
	if err != nil {
		return api.Team{}, err
	}
	if !found {
		return api.Team{}, api.Errorf(api.NotFound, "Team not found, passed team_id=%s", id)
	}
	return row.team()
}

// Teams returns the teams that the filter selects, and how many there are without the filter's page.
func (s *Store) Teams(ctx context.Context, filter api.TeamFilter) ([]api.Team, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	values.givenPart("alias_contains", filter.AliasContains)
	return list(ctx, s, "team", values, filter.Page, func(scan func(...any) error) (api.Team, error) {
		var row object
		if err := scan(row.targets()...); err != nil {
			return api.Team{}, err
		}
		return row.team()
	})
}

// AllTeamIDs returns the ids of all teams, in order.
func (s *Store) AllTeamIDs(ctx context.Context) ([]string, error) {
	return s.texts(ctx, "team_ids", args{})
}

// TeamIDsOfBudgets returns the ids of the teams that take the terms of one of the budgets, in order.
func (s *Store) TeamIDsOfBudgets(ctx context.Context, budgetIDs []string) ([]string, error) {
	return s.texts(ctx, "team_ids_of_budgets", args{"ids": budgetIDs})
}

// UpdateTeam lets edit change a team, if its revision is ifRevision or that is zero, and returns it as
// stored. edit cannot change the id or the record. Errors: [api.NotFound], [api.Stale], [api.Invalid], edit's.
func (s *Store) UpdateTeam(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Team) error) (api.Team, error) {
	return update(ctx, s, teamNoun, change, "update", id, ifRevision,
		func(_ context.Context, team *api.Team) error { return edit(team) })
}

// DeleteTeams deletes teams with their keys and members, all or none, and returns what is gone.
// The error is an [api.NotFound] for the first id that is not there.
func (s *Store) DeleteTeams(ctx context.Context, change api.Change, ids []string) (teams []api.Team, keys []api.Key, err error) {
	err = s.change(ctx, func(ctx context.Context, _ *tx) error {
		keys = []api.Key{}
		teams, err = remove(ctx, s, teamNoun, change, ids, func(ctx context.Context, team api.Team) error {
			gone, err := s.deleteKeysOf(ctx, change, api.KeyFilter{TeamID: team.TeamID})
			if err != nil {
				return err
			}
			keys = append(keys, gone...)
			return s.deleteMembersOf(ctx, change, team.TeamID)
		})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return teams, keys, nil
}

func (s *Store) checkTeam(ctx context.Context, team api.Team) error {
	if err := team.Validate(); err != nil {
		return err
	}
	return s.checkBudgetID(ctx, team.BudgetID)
}

func (s *Store) putTeam(ctx context.Context, query string, team api.Team) error {
	values, err := objectArgs(team.TeamID, team.DeclaredIn, team.Record, team.TeamFields)
	if err != nil {
		return err
	}
	values["alias_lower"], values["budget_id"] = lower(team.TeamAlias), team.BudgetID
	_, err = s.exec(ctx, query, values)
	return err
}

func (o *object) team() (api.Team, error) {
	team := api.Team{TeamID: o.id, Record: o.record(), DeclaredIn: o.declaredIn}
	return team, decode(o.document, &team.TeamFields)
}

func auditTeam(team api.Team) any {
	return struct {
		TeamID string `json:"team_id"`
		api.TeamFields
		Revision   int64  `json:"revision"`
		DeclaredIn string `json:"declared_in,omitempty"`
	}{team.TeamID, team.TeamFields, team.Revision, team.DeclaredIn}
}
