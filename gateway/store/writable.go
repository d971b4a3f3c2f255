package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// writableEvery is for how long an answer to whether the record can be written holds: anybody may ask.
	writableEvery = time.Second
	// probeSize is how much has to fit onto the journal's disk, in bytes: some hundred rows.
	probeSize = 64 << 10
	// retriesEvery is how often rows that could not be written are tried again at least, and a bit. When none was for
	// as long, none waits.
	retriesEvery = 15 * time.Second
	// probeSetting is what is written to find out whether tables that took no rows can be written again.
	probeSetting = "written_again"
)

// writability is what is known of whether the record can be written.
type writability struct {
	// probing lets one call at a time find out; it guards the answer, and when that was found.
	probing sync.Mutex
	asked   time.Time
	rows    bool
	err     error

	// patience is [retriesEvery], less in tests.
	patience time.Duration

	mu sync.Mutex
	// failed is why ledger rows could last not be written to the tables, nil when they could; since is when that was.
	failed error
	since  time.Time
}

// noteRows keeps whether rows could be written. An error about what was asked for says nothing of that.
func (w *writability) noteRows(err error) {
	if err != nil && api.CodeOf(err) != api.StoreUnavailable {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed, w.since = err, time.Now()
}

func (w *writability) failure() (since time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.since, w.failed
}

// Writable says whether the record can be written, which one that can be reached cannot always: its disk is full, say.
// rows: the ledger takes rows all the same, in its journal. The error is an [api.StoreUnavailable].
func (s *Store) Writable(ctx context.Context) (rows bool, err error) {
	w := &s.writable
	w.probing.Lock()
	defer w.probing.Unlock()
	if now := time.Now(); now.Sub(w.asked) >= writableEvery {
		w.rows, w.err = s.probe(ctx)
		w.asked = now
	}
	return w.rows, w.err
}

// probe believes the rows that were written last. Tables that took none are written to only when no row waits for them:
// they may take a little and not much.
func (s *Store) probe(ctx context.Context) (rows bool, err error) {
	since, failed := s.writable.failure()
	if s.journal != nil {
		if err := probeDisk(s.db.File + ".ledger-probe"); err != nil {
			return false, unavailable(err)
		}
		return true, failed // the journal tries again every second
	}
	if failed != nil && time.Since(since) > s.writable.patience {
		_, failed = s.exec(ctx, "setting_put", args{"name": probeSetting, "value": fmt.Sprint(s.nowMS())})
		s.writable.noteRows(failed)
	}
	return failed == nil, failed
}

// probeDisk finds out whether a disk takes more, and leaves it as it was.
func probeDisk(name string) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write to the disk of the ledger's journal: %w", err)
	}
	_, err = file.Write(make([]byte, probeSize))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close(), os.Remove(name)); err != nil {
		return fmt.Errorf("write to the disk of the ledger's journal: %w", err)
	}
	return nil
}
