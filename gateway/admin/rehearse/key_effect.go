package rehearse

import (
	"context"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyEffects are what becomes of keys that there are and that are changed; a new one has spent nothing.
func (s *Checker) keyEffects(ctx context.Context, made *rehearsal) ([]api.KeyEffect, error) {
	effects := []api.KeyEffect{}
	for _, id := range made.keys.ids {
		before, after := made.keys.before[id], made.keys.after[id]
		if before == nil || after == nil {
			continue
		}
		effect := api.KeyEffect{KeyID: id, KeyAlias: after.KeyAlias, MaxBudget: after.MaxBudget}
		now, err := s.judgeKey(ctx, *before, *before, &effect)
		if err != nil {
			return nil, err
		}
		then, err := s.judgeKey(ctx, *before, *after, &effect)
		if err != nil {
			return nil, err
		}
		effect.RefusedNow, effect.Refused, effect.RefusedBecause = len(now) > 0, len(then) > 0, then
		effects = append(effects, effect)
	}
	return effects, nil
}

// judgeKey fills in what a key has spent under its own terms, and returns why they refuse it. It is counted where the
// key is now: a team or budget that is only rehearsed has no counters.
func (s *Checker) judgeKey(ctx context.Context, now, key api.Key, effect *api.KeyEffect) ([]string, error) {
	terms := api.TeamTerms{RateLimits: key.RateLimits, MaxBudget: key.MaxBudget, HardCap: key.HardCap, Blocked: key.Blocked}
	key.TeamID, key.SpeakForTeams, key.BudgetID = now.TeamID, now.SpeakForTeams, nil
	states, err := s.Spending.Keys(ctx, []api.Key{key})
	if err != nil {
		return nil, route.Unspent(err)
	}
	effect.Spend = states[0].Spend
	if terms.Watched, err = s.Spending.KeyWatched(ctx, key); err != nil {
		return nil, err
	}
	return refused("key", terms, effect.Spend), nil
}

// unserved are the names of models that changes add and that no enabled model has, in order.
func (s *Checker) unserved(ctx context.Context, made *rehearsal) (names []string, err error) {
	added := made.addedModels()
	if len(added) == 0 {
		return nil, nil
	}
	models, err := s.Models(ctx)
	if err != nil {
		return nil, err
	}
	models = slices.DeleteFunc(models, func(model api.Model) bool { return !model.Enabled })
	for _, name := range added {
		if !api.ReservedModel(name) && !slices.ContainsFunc(models, func(model api.Model) bool { return model.MeantBy(name) }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// addedModels are the names that changes add to what teams, keys and pots are for.
func (r *rehearsal) addedModels() (names []string) {
	teams := func(team api.Team) []string { return team.Models }
	keys := func(key api.Key) []string { return key.Models }
	budgets := func(budget api.Budget) []string { return budget.Models }
	return slices.Concat(added(r.teams, teams), added(r.keys, keys), added(r.budgets, budgets))
}

func added[T any](changes *transitions[T], modelsOf func(T) []string) (names []string) {
	for _, id := range changes.ids {
		var before []string
		if was := changes.before[id]; was != nil {
			before = modelsOf(*was)
		}
		if becomes := changes.after[id]; becomes != nil {
			for _, name := range modelsOf(*becomes) {
				if !slices.Contains(before, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
