package quota

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// DefaultMaxBacklog is how many entries may wait for the record before requests are refused.
	DefaultMaxBacklog = 100_000

	// backlogBatch is how many entries are recorded in one go.
	backlogBatch = 500

	// backlogPause is the first pause after a failure, backlogMaxPause the longest: calls wait for the end of it.
	backlogPause    = 100 * time.Millisecond
	backlogMaxPause = time.Second
)

// backlog keeps entries that could not be recorded yet and tries again.
// Entries may be recorded twice; the record collapses them by id.
type backlog struct {
	record Record
	logger *slog.Logger
	wake   chan struct{}
	// drainMu lets one drain run at a time, so that a second one waits for the entries of the first.
	drainMu sync.Mutex

	limit int64

	mu      sync.Mutex
	entries []Entry
	// rows is how many of them are ledger rows.
	rows int
	// since is when the backlog was last empty.
	since time.Time
}

func newBacklog(record Record, limit int64, logger *slog.Logger) *backlog {
	return &backlog{record: record, limit: limit, logger: logger, wake: make(chan struct{}, 1)}
}

func (b *backlog) state(now time.Time) Backlog {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.entries) == 0 {
		return Backlog{}
	}
	return Backlog{Entries: int64(len(b.entries)), Oldest: now.Sub(b.since)}
}

func (b *backlog) keep(entries ...Entry) {
	b.mu.Lock()
	if len(b.entries) == 0 {
		b.since = time.Now()
	}
	b.entries = append(b.entries, entries...)
	b.rows += rowsOf(entries)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// refuses is why nothing more may be spent, nil when it may. Nothing but this process knows of a row that waits here.
func (b *backlog) refuses() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.rows > 0:
		return ErrUnrecorded
	case int64(len(b.entries)) >= b.limit:
		return ErrBacklog
	default:
		return nil
	}
}

func rowsOf(entries []Entry) (rows int) {
	for i := range entries {
		if entries[i].Row != nil {
			rows++
		}
	}
	return rows
}

func (b *backlog) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}

// drain records what waits, oldest first.
func (b *backlog) drain(ctx context.Context) error {
	b.drainMu.Lock()
	defer b.drainMu.Unlock()
	for {
		batch := b.next()
		if len(batch) == 0 {
			return nil
		}
		if err := b.record.Append(ctx, batch); err != nil {
			return fmt.Errorf("record %d entries: %w", len(batch), err)
		}
		b.mu.Lock()
		b.entries = b.entries[len(batch):]
		b.rows -= rowsOf(batch)
		b.mu.Unlock()
	}
}

func (b *backlog) next() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.entries), backlogBatch)
	return b.entries[:n:n]
}

// run drains whenever there is something, with growing pauses while the record is down.
func (b *backlog) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		b.drainUntilEmpty(ctx)
	}
}

func (b *backlog) drainUntilEmpty(ctx context.Context) {
	pause := backlogPause
	for b.len() > 0 && ctx.Err() == nil {
		err := b.drain(ctx)
		if err == nil {
			continue
		}
		b.logger.Warn("the record is behind", slog.Any("error", err), slog.Int("waiting", b.len()))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, backlogMaxPause)
	}
}
