package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// awaitWritable looks until the record is as it should be. What was found holds for a second, which passes.
func awaitWritable(t *testing.T, s *store.Store, clock *clock, rows, tables bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	clock.Advance(time.Second)
	for {
		gotRows, err := s.Writable(t.Context())
		if err != nil {
			wantCode(t, err, api.StoreUnavailable)
		}
		if gotRows == rows && (err == nil) == tables {
			return
		}
		select {
		case <-tick.C:
			clock.Advance(time.Second)
		case <-ctx.Done():
			t.Fatalf("rows are taken: %t, %v; want %t and tables that are written: %t", gotRows, err, rows, tables)
		}
	}
}

// The tables are full, the journal is not: rows are taken, and who reads the ledger is told at once that it is behind.
func TestWritable_aFullFile(t *testing.T) {
	clock := newClock()
	s := open(t, sqliteAddress(t), clock)
	appendRows(t, s, newRow("before", clock.Now(), 1))
	spend(t, s, api.LedgerSelection{})
	awaitWritable(t, s, clock, true, true)
	pages := func(most int) {
		t.Helper()
		if _, err := s.WriterForTest().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", most)); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // no more than there are
	for number := range 500 {
		row := newRow(fmt.Sprint(number), clock.Now(), 1)
		row.RequestID = strings.Repeat("x", 1000)
		appendRows(t, s, row)
	}
	for range 3 {
		patience, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, err := s.LedgerSpend(patience, api.LedgerSelection{}, time.Time{}, time.Time{}); api.CodeOf(err) != api.StoreUnavailable {
			t.Errorf("a ledger that is behind is read as if it were not: %v", err)
		}
		if patience.Err() != nil {
			t.Error("it waited for the tables instead of saying so")
		}
		cancel()
	}
	awaitWritable(t, s, clock, true, false)
	pages(1 << 30)
	awaitWritable(t, s, clock, true, true)
	for deadline := time.Now().Add(20 * time.Second); ; {
		got, err := s.LedgerSpend(t.Context(), api.LedgerSelection{}, time.Time{}, time.Time{})
		if err == nil && got == 501 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room again the ledger holds %d, %v", got, err)
		}
	}
}

// A PostgreSQL that can be read and not written, as a standby or one with a full disk.
func TestWritable_aReadOnlyDatabase(t *testing.T) {
	address := storetest.Postgres(t)
	clock := newClock()
	s := open(t, address, clock)
	awaitWritable(t, s, clock, true, true)
	other, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(parsed.Path, "/")
	readOnly := func(on bool) {
		t.Helper()
		for _, statement := range []string{
			"SET default_transaction_read_only = off",
			fmt.Sprintf("ALTER DATABASE %q SET default_transaction_read_only = %t", name, on),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		} {
			if _, err := other.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	readOnly(true)
	wantCode(t, s.AppendLedger(t.Context(), []api.LedgerRow{newRow("1", clock.Now(), 1)}, nil), api.StoreUnavailable)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitWritable(t, s, clock, false, false)
	readOnly(false)
	awaitWritable(t, s, clock, false, false) // who has a row tries again
	appendRows(t, s, newRow("1", clock.Now(), 1))
	awaitWritable(t, s, clock, true, true)
	wantCode(t, s.AppendLedger(expired(t), []api.LedgerRow{newRow("2", clock.Now(), 1)}, nil), api.StoreUnavailable)
	awaitWritable(t, s, clock, false, false)
	clock.Advance(15 * time.Second)
	awaitWritable(t, s, clock, true, true)
}

// expired is a context whose time is up.
func expired(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	t.Cleanup(cancel)
	return ctx
}
