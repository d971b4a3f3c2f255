package drain

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Row is a row that is durable in a slot's stream and known here. It is kept until the record has it: should
// Redis lose its memory before that, nobody else knows of it. Should this process die, another one reads it from the
// stream; a row that is recorded twice is one row.
type Row struct {
	Row api.LedgerRow
	// Counters are those of the budgets that it was spent from.
	Counters []string `json:",omitempty"`
}

// written are the rows of one slot.
type written struct {
	rows []Row
	// entries of the stream hold the rows, in their order; one without an id is left to whoever reads the stream.
	entries []streamEntry
	// spilled is how many of the rows are on the disk.
	spilled int
}

// NoteWritten keeps what a script has written. all is false when there is more to drain.
func (s *Streams) NoteWritten(slot, entry string, together, apart []Row, all bool) {
	s.mu.Lock()
	s.keepWrittenLocked(slot, entry, together)
	s.keepWrittenLocked(slot, "", apart)
	if !all {
		s.dirty[slot] = true
	}
	s.mu.Unlock()
	s.Wake()
}

func (s *Streams) keepWrittenLocked(slot, entry string, rows []Row) {
	if len(rows) == 0 {
		return
	}
	w := s.written[slot]
	if w == nil {
		w = &written{}
		s.written[slot] = w
	}
	w.rows, w.entries = append(w.rows, rows...), append(w.entries, streamEntry{entry, len(rows)})
	s.unrecorded.Add(int64(len(rows)))
}

// drainWritten moves to the record what this process has put into streams. What fails stays, and goes to the disk.
func (s *Streams) drainWritten(ctx context.Context) error {
	s.recording.Lock()
	defer s.recording.Unlock()
	stop := s.spillMeanwhile()
	err := s.moveWritten(ctx)
	stop()
	if err != nil {
		s.spillWritten()
		return err
	}
	s.unspill()
	return nil
}

func (s *Streams) moveWritten(ctx context.Context) error {
	for _, slot := range s.slotsWritten() {
		for rows, entries := s.nextWritten(slot); len(rows) > 0; rows, entries = s.nextWritten(slot) {
			if err := s.recordWritten(ctx, rows); err != nil {
				return err
			}
			s.forgetWritten(slot, len(rows), len(entries))
			if err := s.drained(ctx, slot, entries); err != nil {
				s.MarkDirty(slot) // it is read from the stream once more
				return err
			}
		}
	}
	return nil
}

func (s *Streams) slotsWritten() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.written))
}

// nextWritten are the oldest rows of a slot, about as many as go to the record at once.
func (s *Streams) nextWritten(slot string) (rows []Row, entries []streamEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, n, last := s.written[slot], 0, 0
	if w == nil {
		return nil, nil
	}
	for last < len(w.entries) && (last == 0 || n+w.entries[last].rows <= drainCount) {
		n, last = n+w.entries[last].rows, last+1
	}
	return w.rows[:n:n], w.entries[:last:last]
}

func (s *Streams) forgetWritten(slot string, rows, entries int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.written[slot]
	w.rows, w.entries, w.spilled = w.rows[rows:], w.entries[entries:], max(0, w.spilled-rows)
	s.unrecorded.Add(int64(-rows))
	if len(w.rows) == 0 {
		delete(s.written, slot)
	}
}

func (s *Streams) recordWritten(ctx context.Context, rows []Row) error {
	entries := make([]quota.Entry, len(rows))
	for i := range rows {
		entries[i].Row = &rows[i].Row
	}
	if err := s.record.Append(ctx, entries); err != nil {
		return fmt.Errorf("record %d settlements: %w", len(entries), err)
	}
	return nil
}

// RecordUnrecorded puts into the record what Redis may have lost on its way there, and has the counters that it was
// spent from filled again. It returns these.
func (s *Streams) RecordUnrecorded(ctx context.Context, slot string) (counters map[string]bool, err error) {
	return s.recordRows(ctx, s.writtenIn(slot))
}

// recordRows records rows and has the counters that they were spent from filled again, and the homes of pots on a Cluster.
func (s *Streams) recordRows(ctx context.Context, rows []Row) (counters map[string]bool, err error) {
	for batch := range slices.Chunk(rows, drainCount) {
		if err := s.recordWritten(ctx, batch); err != nil {
			return nil, err
		}
	}
	counters = map[string]bool{}
	for _, row := range rows {
		for _, counter := range row.Counters {
			counters[counter] = true
		}
	}
	for counter := range counters {
		if _, err := s.conn.CallInt(ctx, s.conn.Scripts.Unseed, counter, nil); err != nil {
			return nil, fmt.Errorf("have %s filled again: %w", counter, err)
		}
		for _, home := range s.conn.Keys.HomesOf(counter) {
			if _, err := s.conn.CallInt(ctx, s.conn.Scripts.Stale, home, nil); err != nil {
				return nil, fmt.Errorf("have %s filled again: %w", home, err)
			}
		}
	}
	return counters, nil
}

func (s *Streams) writtenIn(slot string) []Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.written[slot]; w != nil {
		return slices.Clone(w.rows)
	}
	return nil
}
