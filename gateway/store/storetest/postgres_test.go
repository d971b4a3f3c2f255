package storetest

import (
	"database/sql"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

func TestPostgres_isWhatOpenMakesOfAnEmptyDatabase(t *testing.T) {
	empty, copied, again := testenv.Postgres(t), Postgres(t), Postgres(t)
	if copied == again {
		t.Fatal("two tests have one database")
	}
	if err := execute("pgx", copied, `DELETE FROM goose_db_version`); err != nil {
		t.Fatal(err)
	}
	if err := open(empty); err != nil {
		t.Fatal(err)
	}
	if err := open(again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(t, empty), describe(t, again)); diff != "" {
		t.Errorf("the copy differs from a database made anew:\n%s", diff)
	}
}

// describe lists columns, indexes, constraints, triggers, the schema's version and settings.
func describe(t *testing.T, address string) (lines []string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `
SELECT table_name || ' ' || column_name || ' ' || data_type || coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'version ' || version_id FROM goose_db_version
UNION ALL SELECT 'setting ' || name || ' ' || value FROM setting
ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(lines) < 100 {
		t.Fatalf("only %d lines describe the database", len(lines))
	}
	return lines
}
