package quota

import (
	"context"
	"fmt"
	"time"
)

// Refill implements [Engine]. Nothing is settled meanwhile: what was settled before is in the ledger then,
// and the ledger's sum is what the counter has to say.
func (m *Memory) Refill(ctx context.Context, budgets []Budget) ([]BudgetState, error) {
	if _, err := m.Spent(ctx, budgets); err != nil {
		return nil, err
	}
	m.recording.Lock()
	defer m.recording.Unlock()
	if err := m.backlog.drain(ctx); err != nil {
		return nil, err
	}
	_, states, _, err := m.lockedBudgets(budgets)
	if err != nil {
		return nil, err
	}
	for i, state := range states {
		spent, err := m.record.Spend(ctx, state.Scope, state.Period)
		if err != nil {
			return nil, fmt.Errorf("read what %s has spent: %w", state.Scope, err)
		}
		m.mu.Lock()
		counter := m.spending[keyOf(state.Scope, state.Period)]
		if counter != nil { // a period that has begun this instant is filled when it is asked for
			counter.settled = spent
			states[i] = counter.state(budgets[i], state.Period)
		}
		m.mu.Unlock()
	}
	return states, nil
}

func (m *Memory) lockedBudgets(budgets []Budget) ([]*spending, []BudgetState, []spendingKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.budgetsLocked(budgets, m.now())
}

// Backlog implements [Engine].
func (m *Memory) Backlog(ctx context.Context) (Backlog, error) {
	return m.backlog.state(time.Now()), ctx.Err()
}
