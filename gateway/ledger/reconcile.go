package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Counters reads budgets as they stand. The quota engine does.
type Counters interface {
	Spent(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error)
}

// Reconciler compares what the counters say was spent with what the ledger says.
//
// The two are written one after the other, so a moment's difference means nothing. A drift is one that
// stands still: the same over two passes, while neither side moved within a pass.
type Reconciler struct {
	Counters Counters
	Record   quota.Record
	// Budgets are those to compare, normally those in use on this gateway.
	Budgets func() []quota.Budget
	// OnDrift is told of every drift at every pass, and with 0 when it has gone.
	OnDrift func(scope string, by money.Nano)
	Logger  *slog.Logger

	suspects map[quota.Scope]money.Nano
	told     map[quota.Scope]money.Nano
}

// ReconcileEvery is the time between two passes.
const ReconcileEvery = time.Minute

// Run compares until ctx ends.
func (r *Reconciler) Run(ctx context.Context) {
	every.Do(ctx, ReconcileEvery, func(ctx context.Context) {
		if err := r.Pass(ctx); err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "counters could not be compared with the ledger", slog.Any("error", err))
		}
	})
}

// Pass compares every budget once.
func (r *Reconciler) Pass(ctx context.Context) error {
	budgets := r.Budgets()
	before, err := r.Counters.Spent(ctx, budgets)
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	booked := make([]money.Nano, len(budgets))
	for i, state := range before {
		if booked[i], err = r.Record.Spend(ctx, state.Scope, state.Period); err != nil {
			return fmt.Errorf("sum the ledger for %s: %w", state.Scope, err)
		}
	}
	after, err := r.Counters.Spent(ctx, budgets)
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	suspects := map[quota.Scope]money.Nano{}
	for i := range budgets {
		if before[i].Settled == after[i].Settled && before[i].Settled != booked[i] {
			suspects[before[i].Scope] = before[i].Settled - booked[i]
		}
	}
	return r.judge(ctx, suspects, before)
}

// judge tells of the suspects that were suspects before, by the same amount.
func (r *Reconciler) judge(ctx context.Context, suspects map[quota.Scope]money.Nano, states []quota.BudgetState) error {
	drifted := map[quota.Scope]money.Nano{}
	var events []api.AlertEvent
	for _, state := range states {
		by, suspect := suspects[state.Scope]
		if !suspect || r.suspects[state.Scope] != by {
			continue
		}
		drifted[state.Scope] = by
		r.OnDrift(string(state.Scope), by)
		if r.told[state.Scope] != by {
			events = append(events, r.event(state, by))
		}
	}
	for scope := range r.told {
		if _, still := drifted[scope]; !still {
			r.OnDrift(string(scope), 0)
		}
	}
	r.suspects, r.told = suspects, drifted
	if len(events) == 0 {
		return nil
	}
	return r.Record.Append(ctx, []quota.Entry{{Alerts: events}})
}

func (r *Reconciler) event(state quota.BudgetState, by money.Nano) api.AlertEvent {
	r.Logger.Error("a budget's counter and the ledger disagree",
		slog.String("scope", string(state.Scope)), slog.Int64("drift_nanousd", int64(by)))
	start := state.Period.Start
	return api.AlertEvent{
		// The same drift of the same period is one event, whichever gateways see it.
		ID:       fmt.Sprintf("drift_%s_%d_%d", state.Scope, start.Unix(), by),
		Type:     api.EventQuotaDrift,
		Severity: "warning", CreatedAt: time.Now().UTC(), Scope: string(state.Scope),
		Spend: state.Settled, MaxBudget: max(state.Limit, 0), PeriodStart: &start,
		Message: fmt.Sprintf("the counter of %s says %s and the ledger %s", state.Scope, state.Settled.Dollars(), (state.Settled - by).Dollars()),
	}
}
