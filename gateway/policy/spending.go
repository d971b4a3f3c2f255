package policy

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Counters reads budgets as they stand. The quota engine does.
type Counters interface {
	Spent(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error)
	Refill(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error)
}

// Spending answers what has been spent in the running periods, from the counters that enforce them.
type Spending struct {
	Book     *Book
	Counters Counters
	// Windows says what is used in this minute; nil does not know.
	Windows Windows
	// Resets is where the spend of budgets is adjusted.
	Resets Resets
	// Changes tells every gateway of a reset.
	Changes Changes
	Now     func() time.Time
}

// Teams returns the state of each team's budget, in order.
func (s Spending) Teams(ctx context.Context, teams []api.Team) ([]api.BudgetState, error) {
	states, err := spent(ctx, s, teams, func(team api.Team) (*runningBudget, error) {
		terms, err := s.Book.terms(ctx, team.BudgetTerms, team.BudgetID)
		team.CreatedAt = s.made(team.CreatedAt)
		return s.Book.teamBudget(team, terms, nil), err
	})
	if err != nil {
		return nil, err
	}
	return states, s.throttleTeams(ctx, teams, states)
}

// Keys returns the state of each key's budget, in order.
func (s Spending) Keys(ctx context.Context, keys []api.Key) ([]api.BudgetState, error) {
	states, err := spent(ctx, s, keys, func(key api.Key) (*runningBudget, error) {
		terms, err := s.Book.terms(ctx, key.BudgetTerms, key.BudgetID)
		key.CreatedAt = s.made(key.CreatedAt)
		return s.Book.keyBudget(key, terms), err
	})
	if err != nil {
		return nil, err
	}
	return states, s.throttleKeys(ctx, keys, states)
}

// Users returns the state of each user's own budget, in order.
func (s Spending) Users(ctx context.Context, users []api.User) ([]api.BudgetState, error) {
	return spent(ctx, s, users, func(user api.User) (*runningBudget, error) {
		user.CreatedAt = s.made(user.CreatedAt)
		return s.Book.userBudget(user, nil), nil
	})
}

// Members returns the state of the budgets that members of a team have there, in order.
func (s Spending) Members(ctx context.Context, team api.Team, members []api.Membership) ([]api.BudgetState, error) {
	return spent(ctx, s, members, func(member api.Membership) (*runningBudget, error) {
		member.CreatedAt = s.made(member.CreatedAt)
		return s.Book.memberBudget(team, member, nil), nil
	})
}

// Budgets returns the state of each pot, in order; plain terms have spent nothing themselves.
func (s Spending) Budgets(ctx context.Context, budgets []api.Budget) ([]api.BudgetState, error) {
	var pots []api.Budget
	for _, budget := range budgets {
		if budget.Pot() {
			pots = append(pots, budget)
		}
	}
	counted, err := spent(ctx, s, pots, func(pot api.Budget) (*runningBudget, error) {
		pot.CreatedAt = s.made(pot.CreatedAt)
		return s.Book.potBudget(pot, nil), nil
	})
	if err != nil {
		return nil, err
	}
	states := make([]api.BudgetState, len(budgets))
	for i, budget := range budgets {
		if budget.Pot() {
			states[i], counted = counted[0], counted[1:]
		}
	}
	return states, nil
}

func spent[T any](ctx context.Context, s Spending, objects []T, budgetOf func(T) (*runningBudget, error)) ([]api.BudgetState, error) {
	now := s.Now()
	budgets := make([]quota.Budget, 0, len(objects))
	for _, object := range objects {
		running, err := budgetOf(object)
		if err != nil {
			return nil, err
		}
		budgets = append(budgets, running.at(now))
	}
	counted, err := s.Counters.Spent(ctx, budgets)
	if err != nil {
		return nil, err
	}
	states := make([]api.BudgetState, len(counted))
	for i, state := range counted {
		states[i].Spend, states[i].Reserved = state.Settled, state.Reserved
		if !state.Period.Start.IsZero() {
			start := state.Period.Start.UTC()
			states[i].PeriodStart = &start
		}
		if !state.Period.End.IsZero() {
			end := state.Period.End.UTC()
			states[i].BudgetResetAt = &end
		}
		compareWithCap(&states[i], budgets[i])
	}
	return states, nil
}

// compareWithCap adds what spending means beside the cap, if there is one.
func compareWithCap(state *api.BudgetState, budget quota.Budget) {
	if budget.Limit == quota.Unlimited {
		return
	}
	state.RemainingBudget = new(budget.Limit - state.Spend)
	state.ThresholdsCrossed = []float64{}
	for _, threshold := range budget.Thresholds {
		if threshold.At <= state.Spend {
			state.ThresholdsCrossed = append(state.ThresholdsCrossed, threshold.Share)
		}
	}
}
