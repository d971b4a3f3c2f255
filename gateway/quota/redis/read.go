package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Spent implements [quota.Engine].
func (r *Engine) Spent(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error) {
	filled := ""
	for range attempts {
		states, again, err := r.spent(ctx, budgets, filled)
		if err != nil || !again {
			return states, err
		}
		filled = "1"
	}
	return nil, fmt.Errorf("%w: counters do not keep what they are filled with", quota.ErrUnavailable)
}

// spent reads all budgets in one trip; again means that some had to be seeded first. filled is "1" once they were, see spent.lua.
func (r *Engine) spent(ctx context.Context, budgets []quota.Budget, filled string) (states []quota.BudgetState, again bool, err error) {
	if r.cluster != nil {
		return r.spentOnCluster(ctx, budgets, filled)
	}
	answers, err := r.readBudgets(ctx, budgets, filled)
	if err != nil {
		return nil, false, err
	}
	return r.readSpent(ctx, budgets, answers)
}

func (r *Engine) readSpent(ctx context.Context, budgets []quota.Budget, answers [][]any) (states []quota.BudgetState, again bool, err error) {
	states = make([]quota.BudgetState, len(budgets))
	for i, budget := range budgets {
		answer := &reply{values: answers[i]}
		status, now := answer.text(), quota.TimeOf(answer.int())
		if status == "noperiod" {
			return nil, false, fmt.Errorf("%s at %s: %w", budget.Scope, now.Format(time.RFC3339), quota.ErrNoPeriod)
		}
		period := periodOf(budget, answer.int())
		settled, reserved := money.Nano(answer.int()), money.Nano(answer.int())
		held := answer.text()
		if answer.err != nil {
			return nil, false, answer.err
		}
		states[i] = budget.State(period, settled, reserved)
		if status != "seed" {
			continue
		}
		again = true
		if err := r.seedPeriod(ctx, budget, budget.Slot, period, held, now); err != nil {
			return nil, false, err
		}
	}
	return states, again, nil
}

func (r *Engine) readBudgets(ctx context.Context, budgets []quota.Budget, filled string) ([][]any, error) {
	answers, err := r.pipeBudgets(ctx, budgets, filled)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		if err := r.scripts.spent.Load(ctx, r.client).Err(); err != nil {
			return nil, r.noted(ctx, err)
		}
		answers, err = r.pipeBudgets(ctx, budgets, filled)
	}
	return answers, r.noted(ctx, err)
}

// pipeBudgets sends all reads before it waits for an answer.
func (r *Engine) pipeBudgets(ctx context.Context, budgets []quota.Budget, filled string) ([][]any, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.options.Timeout+time.Duration(len(budgets))*time.Millisecond)
	defer cancel()
	commands := make([]*goredis.Cmd, len(budgets))
	_, err := r.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, budget := range budgets {
			args := appendPeriods([]any{r.clock(), filled}, budget.Periods)
			commands[i] = r.scripts.spent.EvalSha(ctx, pipe, []string{r.counterBase(budget.Scope, budget.Slot)}, args...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answers := make([][]any, len(budgets))
	for i, command := range commands {
		if answers[i], err = command.Slice(); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// Used implements [quota.Engine].
func (r *Engine) Used(ctx context.Context, slot string, windows []quota.Window) ([]quota.WindowState, error) {
	args := []any{r.clock()}
	for _, limits := range windows {
		args = append(args, string(limits.Scope))
	}
	answer, err := r.call(ctx, r.scripts.used, r.keys.slot(slot), args)
	if err != nil {
		return nil, fmt.Errorf("read windows of %s: %w", slot, err)
	}
	now := quota.TimeOf(answer.int())
	states := make([]quota.WindowState, len(windows))
	figures := &reply{values: answer.list()}
	for i, limits := range windows {
		states[i] = readWindow(figures).State(limits, limits.RPM, now)
	}
	return states, errors.Join(answer.err, figures.err)
}

// BumpPolicy implements [quota.Engine].
func (r *Engine) BumpPolicy(ctx context.Context, slot string) (int64, error) {
	version, err := r.callInt(ctx, r.scripts.bump, r.keys.slot(slot), []any{r.clock()})
	if err != nil {
		r.owe(slot) // the change is stored: it comes in force when Redis is back, even if nobody sends it again
		return 0, fmt.Errorf("make limits of %s stale: %w", slot, err)
	}
	return version, nil
}

// PolicyVersion implements [quota.Engine].
func (r *Engine) PolicyVersion(ctx context.Context, slot string) (int64, error) {
	version, err := r.policyVersion(ctx, slot)
	if errors.Is(err, quota.ErrUnavailable) && r.options.OnStoreDown.degrades() {
		return versionAlone(time.Now()), nil
	}
	return version, err
}

func (r *Engine) policyVersion(ctx context.Context, slot string) (int64, error) {
	if !r.breaker.allows(time.Now()) {
		return 0, errOpen
	}
	bounded, cancel := r.deadline(ctx)
	defer cancel()
	version, err := r.client.Get(bounded, r.keys.policy(slot)).Int64()
	if errors.Is(err, goredis.Nil) {
		return 0, r.noted(ctx, nil)
	}
	return version, r.noted(ctx, err)
}
