package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A new database has nothing that counts periods in the old way; one of an earlier release has, from before it was opened
// by this one for the first time.
func TestOddPeriodsSince(t *testing.T) {
	for kind, address := range map[string]string{"sqlite": sqliteAddress(t), "pgx": testenv.Postgres(t)} {
		at := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
		since := func() time.Time {
			s, err := store.Open(t.Context(), address, store.Options{Sealer: fakeSealer{key: "one"}, Now: func() time.Time { return at }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			since, err := s.OddPeriodsSince(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return since
		}
		if got := since(); !got.Equal(time.UnixMilli(0)) {
			t.Errorf("%s, a new database: %s", kind, got)
		}
		db, err := sql.Open(kind, address[map[bool]int{true: len("sqlite:"), false: 0}[kind == "sqlite"]:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("DELETE FROM setting WHERE name = 'odd_periods_since_ms'"); err != nil { // as an earlier release leaves it
			t.Fatal(err)
		}
		_ = db.Close()
		for range 2 {
			if got := since(); !got.Equal(time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)) {
				t.Errorf("%s, a database of an earlier release, at %s: %s", kind, at, got)
			}
			at = at.Add(time.Hour)
		}
	}
}
