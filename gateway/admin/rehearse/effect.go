package rehearse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// maxTeamsShown and maxKeysShown bound what a check looks at: a budget may concern every team there is.
	maxTeamsShown = 1000
	maxKeysShown  = 1000
	peakSpan      = 24 * time.Hour
)

// effects are what rehearsed changes would do.
func (s *Checker) effects(ctx context.Context, made *rehearsal) (api.QuotaCheck, error) {
	check := emptyCheck()
	concerned, err := s.concerned(ctx, made)
	if err != nil {
		return check, err
	}
	if len(concerned) > maxTeamsShown {
		check.MoreTeams = len(concerned) - maxTeamsShown
		concerned = concerned[:maxTeamsShown]
	}
	before, after, err := s.teamsThen(ctx, made, concerned)
	if err != nil {
		return check, err
	}
	pots, err := s.potsThen(ctx, made)
	if err != nil {
		return check, err
	}
	if check.Budgets, err = s.budgetEffects(ctx, made); err != nil {
		return check, err
	}
	if check.Keys, err = s.keyEffects(ctx, made); err != nil {
		return check, err
	}
	if check.UnservedModels, err = s.unserved(ctx, made); err != nil {
		return check, err
	}
	if check.Members, err = s.memberEffects(ctx, made); err != nil {
		return check, err
	}
	if check.Users, err = s.userEffects(ctx, made); err != nil {
		return check, err
	}
	if check.Models, err = s.modelEffects(ctx, made); err != nil {
		return check, err
	}
	check.Teams, err = s.teamEffects(ctx, made, concerned, before, after)
	for i := range check.Teams {
		check.Teams[i].Pots = potsOf(pots, check.Teams[i].TeamID)
	}
	return check, err
}

// concerned are the teams that changes are about: themselves, those of keys, and those that name a budget.
func (s *Checker) concerned(ctx context.Context, made *rehearsal) ([]string, error) {
	ids := slices.Clone(made.teams.ids)
	for _, id := range made.keys.ids {
		for _, key := range []*api.Key{made.keys.before[id], made.keys.after[id]} {
			if key != nil && key.TeamID != nil {
				ids = append(ids, *key.TeamID)
			}
		}
	}
	var named []string
	for _, id := range made.budgets.ids {
		for _, budget := range []*api.Budget{made.budgets.before[id], made.budgets.after[id]} {
			if budget != nil {
				ids = append(ids, budget.TeamIDs...)
				named = append(named, id)
			}
		}
	}
	if len(named) == 0 {
		return distinct(ids), nil
	}
	theirs, err := s.Record.TeamIDsOfBudgets(ctx, distinct(named))
	return distinct(append(ids, theirs...)), err
}

// distinct are ids, each once.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(ids, func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}

// teamsThen are teams as they are and as they would be.
func (s *Checker) teamsThen(ctx context.Context, made *rehearsal, ids []string) (before, after map[string]api.Team, err error) {
	teams, _, err := s.Record.Teams(ctx, api.TeamFilter{IDs: ids})
	before, after = map[string]api.Team{}, map[string]api.Team{}
	for _, team := range teams {
		before[team.TeamID] = team
	}
	for _, id := range ids {
		changed, rehearsed := made.teams.after[id]
		stored, there := before[id]
		switch {
		case rehearsed && changed != nil:
			after[id] = *changed
		case !rehearsed && there:
			after[id] = stored
		}
	}
	return before, after, err
}

// potsThen are the shared budgets as they would be.
func (s *Checker) potsThen(ctx context.Context, made *rehearsal) ([]api.Budget, error) {
	stored, _, err := s.Record.Budgets(ctx, api.BudgetFilter{Pots: true})
	var pots []api.Budget
	for _, pot := range stored {
		if _, changed := made.budgets.after[pot.BudgetID]; !changed {
			pots = append(pots, pot)
		}
	}
	for _, id := range made.budgets.ids {
		if pot := made.budgets.after[id]; pot != nil && pot.Pot() {
			pots = append(pots, *pot)
		}
	}
	return pots, err
}

