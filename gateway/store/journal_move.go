package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed/ledgerrow"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// movePause gathers rows: the tables are that much behind when nobody reads them.
	movePause = 100 * time.Millisecond
	// moveRetry is the pause after a transaction that failed.
	moveRetry = time.Second
	// moveTimeout bounds one transaction.
	moveTimeout = 30 * time.Second
	// moveRows is how many rows one transaction takes.
	moveRows = 2048
)

// startJournal puts the journal in front of the ledger's tables, after what an earlier process left in it.
func (s *Store) startJournal(ctx context.Context) error {
	j, left, err := openJournal(s.db.File)
	if err != nil {
		return err
	}
	if err := s.moveRows(ctx, left); err != nil {
		return errors.Join(fmt.Errorf("write the rows of the ledger's journal: %w", err), j.closeFiles())
	}
	if err := j.empty(); err != nil {
		return errors.Join(err, j.closeFiles())
	}
	if len(left) > 0 {
		s.logger.InfoContext(ctx, "the ledger's journal was written to the record", slog.Int("rows", len(left)))
	}
	if err := s.prepareInserts(ctx); err != nil {
		return errors.Join(fmt.Errorf("prepare to move the ledger's journal: %w", err), j.closeFiles())
	}
	s.journal = j
	go s.runJournal(j)
	return nil
}

// stopJournal writes what is left of the journal; what cannot be written stays in its files for the next start.
func (s *Store) stopJournal() error {
	if s.journal == nil {
		return nil
	}
	var err error
	s.journal.closing.Do(func() {
		close(s.journal.stop)
		<-s.journal.stopped
		err = s.journal.closeFiles()
	})
	return err
}

func (s *Store) runJournal(j *journal) {
	defer close(j.stopped)
	for {
		select {
		case <-j.wake:
		case <-j.stop:
			// Rows that failed before go first, and the others after them.
			if s.moveJournal(j) {
				s.moveJournal(j)
			}
			return
		}
		pause, hurry := movePause, j.hurry
		if !s.moveJournal(j) {
			// Nobody is helped by trying again at once.
			pause, hurry = moveRetry, nil
			signal(j.wake)
		}
		select {
		case <-time.After(pause):
		case <-hurry:
		case <-j.stop:
		}
	}
}

// moveJournal writes the journal's rows to the tables and says whether that worked.
func (s *Store) moveJournal(j *journal) bool {
	ctx, cancel := context.WithTimeout(context.Background(), moveTimeout)
	defer cancel()
	rows, err := j.take()
	if err == nil && len(rows) > 0 {
		if err = s.moveRows(ctx, rows); err == nil {
			err = j.moveDone()
		}
	}
	if err != nil {
		j.moveFailed(err)
		s.logger.Error("ledger rows wait in the journal", slog.Int("rows", len(rows)), slog.Any("error", err))
	}
	return err == nil
}

func (s *Store) moveRows(ctx context.Context, rows []api.LedgerRow) error {
	for len(rows) > 0 {
		n := min(moveRows, len(rows))
		err := s.appendLedger(ctx, rows[:n], nil)
		if err != nil && api.CodeOf(err) != api.StoreUnavailable {
			err = s.moveEach(ctx, rows[:n])
		}
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// moveEach writes rows one by one, so that one which the tables do not take keeps out no other.
// That one is kept in a file beside the database, for a person to look at.
func (s *Store) moveEach(ctx context.Context, rows []api.LedgerRow) error {
	for _, row := range rows {
		err := s.appendLedger(ctx, []api.LedgerRow{row}, nil)
		if err == nil {
			continue
		}
		if api.CodeOf(err) == api.StoreUnavailable {
			return err
		}
		s.logger.ErrorContext(ctx, "a ledger row was refused by the database and put aside",
			slog.String("ledger_id", row.ID), slog.String("file", s.db.File+".ledger-refused"), slog.Any("error", err))
		if err := putAside(s.db.File+".ledger-refused", row); err != nil {
			return err
		}
	}
	return nil
}

func putAside(name string, row api.LedgerRow) error {
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("put a ledger row aside: %w", err)
	}
	_, err = file.Write(checksummed.AppendLine(nil, &row, ledgerrow.Append))
	return errors.Join(err, file.Sync(), file.Close())
}
