package storetest

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

func TestSQLite_isWhatOpenMakesOfAnEmptyFile(t *testing.T) {
	empty, copied := "sqlite:"+filepath.Join(t.TempDir(), "bursar.db"), SQLite(t, t.TempDir())
	for _, address := range []string{empty, copied} {
		s, err := store.Open(t.Context(), address, store.Options{Sealer: sealer{}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(dump(t, empty), dump(t, copied)); diff != "" {
		t.Errorf("the copy differs from a database made anew:\n%s", diff)
	}
}

// dump returns the definitions and how many rows each table has.
func dump(t *testing.T, address string) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT type, name, coalesce(sql, '') FROM sqlite_master`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds, definitions := map[string]string{}, map[string]int{}
	for rows.Next() {
		var kind, name, definition string
		if err := rows.Scan(&kind, &name, &definition); err != nil {
			t.Fatal(err)
		}
		kinds[name], definitions[definition] = kind, -1
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name, kind := range kinds {
		if kind != "table" {
			continue
		}
		var count int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+name+`"`).Scan(&count); err != nil {
			t.Fatal(err)
		}
		definitions[name] = count
	}
	return definitions
}
