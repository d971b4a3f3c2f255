package quota

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// writtenLimit is how many rows of a slot are kept here on their way to the record. Beyond that they are read from the stream.
const writtenLimit = 2000

// writtenRows are rows that are durable in a slot's stream, and known here: so they need not be read from there.
// Should this process die, another one reads them; a row that is recorded twice is one row.
type writtenRows struct {
	rows    []api.LedgerRow
	entries []streamEntry // that hold the rows
}

// noteWritten keeps what a script has written in one entry of the stream. all is false when there is more to drain.
func (r *Redis) noteWritten(slot, entry string, rows []api.LedgerRow, all bool) {
	r.mu.Lock()
	if kept := r.keepWrittenLocked(slot, entry, rows); !kept || !all {
		r.dirty[slot] = true
	}
	r.mu.Unlock()
	r.wakeDrain()
}

// keepWrittenLocked says whether there was room.
func (r *Redis) keepWrittenLocked(slot, entry string, rows []api.LedgerRow) bool {
	if entry == "" {
		return true
	}
	w := r.written[slot]
	if w == nil {
		w = &writtenRows{}
		r.written[slot] = w
	}
	if len(w.rows)+len(rows) > writtenLimit {
		return false
	}
	w.rows, w.entries = append(w.rows, rows...), append(w.entries, streamEntry{entry, len(rows)})
	return true
}

func (r *Redis) takeWritten() map[string]*writtenRows {
	r.mu.Lock()
	defer r.mu.Unlock()
	written := r.written
	r.written = make(map[string]*writtenRows)
	return written
}

// drainWritten moves to the record what this process has put into streams. What fails is read from the stream later.
func (r *Redis) drainWritten(ctx context.Context) error {
	var failed error
	for slot, w := range r.takeWritten() {
		if failed == nil {
			failed = r.recordWritten(ctx, slot, w)
		}
		if failed != nil {
			r.markDirty(slot)
		}
	}
	return failed
}

func (r *Redis) recordWritten(ctx context.Context, slot string, w *writtenRows) error {
	entries := make([]Entry, len(w.rows))
	for i := range w.rows {
		entries[i].Row = &w.rows[i]
	}
	if err := r.record.Append(ctx, entries); err != nil {
		return fmt.Errorf("record %d settlements of %s: %w", len(entries), slot, err)
	}
	return r.drained(ctx, slot, w.entries)
}
