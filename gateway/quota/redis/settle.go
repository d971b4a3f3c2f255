package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// Settle implements [quota.Engine]. The row is durable in Redis when it returns and reaches the record soon after;
// while Redis is away the row goes to the record at once and the counters follow.
func (r *Engine) Settle(ctx context.Context, settlement quota.Settlement) (quota.Settled, error) {
	if err := settlement.Check(); err != nil {
		return quota.Settled{}, err
	}
	held := r.heldBy(settlement.ID)
	if held != nil && held.alone {
		r.settleAlone(ctx, settlement)
	}
	seen := r.seenOf(held)
	settled, err := r.settle(ctx, settlement, held)
	if err == nil || errors.Is(err, quota.ErrUnknown) {
		r.release(settlement.ID)
		return settled, err
	}
	if held != nil && held.alone && errors.Is(err, quota.ErrUnavailable) {
		return quota.Settled{}, r.bookAlone(ctx, settlement, held)
	}
	r.keepPending(pendingStep{settlement: settlement})
	if held == nil {
		return quota.Settled{}, err
	}
	r.endedUnheard(held, seen)
	row := quota.SettledRow(settlement, held.decision.At, time.Now().UTC())
	if appendErr := r.record.Append(context.WithoutCancel(ctx), []quota.Entry{{Row: &row}}); appendErr != nil {
		return quota.Settled{}, errors.Join(err, appendErr)
	}
	r.options.Logger.WarnContext(ctx, "settled in the record, the counters follow",
		slog.String("reservation", settlement.ID), slog.Any("error", err))
	return quota.Settled{}, nil
}

func (r *Engine) settle(ctx context.Context, settlement quota.Settlement, held *heldReservation) (quota.Settled, error) {
	row := script.PackRow(quota.SettledRow(settlement, time.Time{}, time.Time{}))
	for range wire.Attempts {
		call, err := r.askSettle(ctx, settlement, held, row)
		if err != nil {
			return quota.Settled{}, fmt.Errorf("settle %s: %w", settlement.ID, err)
		}
		settled, again, err := r.settled(ctx, settlement, held, call)
		if err != nil || !again {
			return settled, err
		}
	}
	return quota.Settled{}, fmt.Errorf("%w: it keeps losing what it is told", quota.ErrUnavailable)
}

// settled reads the answer; again means that Redis was told what it had lost and the script has to run once more.
func (r *Engine) settled(ctx context.Context, settlement quota.Settlement, held *heldReservation, call *settleCall) (settled quota.Settled, again bool, err error) {
	switch status := call.answer.Text(); status {
	case "settled":
		settled, err = r.readSettled(call, held)
		r.remember(settlement, held)
		return settled, false, err
	case "lost":
		return quota.Settled{}, true, r.restore(ctx, settlement.Slot)
	case "duplicate":
		return quota.Settled{Duplicate: true}, false, nil
	case "corrected":
		return quota.Settled{Corrected: true}, false, nil
	case "unknown":
		if held != nil {
			return quota.Settled{}, false, r.settleLost(ctx, settlement, held)
		}
		return quota.Settled{}, false, fmt.Errorf("settle %s: %w", settlement.ID, quota.ErrUnknown)
	default:
		return quota.Settled{}, false, fmt.Errorf("answer of a script: status %q", status)
	}
}

// readSettled gives the state of the limits when this gateway made the reservation and so knows them.
func (r *Engine) readSettled(call *settleCall, held *heldReservation) (settled quota.Settled, err error) {
	call.answer.Int()
	if call.answer.Err != nil || held == nil {
		return quota.Settled{}, call.answer.Err
	}
	settled.Windows, settled.Budgets, err = script.ReadStates(held.request, call.answer, call.now)
	r.pots.NoteSpent(held.request, settled.Budgets)
	if err == nil {
		r.noteSeen(held.request.Slot, settled.Windows, call.order)
	}
	return settled, err
}

func (r *Engine) heldBy(id string) *heldReservation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[id]
}

func (r *Engine) release(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, id)
}

// Renew implements [quota.Engine]. Reservations that have ended are passed over.
func (r *Engine) Renew(ctx context.Context, checkpoints []quota.Checkpoint) error {
	r.keepAlive(checkpoints, time.Now())
	if err := r.alone.windows.Renew(ctx, checkpoints); err != nil {
		return err
	}
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

func (r *Engine) keepAlive(checkpoints []quota.Checkpoint, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range checkpoints {
		if held := r.held[c.ID]; held != nil {
			held.alive = now
		}
	}
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
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !r.conn.Breaker.Unbroken(reapCaution, time.Now()) {
			continue
		}
		if _, err := r.Reap(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.Warn("reap", slog.Any("error", err))
		}
	}
}
