package policy

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Resets is where the spend of budgets is adjusted.
type Resets interface {
	ResetSpend(ctx context.Context, change api.Change, reset api.SpendReset) (previous money.Nano, err error)
}

// ResetTeam sets what a team's budget has spent in its running period. Like the other resets it is in force on
// every gateway when it returns.
func (s Spending) ResetTeam(ctx context.Context, change api.Change, team api.Team, to api.SpendTarget) (api.SpendWasReset, error) {
	terms, err := s.Book.terms(ctx, team.BudgetTerms, team.BudgetID)
	if err != nil {
		return api.SpendWasReset{}, err
	}
	answer, err := s.reset(ctx, change, s.Book.teamBudget(team, terms, nil), api.SpendReset{
		Object: "team", ObjectID: team.TeamID, SpendTarget: to, Selection: api.LedgerSelection{TeamIDs: []string{team.TeamID}},
	})
	answer.TeamID, answer.MaxBudget = team.TeamID, terms.MaxBudget
	return answer, s.inForce(err, func() error { return s.Changes.TeamChanged(ctx, team.TeamID) })
}

// ResetUser sets what a user's own budget has spent in its running period, over all teams.
func (s Spending) ResetUser(ctx context.Context, change api.Change, user api.User, to api.SpendTarget) (api.SpendWasReset, error) {
	answer, err := s.reset(ctx, change, s.Book.userBudget(user, nil), api.SpendReset{
		Object: "user", ObjectID: user.UserID, SpendTarget: to, Selection: api.LedgerSelection{UserIDs: []string{user.UserID}, OwnKeys: true},
	})
	answer.UserID, answer.MaxBudget = user.UserID, user.MaxBudget
	return answer, s.inForce(err, func() error { return s.Changes.UserChanged(ctx, user.UserID) })
}

// ResetMember sets what a member's budget in the team has spent in its running period.
func (s Spending) ResetMember(ctx context.Context, change api.Change, team api.Team, member api.Membership, to api.SpendTarget) (api.SpendWasReset, error) {
	answer, err := s.reset(ctx, change, s.Book.memberBudget(team, member, nil), api.SpendReset{
		Object: "member", ObjectID: team.TeamID + "#" + member.UserID, SpendTarget: to,
		Selection: api.LedgerSelection{TeamIDs: []string{team.TeamID}, UserIDs: []string{member.UserID}},
	})
	answer.TeamID, answer.UserID, answer.MaxBudget = team.TeamID, member.UserID, member.Terms(team.MemberDefaults).MaxBudget
	return answer, s.inForce(err, func() error { return s.Changes.TeamChanged(ctx, team.TeamID) })
}

// ResetKey sets what a key's budget has spent in its running period.
func (s Spending) ResetKey(ctx context.Context, change api.Change, key api.Key, to api.SpendTarget) (api.SpendWasReset, error) {
	terms, err := s.Book.terms(ctx, key.BudgetTerms, key.BudgetID)
	if err != nil {
		return api.SpendWasReset{}, err
	}
	answer, err := s.reset(ctx, change, s.Book.keyBudget(key, terms), api.SpendReset{
		Object: "key", ObjectID: key.KeyID, SpendTarget: to, Selection: api.LedgerSelection{KeyIDs: []string{key.KeyID}},
	})
	answer.KeyID, answer.KeyHash, answer.MaxBudget = key.KeyID, key.KeyID, terms.MaxBudget
	return answer, s.inForce(err, func() error { return s.Changes.KeyChanged(ctx, &key, nil) })
}

// ResetBudget sets what has been spent from a pot in its running period.
func (s Spending) ResetBudget(ctx context.Context, change api.Change, pot api.Budget, to api.SpendTarget) (api.SpendWasReset, error) {
	answer, err := s.reset(ctx, change, s.Book.potBudget(pot, nil), api.SpendReset{
		Object: "budget", ObjectID: pot.BudgetID, SpendTarget: to,
		Selection: api.LedgerSelection{TeamIDs: pot.TeamIDs, KeyIDs: pot.KeyIDs, Models: pot.Models},
	})
	answer.BudgetID, answer.MaxBudget = pot.BudgetID, pot.MaxBudget
	return answer, s.inForce(err, func() error { return s.Changes.BudgetChanged(ctx, &pot, &pot) })
}

// inForce makes every gateway read the budget again, whose thresholds the reset has armed.
func (s Spending) inForce(reset error, bump func() error) error {
	if reset != nil {
		return reset
	}
	return bump()
}

// reset brings everything that was settled to the ledger, adjusts that, and fills the counter from it.
func (s Spending) reset(ctx context.Context, change api.Change, running *runningBudget, reset api.SpendReset) (answer api.SpendWasReset, err error) {
	now := s.Now()
	budgets := []quota.Budget{running.at(now)}
	states, err := s.Counters.Refill(ctx, budgets)
	if err != nil {
		return answer, fmt.Errorf("read what %s has spent: %w", budgets[0].Scope, err)
	}
	period := states[0].Period
	reset.Selection.Scope = string(budgets[0].Scope)
	reset.From, reset.To, reset.At = period.Start, period.End, now
	if !period.Contains(now) { // by the clock of the counters it has begun already, or not yet ended
		reset.At = period.Start
	}
	answer.PreviousSpend, err = s.Resets.ResetSpend(ctx, change, reset)
	if err != nil {
		return answer, err
	}
	if states, err = s.Counters.Refill(ctx, budgets); err != nil {
		return answer, fmt.Errorf("the spend of %s is reset, but not yet in force: %w", budgets[0].Scope, err)
	}
	answer.Spend = states[0].Settled
	if !period.End.IsZero() {
		end := period.End.UTC()
		answer.BudgetResetAt = &end
	}
	return answer, nil
}
