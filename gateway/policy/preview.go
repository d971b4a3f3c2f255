package policy

import (
	"context"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Windows reads rate windows as they stand. The quota engine does.
type Windows interface {
	Used(ctx context.Context, slot string, windows []quota.Window) ([]quota.WindowState, error)
}

// proposed is a source with some budgets as they would be.
type proposed struct {
	Source
	budgets map[string]api.Budget
}

// Budget returns a budget as it would be.
func (p proposed) Budget(ctx context.Context, id string) (api.Budget, error) {
	if budget, changed := p.budgets[id]; changed {
		return budget, nil
	}
	return p.Source.Budget(ctx, id)
}

// Preview returns the terms that would be in force for teams, and what they have used by them, in order. The
// teams need not be stored, and neither need the budgets: they take the place of those with their ids.
func (s Spending) Preview(ctx context.Context, teams []api.Team, budgets []api.Budget) (terms []api.TeamTerms, used []api.TeamUse, err error) {
	byID := map[string]api.Budget{}
	for _, budget := range budgets {
		byID[budget.BudgetID] = budget
	}
	preview := s
	preview.Book = NewBook(proposed{s.Book.source, byID}, s.Book.versions, s.Book.defaults)
	teams = slices.Clone(teams)
	for i := range teams {
		teams[i].CreatedAt = s.made(teams[i].CreatedAt)
	}
	states, err := preview.Teams(ctx, teams)
	if err != nil {
		return nil, nil, err
	}
	for i, team := range teams {
		inForce, err := preview.Book.terms(ctx, team.BudgetTerms, team.BudgetID)
		if err != nil {
			return nil, nil, err
		}
		terms = append(terms, preview.Book.teamTerms(team, inForce))
		use := api.TeamUse{Spend: states[i].Spend, BudgetResetAt: states[i].BudgetResetAt}
		if use.RPM, use.TPM, err = s.minute(ctx, team.TeamID); err != nil {
			return nil, nil, err
		}
		used = append(used, use)
	}
	return terms, used, nil
}

// teamTerms are the terms of a team with everything filled in that the gateway would fill in.
func (b *Book) teamTerms(team api.Team, terms budgetTerms) api.TeamTerms {
	limits := withFallback(team.RateLimits, terms.rates)
	limits = team.TempRates.Raise(withFallback(limits, b.defaults.rates()), time.Now())
	filled := api.TeamTerms{
		RateLimits: limits, Models: team.Models, MaxBudget: terms.MaxBudget, HardCap: terms.HardCap,
		BudgetDuration: terms.BudgetDuration, BudgetID: team.BudgetID, Blocked: team.Blocked,
	}
	if raised, increased := terms.Increased(); increased && time.Now().Before(*terms.TempBudgetExpiry) {
		filled.MaxBudget = raised.MaxBudget
	}
	if soft, set := terms.SoftLimit(); set {
		filled.SoftBudget = &soft
	}
	from := b.enforcedFrom(team.Enforcement, terms.enforcement)
	filled.Watched = quota.Watched(from, time.Now())
	if filled.Watched && from.Before(quota.Never) {
		filled.EnforceFrom = &from
	}
	return filled
}

// LimitsInForce are the rate limits of a team with those that its budget or the configuration gives it.
func (s Spending) LimitsInForce(ctx context.Context, team api.Team) (api.RateLimits, error) {
	terms, err := s.Book.terms(ctx, team.BudgetTerms, team.BudgetID)
	return s.Book.teamTerms(team, terms).RateLimits, err
}

// minute is what a team has used in the last 60 seconds, as far as it is counted.
func (s Spending) minute(ctx context.Context, team string) (requests, tokens int64, err error) {
	if s.Windows == nil {
		return 0, 0, nil
	}
	states, err := s.Windows.Used(ctx, team, []quota.Window{{
		Scope: teamScope(team), Name: "team", RPM: quota.Unlimited, TPM: quota.Unlimited, Parallel: quota.Unlimited,
	}})
	if err != nil || len(states) == 0 {
		return 0, 0, err
	}
	return states[0].Requests, states[0].Tokens, nil
}

// PeriodStart is when the running period of a pot began, the zero time for one that never resets.
func (s Spending) PeriodStart(pot api.Budget) time.Time {
	pot.CreatedAt = s.made(pot.CreatedAt)
	budget := s.Book.potBudget(pot, nil).at(s.Now())
	return running(budget.Periods).Start
}

// made is when an object was made, which for one that is only proposed is now.
func (s Spending) made(at time.Time) time.Time {
	if at.IsZero() {
		return s.Now()
	}
	return at
}
