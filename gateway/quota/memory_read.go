package quota

import (
	"context"
	"time"
)

// Spent implements [Engine].
func (m *Memory) Spent(ctx context.Context, budgets []Budget) ([]BudgetState, error) {
	for filled := false; ; filled = true {
		states, unseeded, err := m.spent(budgets, filled)
		if err != nil || len(unseeded) == 0 {
			return states, err
		}
		if err := m.seed(ctx, unseeded); err != nil {
			return nil, err
		}
	}
}

// spent reads counters. One that is not charged now may be behind the ledger, unless it was filled for this very question.
func (m *Memory) spent(budgets []Budget, filled bool) ([]BudgetState, []spendingKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, budget := range budgets {
		if period, ok := budget.PeriodAt(now); ok && !filled {
			m.lookBackLocked(keyOf(budget.Scope, period), now)
		}
	}
	_, states, unseeded, err := m.budgetsLocked(budgets, now)
	return states, unseeded, err
}

// Used implements [Engine].
func (m *Memory) Used(ctx context.Context, slot string, windows []Window) ([]WindowState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	states := make([]WindowState, len(windows))
	for i, w := range m.lookLocked(m.windowsLocked(slot, windows), now) {
		states[i] = w.State(windows[i], windows[i].RPM, now)
	}
	return states, ctx.Err()
}

// BumpPolicy implements [Engine].
func (m *Memory) BumpPolicy(ctx context.Context, slot string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bumpLocked(slot, m.now()), ctx.Err()
}

// bumpLocked makes versions from the clock, so that counters which were lost and
// start again never repeat a version that some gateway still holds.
func (m *Memory) bumpLocked(slot string, now time.Time) int64 {
	m.policy[slot] = max(m.policy[slot]+1, now.UnixMicro())
	return m.policy[slot]
}

// PolicyVersion implements [Engine].
func (m *Memory) PolicyVersion(ctx context.Context, slot string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.policy[slot], ctx.Err()
}

// checkPolicyLocked refuses limits of another version than the current one. A newer one
// means that the current one was lost; then everybody has to load the limits again.
func (m *Memory) checkPolicyLocked(slot string, version int64, now time.Time) error {
	current := m.policy[slot]
	if version == current {
		return nil
	}
	if version > current {
		m.policy[slot] = version
		m.bumpLocked(slot, now)
	}
	return ErrStalePolicy
}