// potsOf are the ids of the pots that a team's requests may be charged to.
func potsOf(pots []api.Budget, team string) (ids []string) {
	for _, pot := range pots {
		if pot.TeamIDs == nil || slices.Contains(pot.TeamIDs, team) {
			ids = append(ids, pot.BudgetID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *Checker) teamEffects(ctx context.Context, made *rehearsal, ids []string, before, after map[string]api.Team) ([]api.TeamEffect, error) {
	peaks, err := s.Record.Peaks(ctx, ids, s.Now().Add(-peakSpan))
	if err != nil {
		return nil, err
	}
	var proposed []api.Budget
	for _, budget := range made.budgets.after {
		if budget != nil {
			proposed = append(proposed, *budget)
		}
	}
	effects := []api.TeamEffect{}
	for _, id := range ids {
		effect := api.TeamEffect{TeamID: id, PeakLastDay: peaks[id], NarrowedKeys: []api.NarrowedKey{}}
		if team, there := before[id]; there {
			if err := s.judge(ctx, team, nil, &effect, &effect.Old); err != nil {
				return nil, err
			}
			effect.RefusedNow, effect.RefusedBecause = len(effect.RefusedBecause) > 0, nil
		}
		if team, there := after[id]; there {
			if err := s.judge(ctx, team, proposed, &effect, &effect.New); err != nil {
				return nil, err
			}
			effect.Refused = len(effect.RefusedBecause) > 0
			effect.ThrottledBecause = throttled(*effect.New, effect.Used, effect.PeakLastDay)
			effect.Throttled = len(effect.ThrottledBecause) > 0
			if effect.NarrowedKeys, err = s.narrowed(ctx, made, before[id], team); err != nil {
				return nil, err
			}
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

// judge fills in the terms of a team, what it has used by them, and why its requests are refused.
func (s *Checker) judge(ctx context.Context, team api.Team, budgets []api.Budget, effect *api.TeamEffect, terms **api.TeamTerms) error {
	filled, used, err := s.Spending.Preview(ctx, []api.Team{team}, budgets)
	if err != nil {
		return route.Unspent(err)
	}
	effect.TeamAlias, effect.Used, *terms = team.TeamAlias, used[0], &filled[0]
	effect.RefusedBecause, effect.WouldRefuseBecause = refused("team", filled[0], used[0].Spend), nil
	if filled[0].Watched {
		effect.WouldRefuseBecause = overLimits(filled[0], used[0].Spend)
	}
	return nil
}

func refused(whose string, terms api.TeamTerms, spend money.Nano) (because []string) {
	if terms.Blocked {
		because = append(because, "the "+whose+" is blocked")
	}
	if terms.Watched {
		return because
	}
	return append(because, overLimits(terms, spend)...)
}

// overLimits are the limits that let no call through.
func overLimits(terms api.TeamTerms, spend money.Nano) (because []string) {
	if terms.MaxBudget != nil && terms.HardCap && spend >= *terms.MaxBudget {
		because = append(because, fmt.Sprintf("max_budget is %s and %s is spent", terms.MaxBudget.Dollars(), spend.Dollars()))
	}
	for _, limit := range []struct {
		name  string
		limit *int64
	}{{"rpm_limit", terms.RPMLimit}, {"tpm_limit", terms.TPMLimit}, {"max_parallel_requests", terms.MaxParallelRequests}} {
		if limit.limit != nil && *limit.limit == 0 {
			because = append(because, limit.name+" is 0")
		}
	}
	return because
}

func throttled(terms api.TeamTerms, used api.TeamUse, peak api.Peak) (because []string) {
	for _, limit := range []struct {
		name      string
		limit     *int64
		now, peak int64
	}{{"rpm_limit", terms.RPMLimit, used.RPM, peak.Requests}, {"tpm_limit", terms.TPMLimit, used.TPM, peak.Tokens}} {
		switch {
		case limit.limit == nil, terms.Watched:
		case limit.now > *limit.limit:
			because = append(because, fmt.Sprintf("%s is %d and %d are used in this minute", limit.name, *limit.limit, limit.now))
		case limit.peak > *limit.limit:
			because = append(because, fmt.Sprintf("%s is %d and the busiest minute of the last day used %d", limit.name, *limit.limit, limit.peak))
		}
	}
	return because
}

// narrowed are the keys that would not get what their own limits say, and do now.
func (s *Checker) narrowed(ctx context.Context, made *rehearsal, before, after api.Team) ([]api.NarrowedKey, error) {
	narrowed := []api.NarrowedKey{}
	if sameJSON(before.TeamFields, after.TeamFields) {
		return narrowed, nil
	}
	keys, _, err := s.Record.Keys(ctx, api.KeyFilter{TeamID: after.TeamID, Page: api.Page{Limit: maxKeysShown}})
	for _, key := range keys {
		if _, changed := made.keys.after[key.KeyID]; changed {
			continue // whose own change was judged already
		}
		why := s.Within(&after, key)
		if why == nil || s.Within(&before, key) != nil {
			continue
		}
		narrowed = append(narrowed, api.NarrowedKey{KeyID: key.KeyID, KeyAlias: key.KeyAlias, Why: why.Error()})
	}
	return narrowed, err
}

// budgetEffects are what becomes of the pots that are changed.
func (s *Checker) budgetEffects(ctx context.Context, made *rehearsal) ([]api.BudgetEffect, error) {
	effects := []api.BudgetEffect{}
	for _, id := range made.budgets.ids {
		before, after := made.budgets.before[id], made.budgets.after[id]
		effect := api.BudgetEffect{BudgetID: id}
		if before != nil && before.Pot() {
			effect.Old = &before.BudgetFields
		}
		if after != nil && after.Pot() {
			effect.New = &after.BudgetFields
			selection := api.LedgerSelection{TeamIDs: after.TeamIDs, KeyIDs: after.KeyIDs, Models: after.Models}
			spent, err := s.Record.LedgerSpend(ctx, selection, s.Spending.PeriodStart(*after), time.Time{})
			if err != nil {
				return nil, err
			}
			effect.Spend = spent
			effect.Refused = spentUp(after.BudgetTerms, spent) && !s.Spending.PotWatched(*after)
			effect.RefusedNow, err = s.refusedNow(ctx, before)
			if err != nil {
				return nil, err
			}
		}
		if effect.Old != nil || effect.New != nil {
			effects = append(effects, effect)
		}
	}
	return effects, nil
}

// refusedNow says whether a pot that there is refuses already.
func (s *Checker) refusedNow(ctx context.Context, pot *api.Budget) (bool, error) {
	if pot == nil || !pot.Pot() || s.Spending.PotWatched(*pot) {
		return false, nil
	}
	states, err := s.Spending.Budgets(ctx, []api.Budget{*pot})
	if err != nil {
		return false, route.Unspent(err)
	}
	return spentUp(pot.BudgetTerms, states[0].Spend), nil
}

// spentUp says whether terms refuse what costs after that spending.
func spentUp(terms api.BudgetTerms, spent money.Nano) bool {
	return terms.MaxBudget != nil && terms.HardCap && spent >= *terms.MaxBudget
}
