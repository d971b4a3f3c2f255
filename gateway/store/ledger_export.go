package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// endPoll is how often it is looked whether writers have ended.
const endPoll = 5 * time.Millisecond

// LedgerEnd returns a number up to which the ledger will not change any more: whoever has read the rows up
// to it has missed none. On PostgreSQL rows get their numbers before they are committed, so it waits for the
// transactions that are under way when it is called; they do not wait for it.
func (s *Store) LedgerEnd(ctx context.Context) (end int64, err error) {
	if _, err := s.oneBooked(ctx, "ledger_end", args{}, &end); err != nil {
		return 0, err
	}
	// Whoever drew a number up to end has held the lock since before and still does, or has ended.
	under, err := s.texts(ctx, "ledger_writers", args{})
	for err == nil && len(under) > 0 {
		select {
		case <-time.After(endPoll):
		case <-ctx.Done():
			return 0, unavailable(ctx.Err())
		}
		var now []string
		now, err = s.texts(ctx, "ledger_writers", args{})
		under = slices.DeleteFunc(under, func(writer string) bool { return !slices.Contains(now, writer) })
	}
	return end, err
}

// LedgerAfter returns up to n rows in the order of their numbers, from the one after seq up to end.
func (s *Store) LedgerAfter(ctx context.Context, seq, end int64, n int) ([]api.LedgerEntry, error) {
	return s.ledgerEntries(ctx, "ledger_after", args{"after_seq": seq, "end_seq": end, "limit": n})
}

// ClaimLedgerExport makes holder the one that sends to the named receiver until a time, unless another is and
// its time is not over. It returns the number of the last row that has arrived.
func (s *Store) ClaimLedgerExport(ctx context.Context, name, holder string, now, until time.Time) (sent int64, claimed bool, err error) {
	claim := func() error {
		values := args{"name": name, "holder": holder, "now_ms": now.UnixMilli(), "until_ms": until.UnixMilli()}
		return s.eachWritten(ctx, "ledger_export_claim", values, func(scan func(...any) error) error {
			claimed = true
			return scan(&sent)
		})
	}
	if err := claim(); err != nil || claimed {
		return sent, claimed, err
	}
	added, err := s.exec(ctx, "ledger_export_add", args{"name": name, "now_ms": now.UnixMilli()})
	if err == nil && added > 0 {
		err = claim()
	}
	return sent, claimed, err
}

// ErrExportTaken says that another gateway sends to the receiver meanwhile.
var ErrExportTaken = errors.New("another gateway has taken the export over")

// MoveLedgerExport notes that rows up to seq have arrived. Errors: [ErrExportTaken].
func (s *Store) MoveLedgerExport(ctx context.Context, name, holder string, seq int64) error {
	moved, err := s.exec(ctx, "ledger_export_move", args{"name": name, "holder": holder, "seq": seq, "now_ms": s.nowMS()})
	if err == nil && moved == 0 {
		return ErrExportTaken
	}
	return err
}

// ReleaseLedgerExport lets others send to the receiver at once.
func (s *Store) ReleaseLedgerExport(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, "ledger_export_release", args{"name": name, "holder": holder})
	return err
}
