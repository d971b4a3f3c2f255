package quota

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Adjust adds an amount, which may be negative, to what budgets have settled in the periods that at lies in. It writes
// nothing down: a replay of the ledger books corrections and resets by it.
func (m *Memory) Adjust(ctx context.Context, budgets []Budget, at time.Time, amount money.Nano) error {
	for {
		unseeded, err := m.adjust(budgets, at, amount)
		if err != nil || len(unseeded) == 0 {
			return err
		}
		if err := m.seed(ctx, unseeded); err != nil {
			return err
		}
	}
}

func (m *Memory) adjust(budgets []Budget, at time.Time, amount money.Nano) ([]spendingKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, _, unseeded, err := m.budgetsLocked(budgets, at)
	if err != nil || len(unseeded) > 0 {
		return unseeded, err
	}
	for _, counter := range found {
		counter.settled += amount
	}
	return nil, nil
}
