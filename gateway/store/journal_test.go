package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// hold keeps the database from being written until the returned function is called.
func hold(t *testing.T, s *store.Store) (release func()) {
	t.Helper()
	held, err := s.WriterForTest().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := held.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// copyOf copies the files of a database as they are on disk, which is what kill -9 leaves.
func copyOf(t *testing.T, address string) string {
	t.Helper()
	from, to := filepath.Dir(strings.TrimPrefix(address, "sqlite:")), t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + filepath.Join(to, "bursar.db")
}

func TestJournal_rowsAreReadAsSoonAsTheyAreAppended(t *testing.T) {
	s := open(t, sqliteAddress(t), newClock())
	var all sync.WaitGroup
	const writers, each = 8, 25
	for w := range writers {
		all.Go(func() {
			for i := range each {
				row := newRow(fmt.Sprintf("%d-%d", w, i), newClock().Now(), 1)
				row.KeyID = fmt.Sprint("k", w)
				appendRows(t, s, row)
				if got := spend(t, s, api.LedgerSelection{KeyIDs: []string{row.KeyID}}); got != money.Nano(i+1) {
					t.Errorf("spend of %s after %d rows is %d", row.KeyID, i+1, got)
				}
			}
		})
	}
	all.Wait()
	if _, total, err := s.LedgerRows(t.Context(), api.LedgerFilter{}); err != nil || total != writers*each {
		t.Errorf("%d rows, %v; want %d", total, err, writers*each)
	}
}

func TestJournal_survivesAKill(t *testing.T) {
	address, clock := sqliteAddress(t), newClock()
	s := open(t, address, clock)
	appendRows(t, s, newRow("in the tables", clock.Now(), 1))
	spend(t, s, api.LedgerSelection{})
	release := hold(t, s)
	// The first batch is on its way to the tables, in the one file; the second gathers in the other.
	appendRows(t, s, newRow("a", clock.Now(), 10), newRow("b", clock.Now(), 100))
	appendRows(t, s, newRow("c", clock.Now(), 1000))
	killed, torn := copyOf(t, address), copyOf(t, address)
	release()

	if got := spend(t, open(t, killed, clock), api.LedgerSelection{}); got != 1111 {
		t.Errorf("after a kill the ledger holds %d, want 1111", got)
	}
	tear(t, torn)
	if got := spend(t, open(t, torn, clock), api.LedgerSelection{}); got != 1111 {
		t.Errorf("with the beginning of one more line the ledger holds %d, want 1111", got)
	}
	if got := spend(t, s, api.LedgerSelection{}); got != 1111 {
		t.Errorf("the process that was not killed holds %d, want 1111", got)
	}
}

// tear leaves in each file of the journal what a process writes that dies halfway.
func tear(t *testing.T, address string) {
	t.Helper()
	for _, suffix := range []string{".ledger-a", ".ledger-b"} {
		file, err := os.OpenFile(strings.TrimPrefix(address, "sqlite:")+suffix, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(`0badc0de {"id":"torn","cost_usd":5}` + "\n" + `12345678 {"id":"to`); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournal_rowsReadAgainAreNotCountedTwice(t *testing.T) {
	address, clock := sqliteAddress(t), newClock()
	s := open(t, address, clock)
	release := hold(t, s)
	appendRows(t, s, newRow("a", clock.Now(), 10))
	journal := copyOf(t, address)
	release()
	if got := spend(t, s, api.LedgerSelection{}); got != 10 {
		t.Fatalf("spend is %d", got)
	}
	// A process that died between the transaction and emptying the file: the row is in both.
	for _, suffix := range []string{".ledger-a", ".ledger-b"} {
		if err := os.Rename(strings.TrimPrefix(journal, "sqlite:")+suffix, strings.TrimPrefix(journal, "sqlite:")+suffix+".kept"); err != nil {
			t.Fatal(err)
		}
	}
	both := copyOf(t, address)
	for _, suffix := range []string{".ledger-a", ".ledger-b"} {
		if err := os.Rename(strings.TrimPrefix(journal, "sqlite:")+suffix+".kept", strings.TrimPrefix(both, "sqlite:")+suffix); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, both, clock)
	if got := spend(t, again, api.LedgerSelection{}); got != 10 {
		t.Errorf("spend is %d, want 10", got)
	}
	usage, _, err := again.Usage(t.Context(), api.UsageFilter{})
	if err != nil || len(usage) != 1 || usage[0].Requests != 1 {
		t.Errorf("usage is %+v, %v", usage, err)
	}
}

func TestJournal_closingWritesWhatIsLeft(t *testing.T) {
	address, clock := sqliteAddress(t), newClock()
	s := open(t, address, clock)
	for i := range 300 {
		appendRows(t, s, newRow(fmt.Sprint(i), clock.Now(), 1))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := spend(t, openShared(t, address, clock), api.LedgerSelection{}); got != 300 {
		t.Errorf("the tables hold %d, want 300", got)
	}
}

func TestJournal_oneRefusedRowKeepsOutNoOther(t *testing.T) {
	address, clock := sqliteAddress(t), newClock()
	s := open(t, address, clock)
	if _, err := s.WriterForTest().Exec(`CREATE TRIGGER refuse BEFORE INSERT ON ledger WHEN NEW.id = 'bad'
		BEGIN SELECT RAISE(ABORT, 'not this one'); END`); err != nil {
		t.Fatal(err)
	}
	appendRows(t, s, newRow("a", clock.Now(), 1), newRow("bad", clock.Now(), 10), newRow("c", clock.Now(), 100))
	if got := spend(t, s, api.LedgerSelection{}); got != 101 {
		t.Errorf("the tables hold %d, want 101", got)
	}
	aside, err := os.ReadFile(strings.TrimPrefix(address, "sqlite:") + ".ledger-refused")
	if err != nil || strings.Count(string(aside), "\n") != 1 || !strings.Contains(string(aside), `"id":"bad"`) {
		t.Errorf("put aside: %s, %v", aside, err)
	}
}

func TestJournal_isOneProcesssOnly(t *testing.T) {
	address, clock := sqliteAddress(t), newClock()
	open(t, address, clock)
	_, err := store.Open(t.Context(), address, store.Options{Sealer: fakeSealer{key: "one"}, Now: clock.Now, Journal: true})
	if err == nil || !strings.Contains(err.Error(), "another gateway has") {
		t.Errorf("a second gateway on the file: %v", err)
	}
}
