package escrow

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/seed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// fillHome fills the home of a pot after it was found empty, or that it has lost data of the given epoch. Every slot says
// how it stands and loses, until it asks again, what it was granted beyond that; the ledger says what was
// spent in slots that have no counter. Gateways that do it at once do no harm.
func (e *Pots) fillHome(ctx context.Context, p *pot, lost int64) error {
	budget := p.terms()
	p.mu.Lock()
	floor := p.seen
	p.mu.Unlock()
	for range wire.Attempts {
		epoch, ready, err := e.openHome(ctx, p, lost, floor)
		if err != nil || ready {
			return err
		}
		figures, err := e.lookEverywhere(ctx, p, epoch)
		if err != nil {
			return fmt.Errorf("fill the home of %s: %w", budget.Scope, err)
		}
		if newest := newestEpoch(figures); newest > epoch {
			floor, lost = newest, epoch
			continue
		}
		spent, err := e.options.Record.SpendBySlot(ctx, budget.Scope, p.period)
		if err != nil {
			return fmt.Errorf("read what %s has spent: %w", budget.Scope, err)
		}
		filled, err := e.conn.CallInt(ctx, e.conn.Scripts.Fill, p.home, fillArgs(e.conn.Clock(), epoch, p.period, figures, spent))
		if filled == 1 {
			e.options.Logger.InfoContext(ctx, "filled the home of a pot", slog.String("scope", string(budget.Scope)),
				slog.Int("slots", len(figures)))
		}
		return err
	}
	return fmt.Errorf("%w: slots of %s are newer than their home", quota.ErrUnavailable, budget.Scope)
}

func (e *Pots) openHome(ctx context.Context, p *pot, lost, floor int64) (epoch int64, ready bool, err error) {
	answer, err := e.conn.Call(ctx, e.conn.Scripts.Open, p.home, []any{e.conn.Clock(), lost, floor})
	if err != nil {
		return 0, false, err
	}
	if answer.Text() == "ready" {
		return 0, true, answer.Err
	}
	epoch = answer.Int()
	return epoch, false, answer.Err
}

// lookEverywhere looks at the pot in all slots that there are, and brings to the ledger what they have settled.
func (e *Pots) lookEverywhere(ctx context.Context, p *pot, epoch int64) (map[string]slotFigures, error) {
	slots, err := e.options.Slots.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list slots: %w", err)
	}
	figures, err := e.look(ctx, p, slots, epoch, neverIdle)
	if err != nil {
		return nil, err
	}
	for _, slot := range slots {
		if _, counted := figures[slot]; counted || e.conn.Now().Sub(p.period.Start) <= seed.FreshPeriod {
			continue
		}
		if err := e.options.Streams.RecordStream(ctx, slot); err != nil {
			return nil, fmt.Errorf("record what was settled for %s: %w", slot, err)
		}
	}
	return figures, nil
}

func newestEpoch(figures map[string]slotFigures) (newest int64) {
	for _, own := range figures {
		newest = max(newest, own.epoch)
	}
	return newest
}

// fillArgs are read by escrow_fill.lua in this order.
func fillArgs(clock string, epoch int64, period quota.Period, figures map[string]slotFigures, spent map[string]money.Nano) []any {
	args := []any{clock, epoch, script.KeptUntil(period)}
	for slot, own := range figures {
		args = append(args, "a", slot, own.number, int64(own.allowance), int64(own.settled), int64(own.held))
	}
	for slot, amount := range spent {
		if _, counted := figures[slot]; !counted && amount != 0 {
			args = append(args, "s", slot, int64(amount), 0, 0, 0)
		}
	}
	return args
}

// Refill fills the counters of all slots of a pot and its home again.
func (e *Pots) Refill(ctx context.Context, budget quota.Budget, period quota.Period) error {
	p := e.potOf(budget, period)
	slots, err := e.slotsOfPot(ctx, p)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		if err := e.options.Filler.Empty(ctx, e.conn.Keys.Counter(p.budget.Scope, slot, p.period)); err != nil {
			return err
		}
	}
	// This process may never have spent from the pot, or before another one filled it: the home knows its epoch.
	epoch, err := e.conn.Client.HGet(ctx, p.home, "e").Result()
	if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), drain.IgnoreNil(err)); err != nil {
		return err
	}
	return e.fillHome(ctx, p, script.FieldInt(epoch))
}

