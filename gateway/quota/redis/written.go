package redis

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// writtenRow is a row that is durable in a slot's stream and known here. It is kept until the record has it: should
// Redis lose its memory before that, nobody else knows of it. Should this process die, another one reads it from the
// stream; a row that is recorded twice is one row.
type writtenRow struct {
	row api.LedgerRow
	// counters are those of the budgets that it was spent from.
	counters []string
}

// written are the rows of one slot.
type written struct {
	rows []writtenRow
	// entries of the stream hold the rows, in their order; one without an id is left to whoever reads the stream.
	entries []streamEntry
}

// noteWritten keeps what a script has written. all is false when there is more to drain.
func (r *Engine) noteWritten(slot, entry string, together, apart []writtenRow, all bool) {
	r.mu.Lock()
	r.keepWrittenLocked(slot, entry, together)
	r.keepWrittenLocked(slot, "", apart)
	if !all {
		r.dirty[slot] = true
	}
	r.mu.Unlock()
	r.wakeDrain()
}

func (r *Engine) keepWrittenLocked(slot, entry string, rows []writtenRow) {
	if len(rows) == 0 {
		return
	}
	w := r.written[slot]
	if w == nil {
		w = &written{}
		r.written[slot] = w
	}
	w.rows, w.entries = append(w.rows, rows...), append(w.entries, streamEntry{entry, len(rows)})
	r.unrecorded.Add(int64(len(rows)))
}

// drainWritten moves to the record what this process has put into streams. What fails stays.
func (r *Engine) drainWritten(ctx context.Context) error {
	r.recording.Lock()
	defer r.recording.Unlock()
	for _, slot := range r.slotsWritten() {
		for rows, entries := r.nextWritten(slot); len(rows) > 0; rows, entries = r.nextWritten(slot) {
			if err := r.recordWritten(ctx, slot, rows); err != nil {
				return err
			}
			r.forgetWritten(slot, len(rows), len(entries))
			if err := r.drained(ctx, slot, entries); err != nil {
				r.markDirty(slot) // it is read from the stream once more
				return err
			}
		}
	}
	return nil
}

func (r *Engine) slotsWritten() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.written))
}

// nextWritten are the oldest rows of a slot, about as many as go to the record at once.
func (r *Engine) nextWritten(slot string) (rows []writtenRow, entries []streamEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, n, last := r.written[slot], 0, 0
	if w == nil {
		return nil, nil
	}
	for last < len(w.entries) && (last == 0 || n+w.entries[last].rows <= drainCount) {
		n, last = n+w.entries[last].rows, last+1
	}
	return w.rows[:n:n], w.entries[:last:last]
}

func (r *Engine) forgetWritten(slot string, rows, entries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.written[slot]
	w.rows, w.entries = w.rows[rows:], w.entries[entries:]
	r.unrecorded.Add(int64(-rows))
	if len(w.rows) == 0 {
		delete(r.written, slot)
	}
}

func (r *Engine) recordWritten(ctx context.Context, slot string, rows []writtenRow) error {
	entries := make([]quota.Entry, len(rows))
	for i := range rows {
		entries[i].Row = &rows[i].row
	}
	if err := r.record.Append(ctx, entries); err != nil {
		return fmt.Errorf("record %d settlements of %s: %w", len(entries), slot, err)
	}
	return nil
}

// recordUnrecorded puts into the record what Redis may have lost on its way there, and has the counters that it was
// spent from filled again.
func (r *Engine) recordUnrecorded(ctx context.Context, slot string) error {
	rows := r.writtenIn(slot)
	for batch := range slices.Chunk(rows, drainCount) {
		if err := r.recordWritten(ctx, slot, batch); err != nil {
			return err
		}
	}
	counters := map[string]bool{}
	for _, row := range rows {
		for _, counter := range row.counters {
			counters[counter] = true
		}
	}
	for counter := range counters {
		if _, err := r.conn.CallInt(ctx, r.scripts.Unseed, counter, nil); err != nil {
			return fmt.Errorf("have %s filled again: %w", counter, err)
		}
	}
	return nil
}

func (r *Engine) writtenIn(slot string) []writtenRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.written[slot]; w != nil {
		return slices.Clone(w.rows)
	}
	return nil
}

// countersOf are the counters of a reservation's budgets.
func (r *Engine) countersOf(held *heldReservation) []string {
	if held == nil || len(held.request.Budgets) == 0 {
		return nil
	}
	counters := make([]string, len(held.request.Budgets))
	for i, budget := range held.request.Budgets {
		counters[i] = r.keys.Counter(budget.Scope, held.request.Slot, held.decision.Budgets[i].Period)
	}
	return counters
}
