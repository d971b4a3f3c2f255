package journal

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
	// movePause gathers rows: transactions are at least that far apart, unless somebody waits to read the tables.
	movePause = 100 * time.Millisecond
	// moveLate is how far the tables may be behind when few rows come and nobody reads them, and moveEarly how many rows do
	// not wait for others then. A transaction costs as much as the pages that it changes, of which one row changes a dozen and
	// two hundred rows some dozens.
	moveLate  = time.Second
	moveEarly = 256
	// moveRetry is the pause after a transaction that failed.
	moveRetry = time.Second
	// moveTimeout bounds one transaction.
	moveTimeout = 30 * time.Second
	// moveRows is how many rows one transaction takes.
	moveRows = 2048
)

// Open puts a journal in front of tables, after what an earlier process left in it. It is beside the file of a database.
func Open(ctx context.Context, database string, tables Tables, logger *slog.Logger) (*Journal, error) {
	j, left, err := open(database)
	if err != nil {
		return nil, err
	}
	j.tables, j.logger = tables, logger
	if err := j.moveRows(ctx, left); err != nil {
		return nil, errors.Join(fmt.Errorf("write the rows of the ledger's journal: %w", err), j.closeFiles())
	}
	if err := j.empty(); err != nil {
		return nil, errors.Join(err, j.closeFiles())
	}
	if len(left) > 0 {
		logger.InfoContext(ctx, "the ledger's journal was written to the record", slog.Int("rows", len(left)))
	}
	go j.run()
	return j, nil
}

// Close writes what is left to the tables; what cannot be written stays in the files for the next start.
func (j *Journal) Close() (err error) {
	j.closing.Do(func() {
		close(j.stop)
		<-j.stopped
		err = j.closeFiles()
	})
	return err
}

func (j *Journal) run() {
	defer close(j.stopped)
	for {
		select {
		case <-j.wake:
		case <-j.stop:
			// Rows that failed before go first, and the others after them.
			if j.move() {
				j.move()
			}
			return
		}
		if !j.move() {
			// Nobody is helped by trying again at once.
			signal(j.wake)
			j.rest(moveRetry, nil, nil)
			continue
		}
		if !j.rest(movePause, j.hurry, nil) {
			j.rest(moveLate-movePause, j.hurry, j.many)
		}
	}
}

// rest waits for a time, and says whether it was cut short.
func (j *Journal) rest(pause time.Duration, hurry, many <-chan struct{}) bool {
	select {
	case <-time.After(pause):
		return false
	case <-hurry:
	case <-many:
	case <-j.stop:
	}
	return true
}

// move writes the journal's rows to the tables and says whether that worked.
func (j *Journal) move() bool {
	ctx, cancel := context.WithTimeout(context.Background(), moveTimeout)
	defer cancel()
	rows, err := j.take()
	if err == nil && len(rows) > 0 {
		if err = j.moveRows(ctx, rows); err == nil {
			j.moveDone()
		}
	}
	if err != nil {
		j.moveFailed(err)
		j.logger.Error("ledger rows wait in the journal", slog.Int("rows", len(rows)), slog.Any("error", err))
	}
	return err == nil
}

func (j *Journal) moveRows(ctx context.Context, rows []api.LedgerRow) error {
	for len(rows) > 0 {
		n := min(moveRows, len(rows))
		err := j.tables.Take(ctx, rows[:n])
		if err != nil && api.CodeOf(err) != api.StoreUnavailable {
			err = j.moveEach(ctx, rows[:n])
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
func (j *Journal) moveEach(ctx context.Context, rows []api.LedgerRow) error {
	for _, row := range rows {
		err := j.tables.Take(ctx, []api.LedgerRow{row})
		if err == nil {
			continue
		}
		if api.CodeOf(err) == api.StoreUnavailable {
			return err
		}
		j.logger.ErrorContext(ctx, "a ledger row was refused by the database and put aside",
			slog.String("ledger_id", row.ID), slog.String("file", j.database+".ledger-refused"), slog.Any("error", err))
		if err := putAside(j.database+".ledger-refused", row); err != nil {
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

// probeSize is how much has to fit onto the journal's disk, in bytes: some hundred rows.
const probeSize = 64 << 10

// Probe finds out whether the disk takes more, and leaves it as it was.
func (j *Journal) Probe() error {
	name := j.database + ".ledger-probe"
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