// RefillSpent fills the pots again that rows of a slot were spent from, by the slot's counters of them: a home that was
// filled before the ledger had the rows does not know of them.
func (e *Pots) RefillSpent(ctx context.Context, slot string, counters map[string]bool) error {
	if !e.conn.Clustered() || len(counters) == 0 {
		return nil
	}
	for _, p := range e.known() {
		budget := p.terms()
		if !counters[e.conn.Keys.Counter(budget.Scope, slot, p.period)] {
			continue
		}
		if err := e.Refill(ctx, budget, p.period); err != nil {
			return err
		}
	}
	return nil
}

// DropAllowances makes a slot that has lost data ask the homes of its pots again: it may have given back what it now
// believes to have.
func (e *Pots) DropAllowances(ctx context.Context, slot string) error {
	if !e.conn.Clustered() {
		return nil
	}
	for _, p := range e.known() {
		key := e.conn.Keys.Counter(p.terms().Scope, slot, p.period)
		err := e.conn.Client.HDel(ctx, key, "e", "n", "g", "l").Err()
		if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, key), err); err != nil {
			return err
		}
	}
	return nil
}

// Spent adds up what all slots of a pot have spent and reserved.
func (e *Pots) Spent(ctx context.Context, budget quota.Budget) (quota.BudgetState, error) {
	for range wire.Attempts {
		answer, err := e.conn.Call(ctx, e.conn.Scripts.Spent, e.conn.Keys.Budget(budget.Scope), script.AppendPeriods([]any{e.conn.Clock(), "1"}, budget.Periods))
		if err != nil {
			return quota.BudgetState{}, err
		}
		status, now := answer.Text(), quota.TimeOf(answer.Int())
		if status == "noperiod" {
			return quota.BudgetState{}, fmt.Errorf("%s at %s: %w", budget.Scope, now.Format(time.RFC3339), quota.ErrNoPeriod)
		}
		period := script.PeriodOf(budget, answer.Int())
		if answer.Err != nil {
			return quota.BudgetState{}, answer.Err
		}
		p := e.potOf(budget, period)
		if status == "seed" {
			if err := e.fillHome(ctx, p, 0); err != nil {
				return quota.BudgetState{}, err
			}
			continue
		}
		settled, reserved, err := e.addUp(ctx, p)
		return budget.State(period, settled, reserved), err
	}
	return quota.BudgetState{}, fmt.Errorf("%w: the home of %s does not keep what it is filled with", quota.ErrUnavailable, budget.Scope)
}

func (e *Pots) addUp(ctx context.Context, p *pot) (settled, reserved money.Nano, err error) {
	fields, err := e.conn.Client.HGetAll(ctx, p.home).Result()
	if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), err); err != nil {
		return 0, 0, err
	}
	var slots []string
	for name, value := range fields {
		if name[:min(2, len(name))] == "s:" {
			settled += money.Nano(script.FieldInt(value))
		}
		if name[:min(2, len(name))] == "a:" {
			slots = append(slots, name[2:])
		}
	}
	figures, err := e.look(ctx, p, slots, 0, neverIdle)
	if err != nil {
		return 0, 0, err
	}
	for _, slot := range slots {
		own, found := figures[slot]
		if !found { // its server has lost everything
			if own, err = e.lookAgain(ctx, p, slot); err != nil {
				return 0, 0, err
			}
		}
		settled += own.settled
		reserved += own.held
	}
	return settled, reserved, nil
}

// lookAgain fills a slot's counter that has vanished and looks at it.
func (e *Pots) lookAgain(ctx context.Context, p *pot, slot string) (slotFigures, error) {
	if err := e.options.Filler.Fill(ctx, p.terms(), slot, p.period, script.EmptyBasis, e.conn.Now()); err != nil {
		return slotFigures{}, err
	}
	figures, err := e.look(ctx, p, []string{slot}, 0, neverIdle)
	return figures[slot], err
}
