package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Spent implements [quota.Engine].
func (r *Engine) Spent(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error) {
	filled := ""
	for range wire.Attempts {
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
	if r.conn.Clustered() {
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
		answer := script.NewReply(answers[i])
		status, now := answer.Text(), quota.TimeOf(answer.Int())
		if status == "noperiod" {
			return nil, false, fmt.Errorf("%s at %s: %w", budget.Scope, now.Format(time.RFC3339), quota.ErrNoPeriod)
		}
		period := script.PeriodOf(budget, answer.Int())
		settled, reserved := money.Nano(answer.Int()), money.Nano(answer.Int())
		held := answer.Text()
		if answer.Err != nil {
			return nil, false, answer.Err
		}
		states[i] = budget.State(period, settled, reserved)
		if status != "seed" {
			continue
		}
		again = true
		if err := r.filler.Fill(ctx, budget, budget.Slot, period, held, now); err != nil {
			return nil, false, err
		}
	}
	return states, again, nil
}

func (r *Engine) readBudgets(ctx context.Context, budgets []quota.Budget, filled string) ([][]any, error) {
	answers, err := r.pipeBudgets(ctx, budgets, filled)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		if err := r.conn.Scripts.Spent.Load(ctx, r.conn.Client).Err(); err != nil {
			return nil, r.conn.Noted(ctx, err)
		}
		answers, err = r.pipeBudgets(ctx, budgets, filled)
	}
	return answers, r.conn.Noted(ctx, err)
}

// pipeBudgets sends all reads before it waits for an answer.
func (r *Engine) pipeBudgets(ctx context.Context, budgets []quota.Budget, filled string) ([][]any, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.options.Timeout+time.Duration(len(budgets))*time.Millisecond)
	defer cancel()
	commands := make([]*goredis.Cmd, len(budgets))
	_, err := r.conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, budget := range budgets {
			args := script.AppendPeriods([]any{r.conn.Clock(), filled}, budget.Periods)
			commands[i] = r.conn.Scripts.Spent.EvalSha(ctx, pipe, []string{r.conn.Keys.CounterBase(budget.Scope, budget.Slot)}, args...)
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
	args := []any{r.conn.Clock()}
	for _, limits := range windows {
		args = append(args, string(limits.Scope))
	}
	answer, err := r.conn.Call(ctx, r.conn.Scripts.Used, r.conn.Keys.Slot(slot), args)
	if err != nil {
		return nil, fmt.Errorf("read windows of %s: %w", slot, err)
	}
	now := quota.TimeOf(answer.Int())
	states := make([]quota.WindowState, len(windows))
	figures := script.NewReply(answer.List())
	for i, limits := range windows {
		states[i] = script.ReadWindow(figures).State(limits, limits.RPM, now)
	}
	return states, errors.Join(answer.Err, figures.Err)
}

// BumpPolicy implements [quota.Engine].
func (r *Engine) BumpPolicy(ctx context.Context, slot string) (int64, error) {
	version, err := r.conn.CallInt(ctx, r.conn.Scripts.Bump, r.conn.Keys.Slot(slot), []any{r.conn.Clock()})
	if err != nil {
		r.book.Owe(slot) // the change is stored: it comes in force when Redis is back, even if nobody sends it again
		return 0, fmt.Errorf("make limits of %s stale: %w", slot, err)
	}
	return version, nil
}

// PolicyVersion implements [quota.Engine].
func (r *Engine) PolicyVersion(ctx context.Context, slot string) (int64, error) {
	if !r.conn.Breaker.Allows(time.Now()) {
		return 0, wire.ErrOpen
	}
	bounded, cancel := r.conn.Deadline(ctx)
	defer cancel()
	version, err := r.conn.Client.Get(bounded, r.conn.Keys.Policy(slot)).Int64()
	if errors.Is(err, goredis.Nil) {
		return 0, r.conn.Noted(ctx, nil)
	}
	return version, r.conn.Noted(ctx, err)
}

// spentOnCluster reads pots from all their slots, and other budgets where they are counted.
func (r *Engine) spentOnCluster(ctx context.Context, budgets []quota.Budget, filled string) (states []quota.BudgetState, again bool, err error) {
	states = make([]quota.BudgetState, len(budgets))
	var plain []quota.Budget
	for i, budget := range budgets {
		if !r.conn.Keys.IsPot(budget) {
			plain = append(plain, budget)
			continue
		}
		if states[i], err = r.pots.Spent(ctx, budget); err != nil {
			return nil, false, fmt.Errorf("read %s: %w", budget.Scope, err)
		}
	}
	answers, err := r.readBudgets(ctx, plain, filled)
	if err != nil {
		return nil, false, err
	}
	read, again, err := r.readSpent(ctx, plain, answers)
	for i, budget := range slices.Backward(budgets) {
		if !r.conn.Keys.IsPot(budget) && len(read) > 0 {
			states[i], read = read[len(read)-1], read[:len(read)-1]
		}
	}
	return states, again, err
}
