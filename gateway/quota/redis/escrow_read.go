package redis

import (
	"context"
	"fmt"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// fetches is how often a request may fetch allowance beyond the usual attempts.
func (r *Engine) fetches(request quota.Request) (n int) {
	for _, budget := range request.Budgets {
		if r.keys.IsPot(budget) {
			n += fetchLimit
		}
	}
	return n
}

// spentIn is what the ledger says was spent from the counter of a budget in a slot.
func (r *Engine) spentIn(ctx context.Context, budget quota.Budget, slot string, period quota.Period) (money.Nano, error) {
	if !r.keys.IsPot(budget) {
		return r.record.Spend(ctx, budget.Scope, period)
	}
	bySlot, err := r.record.SpendBySlot(ctx, budget.Scope, period)
	return bySlot[slot], err
}

// spentOnCluster reads pots from all their slots, and other budgets where they are counted.
func (r *Engine) spentOnCluster(ctx context.Context, budgets []quota.Budget, filled string) (states []quota.BudgetState, again bool, err error) {
	states = make([]quota.BudgetState, len(budgets))
	var plain []quota.Budget
	for i, budget := range budgets {
		if !r.keys.IsPot(budget) {
			plain = append(plain, budget)
			continue
		}
		if states[i], err = r.spentPot(ctx, budget); err != nil {
			return nil, false, fmt.Errorf("read %s: %w", budget.Scope, err)
		}
	}
	answers, err := r.readBudgets(ctx, plain, filled)
	if err != nil {
		return nil, false, err
	}
	read, again, err := r.readSpent(ctx, plain, answers)
	for i, budget := range slices.Backward(budgets) {
		if !r.keys.IsPot(budget) && len(read) > 0 {
			states[i], read = read[len(read)-1], read[:len(read)-1]
		}
	}
	return states, again, err
}
