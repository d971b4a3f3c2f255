package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Standing is how the budget of a team, key or pot stands, and a team's limits.
type Standing struct {
	// Team, Key and Pot is whose it is, one of them.
	Team *api.Team
	Key  *api.Key
	Pot  *api.Budget
	// State has the cap, what is spent and reserved, and the running period.
	State quota.BudgetState
	// Soft is where people are told before the cap; nil is nowhere.
	Soft *money.Nano
	Hard bool
	// Window is a team's limit of its own; its limits are [quota.Unlimited] where none is set.
	Window quota.Window
}

// Owner is whose a budget is.
type Owner struct {
	// Kind is [api.ForecastTeam], [api.ForecastKey] or [api.ForecastBudget].
	Kind, ID string
	// Alias is what people call it, TeamID the team of a key; both may be "".
	Alias, TeamID string
}

// Owner says whose the budget is.
func (s Standing) Owner() Owner {
	switch {
	case s.Team != nil:
		return Owner{Kind: api.ForecastTeam, ID: s.Team.TeamID, Alias: textOf(s.Team.TeamAlias)}
	case s.Pot != nil:
		return Owner{Kind: api.ForecastBudget, ID: s.Pot.BudgetID}
	default:
		return Owner{Kind: api.ForecastKey, ID: s.Key.KeyID, Alias: textOf(s.Key.KeyAlias), TeamID: textOf(s.Key.TeamID)}
	}
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// Cap is the most that may be spent; nil is no cap.
func (s Standing) Cap() *money.Nano {
	if s.State.Limit == quota.Unlimited {
		return nil
	}
	return new(s.State.Limit)
}

// standingAtATime is how many budgets are read in one trip: few enough that calls do not wait for them.
const standingAtATime = 500

// StandingTeams says how teams stand, in order. It reads the record for shared terms once and not for each team.
func (s Spending) StandingTeams(ctx context.Context, teams []api.Team) ([]Standing, error) {
	budgets, err := s.Book.source.AllBudgets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	byID := make(map[string]api.Budget, len(budgets))
	for _, budget := range budgets {
		byID[budget.BudgetID] = budget
	}
	list, asked := make([]Standing, len(teams)), make([]quota.Budget, len(teams))
	for i := range teams {
		team := &teams[i]
		terms, err := s.Book.terms(ctx, team.BudgetTerms, nil)
		if err != nil {
			return nil, err
		}
		if team.BudgetID != nil {
			terms = s.Book.termsOf(byID[*team.BudgetID])
			if team.TempBudgetIncrease != nil {
				terms.TempBudget = team.TempBudget
			}
		}
		filled := s.Book.teamTerms(*team, terms)
		list[i] = Standing{Team: team, Soft: filled.SoftBudget, Window: quota.Window{
			Scope: teamScope(team.TeamID), Name: "team", RPM: orUnlimited(filled.RPMLimit),
			TPM: orUnlimited(filled.TPMLimit), Parallel: orUnlimited(filled.MaxParallelRequests),
		}}
		asked[i] = s.Book.teamBudget(*team, terms, nil).at(s.Now())
	}
	return list, s.stand(ctx, list, asked)
}

// StandingPots says how all pots stand.
func (s Spending) StandingPots(ctx context.Context) ([]Standing, error) {
	budgets, err := s.Book.source.AllBudgets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	var list []Standing
	var asked []quota.Budget
	for _, budget := range budgets {
		if !budget.Pot() {
			continue
		}
		one := Standing{Pot: &budget}
		if soft, set := budget.SoftLimit(); set {
			one.Soft = &soft
		}
		list, asked = append(list, one), append(asked, s.Book.potBudget(budget, nil).at(s.Now()))
	}
	return list, s.stand(ctx, list, asked)
}

// StandingKeys says how keys with a cap of their own stand that this gateway has seen, those first that have used the
// largest part of it, and how many more there are.
func (s Spending) StandingKeys(ctx context.Context, most int) (list []Standing, more int, err error) {
	if most == 0 {
		return nil, 0, nil
	}
	var asked []quota.Budget
	for _, key := range s.Book.capped() {
		budget := key.budgets[len(key.budgets)-1].at(s.Now()) // a key's own budget is bound last
		list, asked = append(list, Standing{Key: &key.Key}), append(asked, budget)
	}
	if err := s.stand(ctx, list, asked); err != nil {
		return nil, 0, err
	}
	share := func(one Standing) float64 { return float64(one.State.Settled) / float64(max(1, one.State.Limit)) }
	slices.SortStableFunc(list, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(a.Key.KeyID, b.Key.KeyID))
	})
	if len(list) > most {
		list, more = list[:most], len(list)-most
	}
	return list, more, nil
}

// capped are the keys in the book that have a cap of their own, each once.
func (b *Book) capped() []*Subject {
	b.mu.RLock()
	defer b.mu.RUnlock()
	seen := map[string]bool{}
	var found []*Subject
	for _, subject := range b.subjects {
		id := subject.Key.KeyID
		if id == "" || seen[id] || subject.budgets[len(subject.budgets)-1].template.Limit == quota.Unlimited {
			continue
		}
		seen[id] = true
		found = append(found, subject)
	}
	return found
}

// stand reads the counters of the budgets into the list.
func (s Spending) stand(ctx context.Context, list []Standing, asked []quota.Budget) error {
	for from := 0; from < len(asked); from += standingAtATime {
		part := asked[from:min(from+standingAtATime, len(asked))]
		states, err := s.Counters.Spent(ctx, part)
		if err != nil {
			return fmt.Errorf("read budgets as they stand: %w", err)
		}
		for i, state := range states {
			list[from+i].State, list[from+i].Hard = state, part[i].Hard && !quota.Watched(part[i].EnforcedFrom, s.Now())
		}
	}
	return nil
}

// Used says what a team has used of its own limits in the last 60 seconds.
func (s Spending) Used(ctx context.Context, team api.Team, window quota.Window) (quota.WindowState, error) {
	states, err := s.Windows.Used(ctx, team.TeamID, []quota.Window{window})
	if err != nil {
		return quota.WindowState{}, fmt.Errorf("read what team %s has used: %w", team.TeamID, err)
	}
	return states[0], nil
}
