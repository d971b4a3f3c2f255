// Package journal keeps ledger rows on disk until they are in the tables of a record that is embedded. A transaction for every few rows
// was a third of what a loaded gateway computed; a line in a file is durable as well, and the rows then go into the tables some hundred at
// a time.
//
// It promises that rows are on disk when they are appended, survive a kill, and get into the tables, once each; and that
// whoever waits before reading the tables finds them there. It must never know of SQL.
package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/gofrs/flock"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed/ledgerrow"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Journal takes ledger rows for tables. Whoever reads the tables waits for it first; see [Journal.Await].
//
// There are two files: while the rows of one are written to the tables, the other takes new ones.
type Journal struct {
	database string
	tables   Tables
	logger   *slog.Logger
	lock     *flock.Flock
	files    [2]logFile

	mu sync.Mutex
	// active is the file that rows are appended to, size its length.
	active int
	size   int64
	// torn: behind its rows the active file may have what a failed write left.
	torn bool
	// pending are the rows of the active file, moving those of the other one.
	pending, moving []api.LedgerRow
	// appended and moved count rows since the start.
	appended, moved int64
	buffer          []byte
	// spare is room for the next rows, that of those which were moved last.
	spare []api.LedgerRow
	// progress is closed, and replaced, when rows have been moved, or could not be.
	progress chan struct{}
	// failed is why rows could last not be moved, nil when they could.
	failed error

	// many is told when so many rows wait that they are not to wait for others.
	wake, hurry, many, stop, stopped chan struct{}
	closing                          sync.Once
}

// logFile is a file of the journal; tests let one fail.
type logFile interface {
	io.ReadWriteSeeker
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// maxJournalRows is how many rows may wait for SQLite before no more are taken.
const maxJournalRows = 200_000

// suffixes are those of the files beside a database.
var suffixes = [2]string{".ledger-a", ".ledger-b"}

// Files are the journal's files beside a database.
func Files(database string) []string {
	return []string{database + suffixes[0], database + suffixes[1]}
}

// Tables take the rows.
type Tables interface {
	// Take writes rows in one transaction; rows that are there already are passed over. An [api.StoreUnavailable] is about the tables,
	// another error about the rows.
	Take(ctx context.Context, rows []api.LedgerRow) error
}

// open opens the files beside a database and returns the rows that an earlier process left there.
// Only one process at a time may have them open.
func open(database string) (_ *Journal, left []api.LedgerRow, err error) {
	j := &Journal{
		database: database, lock: flock.New(database + ".lock"), progress: make(chan struct{}),
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), many: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	locked, err := j.lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("lock %s: %w", database, err)
	}
	if !locked {
		return nil, nil, fmt.Errorf("another gateway has %s open; several gateways share PostgreSQL, not a file", database)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.closeFiles())
		}
	}()
	for i, suffix := range suffixes {
		file, err := os.OpenFile(database+suffix, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("open the ledger's journal: %w", err)
		}
		j.files[i] = file
		rows, err := checksummed.Read[api.LedgerRow](j.files[i])
		if err != nil {
			return nil, nil, fmt.Errorf("read the ledger's journal %s%s: %w", database, suffix, err)
		}
		left = append(left, rows...)
	}
	return j, left, nil
}

// empty forgets what both files hold; it is for the start, when their rows are in the tables.
func (j *Journal) empty() error {
	for _, file := range j.files {
		if err := truncate(file, 0); err != nil {
			return err
		}
	}
	return nil
}

// Append returns when the rows are on disk. Every error is about the disk, or about tables that are far behind.
func (j *Journal) Append(rows []api.LedgerRow) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending)+len(j.moving)+len(rows) > maxJournalRows {
		return fmt.Errorf("%d ledger rows wait for the database", len(j.pending)+len(j.moving))
	}
	j.buffer = j.buffer[:0]
	for i := range rows {
		j.buffer = checksummed.AppendLine(j.buffer, &rows[i], ledgerrow.Append)
	}
	if err := j.write(j.files[j.active]); err != nil {
		return fmt.Errorf("write the ledger's journal: %w", err)
	}
	j.size += int64(len(j.buffer))
	j.pending = append(j.pending, rows...)
	j.appended += int64(len(rows))
	signal(j.wake)
	if len(j.pending) >= moveEarly {
		signal(j.many)
	}
	return nil
}

// write puts the buffer behind the rows of a file. What a write that failed has left there would hide what follows
// from a process that reads it again, so nothing follows before it is gone.
func (j *Journal) write(file logFile) error {
	if err := j.mend(file); err != nil {
		return err
	}
	_, err := file.Write(j.buffer)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		return nil
	}
	j.torn = true
	return errors.Join(err, j.mend(file))
}

func (j *Journal) mend(file logFile) error {
	if !j.torn {
		return nil
	}
	if err := truncate(file, j.size); err != nil {
		return err
	}
	j.torn = false
	return nil
}

// take hands out the rows to write to the tables; they stay in their file until moveDone.
func (j *Journal) take() ([]api.LedgerRow, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.moving) > 0 || len(j.pending) == 0 {
		return j.moving, nil
	}
	// The other file was emptied when its rows were done; at the latest now, if that failed.
	if err := truncate(j.files[1-j.active], 0); err != nil {
		return nil, err
	}
	j.active, j.size, j.torn = 1-j.active, 0, false // what is torn stands behind the last row of a file that is done
	j.moving, j.pending, j.spare = j.pending, j.spare, nil
	select {
	case <-j.many: // was about these rows
	default:
	}
	return j.moving, nil
}

// moveDone forgets the rows that are in the tables. A file that cannot be emptied now is emptied before it takes rows again, and
// until then holds what the tables pass over.
func (j *Journal) moveDone() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.moved += int64(len(j.moving))
	clear(j.moving)
	j.moving, j.spare, j.failed = nil, j.moving[:0], nil
	j.progressLocked()
	if len(j.pending) > 0 {
		signal(j.wake) // what came while these could not be moved has woken nobody else
	}
	if err := truncate(j.files[1-j.active], 0); err != nil {
		j.logger.Warn("a file of the ledger's journal is not empty yet", slog.Any("error", err))
	}
}

// moveFailed tells those who wait that they wait for nobody knows how long.
func (j *Journal) moveFailed(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed = err
	j.progressLocked()
}

func (j *Journal) progressLocked() {
	close(j.progress)
	j.progress = make(chan struct{})
}

// Await returns when all rows that were appended before are in the tables, or cannot be put there now.
func (j *Journal) Await(ctx context.Context) error {
	j.mu.Lock()
	target := j.appended
	j.mu.Unlock()
	for {
		j.mu.Lock()
		done, failed, progress := j.moved >= target, j.failed, j.progress
		j.mu.Unlock()
		if done {
			return nil
		}
		if failed != nil {
			return fmt.Errorf("ledger rows wait in the journal: %w", failed)
		}
		signal(j.hurry)
		select {
		case <-progress:
		case <-j.stopped:
			return errors.New("the record is closed")
		case <-ctx.Done():
			return fmt.Errorf("wait for the ledger's journal: %w", ctx.Err())
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (j *Journal) closeFiles() error {
	var failures []error
	for _, file := range j.files {
		if file != nil {
			failures = append(failures, file.Close())
		}
	}
	return errors.Join(append(failures, j.lock.Unlock())...)
}

func truncate(file logFile, size int64) error {
	if err := file.Truncate(size); err != nil {
		return fmt.Errorf("shorten the ledger's journal: %w", err)
	}
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("shorten the ledger's journal: %w", err)
	}
	return nil
}
