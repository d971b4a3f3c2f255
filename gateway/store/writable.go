package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// writableEvery is for how long an answer to whether the record can be written holds: anybody may ask.
	writableEvery = time.Second
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

	mu sync.Mutex
	// failed is why ledger rows could last not be written to the tables, nil when they could; since is when that was.
	failed error
	since  time.Time
}

// noteRows keeps whether rows could be written. An error about what was asked for says nothing of that.
func (s *Store) noteRows(err error) {
	w := &s.writable
	if err != nil && api.CodeOf(err) != api.StoreUnavailable {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed, w.since = err, s.now()
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
	if now := s.now(); now.Sub(w.asked) >= writableEvery {
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
		if err := s.journal.Probe(); err != nil {
			return false, unavailable(err)
		}
		return true, failed // the journal tries again every second
	}
	if failed != nil && s.now().Sub(since) > retriesEvery {
		_, failed = s.exec(ctx, "setting_put", args{"name": probeSetting, "value": fmt.Sprint(s.nowMS())})
		s.noteRows(failed)
	}
	return failed == nil, failed
}
