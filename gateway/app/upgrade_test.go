package app_test

import (
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// dumps were filled by the programs of their time; make.py beside them makes the next.
const dumps = "../store/testdata/schemas"

// dumped is what make.py wrote down beside a dump.
type dumped struct {
	Spend float64 `json:"spend_usd"`
	// Rows are how many each table had.
	Rows map[string]int `json:"rows"`
}

// A database that an earlier program filled is brought up to date: nothing is gone, everything works, and the tables are
// those of a new database.
func TestUpgrade_fromEverySchema(t *testing.T) {
	for _, dialect := range []string{store.SQLite, store.Postgres} {
		files, err := filepath.Glob(filepath.Join(dumps, dialect, "*.sql.gz"))
		if err != nil || len(files) < 6 {
			t.Fatalf("%d dumps of %s, %v", len(files), dialect, err)
		}
		for _, file := range files {
			version := strings.TrimSuffix(filepath.Base(file), ".sql.gz")
			t.Run(dialect+" "+version, func(t *testing.T) {
				t.Parallel()
				upgrade(t, dialect, file)
			})
		}
	}
}

func upgrade(t *testing.T, dialect, file string) {
	const key = "sk-caller-of-the-dumps-0123456789"
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.SecretKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	fresh := "sqlite:" + filepath.Join(c.DataDir, "bursar.db")
	c.DatabaseURL = "sqlite:" + filepath.Join(t.TempDir(), "bursar.db")
	if dialect == store.Postgres {
		fresh, c.DatabaseURL = storetest.Postgres(t), testenv.Postgres(t)
	}
	db := openDatabase(t, c.DatabaseURL)
	if _, err := db.Exec(unpack(t, file)); err != nil {
		t.Fatalf("load the dump: %v", err)
	}
	var was dumped
	about, err := os.ReadFile(strings.TrimSuffix(file, ".sql.gz") + ".json")
	if err == nil {
		err = json.Unmarshal(about, &was)
	}
	if err != nil {
		t.Fatal(err)
	}

	// The period in which the dump was filled goes on: what its budget counts has to be counted on.
	var filledAt int64
	if err := db.QueryRow("SELECT max(settled_at_ms) FROM ledger").Scan(&filledAt); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	clock := func() time.Time { return time.UnixMilli(filledAt).Add(time.Since(began)) }
	g := startBy(t, c, clock, clock)
	for table, rows := range was.Rows {
		var is int
		if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&is); err != nil || is < rows {
			t.Errorf("%s has %d rows of %d, %v", table, is, rows, err)
		}
	}
	if diff := cmp.Diff(columns(t, openDatabase(t, fresh), dialect), columns(t, db, dialect)); diff != "" {
		t.Errorf("the tables differ from those of a new database (-new +brought up to date):\n%s", diff)
	}
	if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != was.Spend {
		t.Errorf("the team has spent %v, want %v", spend, was.Spend)
	}
	if chain := g.admin("GET", "/audit/verify", ""); chain["ok"] != true {
		t.Errorf("the audit log: %v", chain)
	}
	if filepath.Base(file) == "00001.sql.gz" { // never released; it knew keys by another hash
		return
	}
	if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
		t.Errorf("the key of before: %d %s", status, body)
	}
	if spend, _ := g.admin("GET", "/team/info?team_id=marketing", "")["spend"].(float64); spend <= was.Spend {
		t.Errorf("the team has spent %v after another call, and %v before", spend, was.Spend)
	}
	if team := g.admin("GET", "/team/info?team_id=research", ""); team["blocked"] != true || team["max_budget"] != float64(6) {
		t.Errorf("the team that was blocked and changed: %v", team)
	}
	for _, change := range []struct{ path, body string }{
		{"/team/update", `{"team_id":"research","max_budget":7}`},
		{"/budget/update", `{"budget_id":"pot","max_budget":101}`},
		{"/team/new", `{"team_id":"made-since"}`},
		{"/key/generate", `{"team_id":"marketing"}`},
		{"/user/new", `{"user_id":"made-since"}`},
		{"/team/delete", `{"team_ids":["research"]}`},
	} {
		g.admin("POST", change.path, change.body)
	}
}

func openDatabase(t *testing.T, address string) *sql.DB {
	t.Helper()
	driver, name := "pgx", address
	if path, embedded := strings.CutPrefix(address, "sqlite:"); embedded {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func unpack(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// columns are all columns of all tables, and the indexes.
func columns(t *testing.T, db *sql.DB, dialect string) (found []string) {
	t.Helper()
	query := `SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') FROM sqlite_master m
		JOIN pragma_table_info(m.name) c WHERE m.type = 'table' UNION ALL SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'index'`
	if dialect == store.Postgres {
		query = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
			FROM information_schema.columns WHERE table_schema = 'public' UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'`
	}
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		found = append(found, column)
	}
	if err := rows.Err(); err != nil || len(found) < 50 {
		t.Fatalf("%d columns, %v", len(found), err)
	}
	slices.Sort(found)
	return found
}

// A release with a new schema gets a dump of it in both, see CONTRIBUTING.md.
func TestUpgrade_dialectsHaveTheSameDumps(t *testing.T) {
	var versions [2][]string
	for i, dialect := range []string{store.SQLite, store.Postgres} {
		files, err := filepath.Glob(filepath.Join(dumps, dialect, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			versions[i] = append(versions[i], filepath.Base(file))
		}
	}
	if diff := cmp.Diff(versions[0], versions[1]); diff != "" {
		t.Errorf("dumps of SQLite and PostgreSQL differ:\n%s", diff)
	}
}

// A migration that is not in the newest dump has a higher number than all that are: a record of that time would not run it.
func TestUpgrade_newMigrationsComeLast(t *testing.T) {
	applied := map[string]*regexp.Regexp{
		store.SQLite:   regexp.MustCompile(`INSERT INTO goose_db_version VALUES\(\d+,(\d+),`),
		store.Postgres: regexp.MustCompile(`INSERT INTO public\.goose_db_version VALUES \(\d+, (\d+),`),
	}
	for dialect, pattern := range applied {
		files, err := filepath.Glob(filepath.Join(dumps, dialect, "*.sql.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %v", files, err)
		}
		newest, there := 0, map[int]bool{}
		for _, match := range pattern.FindAllStringSubmatch(unpack(t, slices.Max(files)), -1) {
			version, err := strconv.Atoi(match[1])
			if err != nil {
				t.Fatal(err)
			}
			there[version], newest = true, max(newest, version)
		}
		migrations, err := filepath.Glob(filepath.Join("../store/migrations", dialect, "*.sql"))
		if err != nil || len(there) < 10 || len(migrations) < len(there)-1 {
			t.Fatalf("%s: %d migrations and %d in %s, %v", dialect, len(migrations), len(there), slices.Max(files), err)
		}
		for _, file := range migrations {
			number, _, _ := strings.Cut(filepath.Base(file), "_")
			version, err := strconv.Atoi(number)
			if err != nil || !there[version] && version < newest {
				t.Errorf("%s is not in the dump of version %d, and comes before it: %v", file, newest, err)
			}
		}
	}
}
