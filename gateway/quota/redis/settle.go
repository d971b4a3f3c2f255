package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/recovery"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// Settle implements [quota.Engine]. The row is durable in Redis when it returns and reaches the record soon after;
// while Redis is away the row goes to the record at once and the counters follow.
func (r *Engine) Settle(ctx context.Context, settlement quota.Settlement) (quota.Settled, error) {
	ending, err := r.End(ctx, settlement)
	return ending.Settled, err
}

// End implements [quota.Shared].
func (r *Engine) End(ctx context.Context, settlement quota.Settlement) (quota.Ending, error) {
	if err := settlement.Check(); err != nil {
		return quota.Ending{}, err
	}
	held := r.book.Held(settlement.ID)
	ending, err := r.settle(ctx, settlement, held)
	if err == nil || errors.Is(err, quota.ErrUnknown) {
		r.book.Release(settlement.ID)
		return ending, err
	}
	if held != nil && held.Adopted && errors.Is(err, quota.ErrUnavailable) {
		return quota.Ending{}, r.bookAdopted(ctx, settlement, held)
	}
	r.keepPending(pendingStep{settlement: settlement})
	if held == nil {
		return quota.Ending{}, err
	}
	ending = quota.Ending{Unheard: r.book.EndUnheard(held)}
	if appendErr := r.recordNow(ctx, settlement, held); appendErr != nil {
		return ending, errors.Join(err, appendErr)
	}
	r.options.Logger.WarnContext(ctx, "settled in the record, the counters follow",
		slog.String("reservation", settlement.ID), slog.Any("error", err))
	return ending, nil
}

// recordNow records a settlement that Redis cannot be told of now.
func (r *Engine) recordNow(ctx context.Context, settlement quota.Settlement, held *recovery.Held) error {
	if settlement.Summed {
		return nil
	}
	row := quota.SettledRow(settlement, held.Decision.At, time.Now().UTC())
	return r.record.Append(context.WithoutCancel(ctx), []quota.Entry{{Row: &row}})
}

// bookAdopted records the settlement of a reservation that Redis has not heard of, and has it told later.
func (r *Engine) bookAdopted(ctx context.Context, settlement quota.Settlement, held *recovery.Held) error {
	if err := r.recordNow(ctx, settlement, held); err != nil {
		r.keepPending(pendingStep{settlement: settlement})
		return err
	}
	r.book.Booked(settlement, held)
	return nil
}

func (r *Engine) settle(ctx context.Context, settlement quota.Settlement, held *recovery.Held) (quota.Ending, error) {
	row := script.PackRow(quota.SettledRow(settlement, time.Time{}, time.Time{}))
	for range wire.Attempts {
		call, err := r.askSettle(ctx, settlement, held, row)
		if err != nil {
			return quota.Ending{}, fmt.Errorf("settle %s: %w", settlement.ID, err)
		}
		settled, again, err := r.settled(ctx, settlement, held, call)
		if err != nil || !again {
			return quota.Ending{Settled: settled, Order: call.order}, err
		}
	}
	return quota.Ending{}, fmt.Errorf("%w: it keeps losing what it is told", quota.ErrUnavailable)
}

// settled reads the answer; again means that Redis was told what it had lost and the script has to run once more.
func (r *Engine) settled(ctx context.Context, settlement quota.Settlement, held *recovery.Held, call *settleCall) (settled quota.Settled, again bool, err error) {
	switch status := call.answer.Text(); status {
	case "settled":
		settled, err = r.readSettled(call, held)
		r.book.Remember(settlement, held)
		return settled, false, err
	case "lost":
		return quota.Settled{}, true, r.recovery.Restore(ctx, settlement.Slot)
	case "duplicate":
		return quota.Settled{Duplicate: true}, false, nil
	case "corrected":
		return quota.Settled{Corrected: true}, false, nil
	case "unknown":
		if held != nil {
			return quota.Settled{}, false, r.recovery.SettleLost(ctx, settlement, held)
		}
		return quota.Settled{}, false, fmt.Errorf("settle %s: %w", settlement.ID, quota.ErrUnknown)
	default:
		return quota.Settled{}, false, fmt.Errorf("answer of a script: status %q", status)
	}
}

// readSettled gives the state of the limits when this gateway made the reservation and so knows them.
func (r *Engine) readSettled(call *settleCall, held *recovery.Held) (settled quota.Settled, err error) {
	call.answer.Int()
	if call.answer.Err != nil || held == nil {
		return quota.Settled{}, call.answer.Err
	}
	settled.Windows, settled.Budgets, err = script.ReadStates(held.Request, call.answer, call.now)
	r.pots.NoteSpent(held.Request, settled.Budgets)
	return settled, err
}

// Renew implements [quota.Engine]. Reservations that have ended are passed over.
func (r *Engine) Renew(ctx context.Context, checkpoints []quota.Checkpoint) error {
	r.book.KeepAlive(checkpoints, time.Now())
	bySlot := make(map[string][]any)
	for _, c := range checkpoints {
		if bySlot[c.Slot] == nil {
			bySlot[c.Slot] = []any{r.conn.Clock(), quota.Lifetime.Microseconds()}
		}
		bySlot[c.Slot] = append(bySlot[c.Slot], c.ID, c.Tokens, int64(c.Cost))
	}
	var errs []error
	for slot, args := range bySlot {
		if _, err := r.conn.CallInt(ctx, r.conn.Scripts.Renew, r.conn.Keys.Slot(slot), args); err != nil {
			errs = append(errs, fmt.Errorf("renew reservations of %s: %w", slot, err))
		}
	}
	return errors.Join(errs...)
}

// reapBatch is how many crashed requests one script books, so that Redis is never busy for long.
const reapBatch = 100

// Reap books the reservations of all gateways that nobody has renewed, at what they are
// known to have cost, and returns how many there were.
func (r *Engine) Reap(ctx context.Context) (int, error) {
	slots, err := r.slots.All(ctx)
	if err != nil {
		return 0, fmt.Errorf("list slots: %w", err)
	}
	total := 0
	var errs []error
	for _, slot := range slots {
		if r.conn.Clustered() && !r.options.Manual && !r.conn.BreakerOf(ctx, r.conn.Keys.Slot(slot)).Unbroken(reapCaution, time.Now()) {
			continue
		}
		n, err := r.reapSlot(ctx, slot)
		total += n
		if err != nil {
			errs = append(errs, fmt.Errorf("reap %s: %w", slot, err))
		}
	}
	return total, errors.Join(errs...)
}

// reapCaution is for how long Redis must have answered before reservations may be taken for abandoned.
const reapCaution = quota.Lifetime + 5*time.Second

func (r *Engine) reapSlot(ctx context.Context, slot string) (total int, err error) {
	for {
		n, err := r.conn.CallInt(ctx, r.conn.Scripts.Reap, r.conn.Keys.Slot(slot), []any{r.conn.Clock(), reapBatch, quota.Remembered.Microseconds()})
		total += int(n)
		if n > 0 {
			r.streams.MarkDirty(slot)
		}
		if err != nil || n < reapBatch {
			return total, err
		}
	}
}

// reapLoop leaves everything alone after Redis was away, until living gateways have had the time to renew.
func (r *Engine) reapLoop(ctx context.Context) {
	every.Do(ctx, time.Second, func(ctx context.Context) {
		if !r.conn.Breaker.Unbroken(reapCaution, time.Now()) {
			return
		}
		if _, err := r.Reap(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.Warn("reap", slog.Any("error", err))
		}
	})
}
