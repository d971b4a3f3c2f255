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
	_, states, _, err := m.lockedBudgets(budgets)
	if err != nil {
		return nil, err
	}
	for _, state := range states {
		if err := m.refill(ctx, keyOf(state.Scope, state.Period)); err != nil {
			return nil, err
		}
	}
	return m.Spent(ctx, budgets)
}

// refill sets a counter that is there to the ledger's sum.
func (m *Memory) refill(ctx context.Context, key spendingKey) error {
	m.recording.Lock()
	defer m.recording.Unlock()
	if err := m.backlog.drain(ctx); err != nil {
		return err
	}
	spent, err := m.record.Spend(ctx, key.scope, key.period())
	if err != nil {
		return fmt.Errorf("read what %s has spent: %w", key.scope, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if counter := m.spending[key]; counter != nil { // a period that has begun this instant is filled when it is asked for
		counter.settled, counter.filled, counter.behind = spent, m.now(), false
	}
	return nil
}

func (m *Memory) isBehind(key spendingKey) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	counter := m.spending[key]
	return counter != nil && counter.behind
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
