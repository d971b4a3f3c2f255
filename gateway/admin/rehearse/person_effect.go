package rehearse

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// memberEffects are what becomes of members. What is spent is counted in the team as it is; who joins has spent nothing there.
func (s *Checker) memberEffects(ctx context.Context, made *rehearsal) ([]api.MemberEffect, error) {
	effects := []api.MemberEffect{}
	for _, id := range made.members.ids {
		before, after := made.members.before[id], made.members.after[id]
		some := before
		if some == nil {
			some = after
		}
		if some == nil {
			continue // made and taken away again
		}
		effect := api.MemberEffect{TeamID: some.TeamID, UserID: some.UserID}
		teams, teamsThen, err := s.teamsThen(ctx, made, []string{some.TeamID})
		if err != nil {
			return nil, err
		}
		judged := person{whose: "member", gone: made.gone[id]}
		if team, there := teams[some.TeamID]; there && before != nil {
			judged.old, judged.oldHard = memberTerms(*before, team)
			judged.spent = func(ctx context.Context, now bool) (api.BudgetState, error) {
				of := *before
				if !now && after != nil {
					of = *after
				}
				states, err := s.Spending.Members(ctx, team, []api.Membership{of})
				if err != nil {
					return api.BudgetState{}, route.Unspent(err)
				}
				return states[0], nil
			}
		}
		if team, there := teamsThen[some.TeamID]; there && after != nil {
			judged.new, judged.newHard = memberTerms(*after, team)
			if judged.watched, err = s.teamWatched(ctx, team, made); err != nil {
				return nil, err
			}
		}
		if effect.PersonEffect, err = judged.effect(ctx); err != nil {
			return nil, err
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

// teamWatched says whether a team's limits, and so its members', are only watched.
func (s *Checker) teamWatched(ctx context.Context, team api.Team, made *rehearsal) (bool, error) {
	var proposed []api.Budget
	for _, budget := range made.budgets.after {
		if budget != nil {
			proposed = append(proposed, *budget)
		}
	}
	filled, _, err := s.Spending.Preview(ctx, []api.Team{team}, proposed)
	if err != nil {
		return false, route.Unspent(err)
	}
	return filled[0].Watched, nil
}

func memberTerms(member api.Membership, team api.Team) (terms *api.PersonTerms, hard bool) {
	budget := member.Terms(team.MemberDefaults)
	return &api.PersonTerms{
		RateLimits: member.Limits(team.MemberDefaults), MaxBudget: budget.MaxBudget, BudgetDuration: budget.BudgetDuration, Role: member.Role,
	}, budget.HardCap
}

// userEffects are what becomes of users.
func (s *Checker) userEffects(ctx context.Context, made *rehearsal) ([]api.UserEffect, error) {
	effects := []api.UserEffect{}
	for _, id := range made.users.ids {
		before, after := made.users.before[id], made.users.after[id]
		if before == nil && after == nil {
			continue
		}
		effect := api.UserEffect{UserID: id, Teams: api.StringList{}}
		judged := person{whose: "user", gone: made.gone[id]}
		// A user has no mode of its own: its limits are watched where those of a pot without one are.
		judged.watched = s.Spending.PotWatched(api.Budget{})
		if after != nil {
			judged.new, judged.newHard = userTerms(*after)
			effect.Teams = append(effect.Teams, after.Teams...)
		}
		if before != nil {
			judged.old, judged.oldHard = userTerms(*before)
			effect.Teams = append(api.StringList{}, before.Teams...)
			judged.spent = func(ctx context.Context, now bool) (api.BudgetState, error) {
				of := *before
				if !now && after != nil {
					of = *after
				}
				states, err := s.Spending.Users(ctx, []api.User{of})
				if err != nil {
					return api.BudgetState{}, route.Unspent(err)
				}
				return states[0], nil
			}
		}
		var err error
		if effect.PersonEffect, err = judged.effect(ctx); err != nil {
			return nil, err
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

func userTerms(user api.User) (terms *api.PersonTerms, hard bool) {
	return &api.PersonTerms{RateLimits: user.RateLimits, MaxBudget: user.MaxBudget, BudgetDuration: user.BudgetDuration}, user.HardCap
}

// person is a member or a user before and after changes.
type person struct {
	whose            string
	old, new         *api.PersonTerms
	oldHard, newHard bool
	watched          bool
	// spent is what was spent by the terms of now, or by the new ones; nil for who has spent nothing.
	spent func(ctx context.Context, now bool) (api.BudgetState, error)
	gone  []api.NamedKey
}

func (p person) effect(ctx context.Context) (effect api.PersonEffect, err error) {
	effect = api.PersonEffect{Old: p.old, New: p.new, DeletedKeys: p.gone, RefusedBecause: api.StringList{}}
	if effect.DeletedKeys == nil {
		effect.DeletedKeys = []api.NamedKey{}
	}
	var now, then api.BudgetState
	if p.spent != nil {
		if now, err = p.spent(ctx, true); err != nil {
			return effect, err
		}
		if then, err = p.spent(ctx, false); err != nil {
			return effect, err
		}
	}
	effect.Spend, effect.BudgetResetAt = then.Spend, then.BudgetResetAt
	because := func(terms *api.PersonTerms, hard bool, state api.BudgetState) []string {
		if terms == nil {
			return nil
		}
		return refused(p.whose, api.TeamTerms{RateLimits: terms.RateLimits, MaxBudget: terms.MaxBudget, HardCap: hard, Watched: p.watched}, state.Spend)
	}
	effect.RefusedNow = len(because(p.old, p.oldHard, now)) > 0
	effect.RefusedBecause = append(effect.RefusedBecause, because(p.new, p.newHard, then)...)
	effect.Refused = len(effect.RefusedBecause) > 0
	return effect, nil
}
