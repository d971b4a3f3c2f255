package rehearse

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// rehearsal is a record that notes what is made of its objects.
type rehearsal struct {
	stores.Record
	teams   *transitions[api.Team]
	keys    *transitions[api.Key]
	budgets *transitions[api.Budget]
	// members are by their team and user, see [memberOf].
	members *transitions[api.Membership]
	users   *transitions[api.User]
	models  *transitions[api.Model]
	// gone are the keys that go with members and users, by whom they go with.
	gone map[string][]api.NamedKey
}

func newRehearsal(record stores.Record) *rehearsal {
	return &rehearsal{
		Record: record, teams: newTransitions[api.Team](), keys: newTransitions[api.Key](), budgets: newTransitions[api.Budget](),
		members: newTransitions[api.Membership](), users: newTransitions[api.User](), models: newTransitions[api.Model](),
		gone: map[string][]api.NamedKey{},
	}
}

// transitions are the first state of each object before, and its last state after, a set of changes.
type transitions[T any] struct {
	ids    []string
	before map[string]*T
	after  map[string]*T
}

func newTransitions[T any]() *transitions[T] {
	return &transitions[T]{before: map[string]*T{}, after: map[string]*T{}}
}

// note adds a change: before is nil for what was made, after for what was deleted.
func (t *transitions[T]) note(id string, before, after *T) {
	if _, known := t.before[id]; !known {
		t.ids = append(t.ids, id)
		t.before[id] = before
	}
	t.after[id] = after
}

// CreateTeam implements [stores.Record].
func (r *rehearsal) CreateTeam(ctx context.Context, change api.Change, team api.Team) (api.Team, error) {
	stored, err := r.Record.CreateTeam(ctx, change, team)
	if err == nil {
		r.teams.note(stored.TeamID, nil, &stored)
	}
	return stored, err
}

// UpdateTeam implements [stores.Record].
func (r *rehearsal) UpdateTeam(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Team) error) (api.Team, error) {
	var before api.Team
	stored, err := r.Record.UpdateTeam(ctx, change, id, ifRevision, func(team *api.Team) error {
		before = *team
		return edit(team)
	})
	if err == nil {
		r.teams.note(id, &before, &stored)
	}
	return stored, err
}

// DeleteTeams implements [stores.Record].
func (r *rehearsal) DeleteTeams(ctx context.Context, change api.Change, ids []string) ([]api.Team, []api.Key, error) {
	teams, keys, err := r.Record.DeleteTeams(ctx, change, ids)
	if err == nil {
		for _, team := range teams {
			r.teams.note(team.TeamID, &team, nil)
		}
	}
	return teams, keys, err
}

// CreateKey implements [stores.Record].
func (r *rehearsal) CreateKey(ctx context.Context, change api.Change, key api.Key, digest []byte) (api.Key, error) {
	stored, err := r.Record.CreateKey(ctx, change, key, digest)
	if err == nil {
		r.keys.note(stored.KeyID, nil, &stored)
	}
	return stored, err
}

// UpdateKey implements [stores.Record].
func (r *rehearsal) UpdateKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Key) error) (api.Key, error) {
	var before api.Key
	stored, err := r.Record.UpdateKey(ctx, change, id, ifRevision, func(key *api.Key) error {
		before = *key
		return edit(key)
	})
	if err == nil {
		r.keys.note(id, &before, &stored)
	}
	return stored, err
}

// DeleteKeys implements [stores.Record].
func (r *rehearsal) DeleteKeys(ctx context.Context, change api.Change, ids []string) ([]api.Key, error) {
	keys, err := r.Record.DeleteKeys(ctx, change, ids)
	if err == nil {
		for _, key := range keys {
			r.keys.note(key.KeyID, &key, nil)
		}
	}
	return keys, err
}

// CreateBudget implements [stores.Record].
func (r *rehearsal) CreateBudget(ctx context.Context, change api.Change, budget api.Budget) (api.Budget, error) {
	stored, err := r.Record.CreateBudget(ctx, change, budget)
	if err == nil {
		r.budgets.note(stored.BudgetID, nil, &stored)
	}
	return stored, err
}

// UpdateBudget implements [stores.Record].
func (r *rehearsal) UpdateBudget(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Budget) error) (api.Budget, error) {
	var before api.Budget
	stored, err := r.Record.UpdateBudget(ctx, change, id, ifRevision, func(budget *api.Budget) error {
		before = *budget
		return edit(budget)
	})
	if err == nil {
		r.budgets.note(id, &before, &stored)
	}
	return stored, err
}

// DeleteBudgets implements [stores.Record].
func (r *rehearsal) DeleteBudgets(ctx context.Context, change api.Change, ids []string) ([]api.Budget, error) {
	budgets, err := r.Record.DeleteBudgets(ctx, change, ids)
	if err == nil {
		for _, budget := range budgets {
			r.budgets.note(budget.BudgetID, &budget, nil)
		}
	}
	return budgets, err
}
