package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Settle implements [Engine]. The row is durable in Redis when it returns and reaches the record soon after;
// while Redis is away the row goes to the record at once and the counters follow.
func (r *Redis) Settle(ctx context.Context, settlement Settlement) (Settled, error) {
	if err := settlement.check(); err != nil {
		return Settled{}, err
	}
	held := r.heldBy(settlement.ID)
	settled, err := r.settle(ctx, settlement, held)
	if err == nil || errors.Is(err, ErrUnknown) {
		r.release(settlement.ID)
		return settled, err
	}
	r.keepPending(pendingStep{settlement: settlement})
	if held == nil {
		return Settled{}, err
	}
	row := settledRow(settlement, held.at, time.Now().UTC())
	if appendErr := r.record.Append(context.WithoutCancel(ctx), []Entry{{Row: &row}}); appendErr != nil {
		return Settled{}, errors.Join(err, appendErr)
	}
	r.options.Logger.WarnContext(ctx, "settled in the record, the counters follow", "reservation", settlement.ID, "error", err)
	return Settled{}, nil
}

func (r *Redis) settle(ctx context.Context, settlement Settlement, held *heldReservation) (Settled, error) {
	row, err := json.Marshal(settlement.Row)
	if err != nil {
		return Settled{}, fmt.Errorf("describe settlement %s: %w", settlement.ID, err)
	}
	answer, err := r.call(ctx, r.scripts.settle, r.keys.slot(settlement.Slot), []any{
		r.clock(), settlement.ID, settlement.Tokens, int64(settlement.Cost), remembered.Microseconds(), row,
	})
	if err != nil {
		return Settled{}, fmt.Errorf("settle %s: %w", settlement.ID, err)
	}
	r.markDirty(settlement.Slot)
	switch status := answer.text(); status {
	case "settled":
		return readSettled(answer, held)
	case "duplicate":
		return Settled{Duplicate: true}, nil
	case "corrected":
		return Settled{Corrected: true}, nil
	case "unknown":
		return Settled{}, fmt.Errorf("settle %s: %w", settlement.ID, ErrUnknown)
	default:
		return Settled{}, fmt.Errorf("answer of a script: status %q", status)
	}
}

// readSettled gives the state of the limits when this gateway made the reservation and so knows them.
func readSettled(answer *reply, held *heldReservation) (settled Settled, err error) {
	now, windows, budgets := timeOf(answer.int()), answer.list(), answer.list()
	if answer.err != nil || held == nil {
		return Settled{}, answer.err
	}
	settled.Windows, settled.Budgets, err = readStates(held.request, windows, budgets, now)
	return settled, err
}

func (r *Redis) heldBy(id string) *heldReservation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[id]
}

func (r *Redis) release(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, id)
}

// Renew implements [Engine]. Reservations that have ended are passed over.
func (r *Redis) Renew(ctx context.Context, checkpoints []Checkpoint) error {
	bySlot := make(map[string][]any)
	for _, c := range checkpoints {
		if bySlot[c.Slot] == nil {
			bySlot[c.Slot] = []any{r.clock(), lifetime.Microseconds()}
		}
		bySlot[c.Slot] = append(bySlot[c.Slot], c.ID, c.Tokens, int64(c.Cost))
	}
	var errs []error
	for slot, args := range bySlot {
		if _, err := r.callInt(ctx, r.scripts.renew, r.keys.slot(slot), args); err != nil {
			errs = append(errs, fmt.Errorf("renew reservations of %s: %w", slot, err))
		}
	}
	return errors.Join(errs...)
}

// reapBatch is how many crashed requests one script books, so that Redis is never busy for long.
const reapBatch = 100

// Reap books the reservations of all gateways that nobody has renewed, at what they are
// known to have cost, and returns how many there were.
func (r *Redis) Reap(ctx context.Context) (int, error) {
	slots, err := r.slots(ctx)
	if err != nil {
		return 0, fmt.Errorf("list slots: %w", err)
	}
	total := 0
	for _, slot := range slots {
		n, err := r.reapSlot(ctx, slot)
		total += n
		if err != nil {
			return total, fmt.Errorf("reap %s: %w", slot, err)
		}
	}
	return total, nil
}

func (r *Redis) reapSlot(ctx context.Context, slot string) (total int, err error) {
	for {
		n, err := r.callInt(ctx, r.scripts.reap, r.keys.slot(slot), []any{r.clock(), reapBatch, remembered.Microseconds()})
		total += int(n)
		if n > 0 {
			r.markDirty(slot)
		}
		if err != nil || n < reapBatch {
			return total, err
		}
	}
}

// reapLoop leaves everything alone after Redis was away, until living gateways have had the time to renew.
func (r *Redis) reapLoop(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !r.contact.unbroken(lifetime + 5*time.Second) {
			continue
		}
		if _, err := r.Reap(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.Warn("reap", "error", err)
		}
	}
}
