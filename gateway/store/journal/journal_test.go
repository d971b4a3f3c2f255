package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// fakeTables keep rows by their ids, when nobody holds them.
type fakeTables struct {
	held sync.Mutex
	rows map[string]int
}

func (f *fakeTables) Take(_ context.Context, rows []api.LedgerRow) error {
	f.held.Lock()
	defer f.held.Unlock()
	for _, row := range rows {
		f.rows[row.ID] = 1
	}
	return nil
}

func (f *fakeTables) ids() []string {
	f.held.Lock()
	defer f.held.Unlock()
	ids := []string{}
	for id := range f.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func openFor(t *testing.T, database string) (*Journal, *fakeTables) {
	t.Helper()
	tables := &fakeTables{rows: map[string]int{}}
	j, err := Open(t.Context(), database, tables, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j, tables
}

func row(id string) []api.LedgerRow {
	at := time.UnixMilli(1_764_000_000_000).UTC()
	return []api.LedgerRow{{ID: id, Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at}}
}

// A write that failed halfway leaves the beginning of a line. Rows that follow are read again all the same.
func TestJournal_aFailedWriteHidesNothing(t *testing.T) {
	for name, broken := range map[string]fullDisk{
		"once": {writes: 1}, "and cannot be taken back at once": {writes: 1, truncates: 2}, "twice": {writes: 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j, tables := openFor(t, filepath.Join(dir, "bursar.db"))
			tables.held.Lock()
			for _, id := range []string{"before", "before too"} { // one of them is on its way to the tables
				if err := j.Append(row(id)); err != nil {
					t.Fatal(err)
				}
			}
			j.tear(broken)
			failures := 0
			for j.Append(row("torn")) != nil {
				if failures++; failures > 5 {
					t.Fatal("the journal takes no rows any more")
				}
			}
			if failures == 0 {
				t.Fatal("no write failed")
			}
			if err := j.Append(row("after")); err != nil {
				t.Fatal(err)
			}
			killed := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			tables.held.Unlock()

			const want = "[after before before too torn]"
			if _, again := openFor(t, filepath.Join(killed, "bursar.db")); fmt.Sprint(again.ids()) != want {
				t.Errorf("a process after a kill has %s, want %s", again.ids(), want)
			}
			// Emptying the file may meet the fault, too: who waits is told until it is tried again.
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
				err := j.Await(t.Context())
				if err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
			if got := fmt.Sprint(tables.ids()); got != want {
				t.Errorf("this process has %s, want %s", got, want)
			}
		})
	}
}

// Rows that are in the tables wait for nothing, whether or not their file could be emptied.
func TestJournal_aFileThatCannotBeEmptied(t *testing.T) {
	j, _, err := open(filepath.Join(t.TempDir(), "bursar.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.closeFiles() })
	tables := &fakeTables{rows: map[string]int{}}
	j.tables, j.logger = tearingTables{tables, j}, slog.New(slog.DiscardHandler)
	for _, id := range []string{"one", "two"} {
		if err := j.Append(row(id)); err != nil {
			t.Fatal(err)
		}
		if !j.move() || j.failed != nil || j.moved != j.appended {
			t.Errorf("%d of %d rows are moved, and there are said to wait some: %v", j.moved, j.appended, j.failed)
		}
	}
	if got := fmt.Sprint(tables.ids()); got != "[one two]" {
		t.Errorf("the tables have %s", got)
	}
}

// Rows that come slowly wait for each other, many do not, and nobody who reads waits at all.
func TestJournal_rowsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, tables := openFor(t, filepath.Join(t.TempDir(), "bursar.db"))
		expect := func(when string, rows int) {
			t.Helper()
			synctest.Wait()
			if got := len(tables.ids()); got != rows {
				t.Errorf("%s the tables have %d rows, want %d", when, got, rows)
			}
		}
		appended := 0
		add := func(rows int) {
			t.Helper()
			for range rows {
				if err := j.Append(row(strconv.Itoa(appended))); err != nil {
					t.Fatal(err)
				}
				appended++
			}
		}
		add(1)
		expect("at first", 1)
		add(1)
		time.Sleep(moveLate - time.Millisecond)
		expect("before the second is over", 1)
		time.Sleep(time.Millisecond)
		expect("after it", 2)

		add(moveEarly)
		expect("within the pause between transactions", 2)
		time.Sleep(movePause)
		expect("of many rows after it", 2+moveEarly)
		add(moveEarly - 1)
		time.Sleep(movePause)
		expect("of one row less", 2+moveEarly)
		add(1)
		expect("with that row", 2+2*moveEarly)

		add(1)
		if err := j.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect("for a reader", 3+2*moveEarly)
	})
}

// tearingTables take rows on a disk that then fails once to shorten a file.
type tearingTables struct {
	Tables
	journal *Journal
}

func (t tearingTables) Take(ctx context.Context, rows []api.LedgerRow) error {
	t.journal.tear(fullDisk{truncates: 1})
	return t.Tables.Take(ctx, rows)
}

// tear lets the next writes end halfway, and shortening the files fail.
func (j *Journal) tear(broken fullDisk) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, file := range j.files { // which of them is written to next is not for the test to know
		j.files[i] = tearing{file, &broken}
	}
}

// fullDisk is how many writes fail on a disk that is full for a while, and how many attempts to shorten a file.
type fullDisk struct{ writes, truncates int }

// tearing is a file on such a disk.
type tearing struct {
	logFile
	*fullDisk
}

func (f tearing) Write(line []byte) (int, error) {
	if f.writes == 0 {
		return f.logFile.Write(line)
	}
	f.writes--
	n, err := f.logFile.Write(line[:len(line)/2])
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f tearing) Truncate(size int64) error {
	if f.truncates == 0 {
		return f.logFile.Truncate(size)
	}
	f.truncates--
	return syscall.EIO
}
