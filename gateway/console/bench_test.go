package console_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for databases that are filled past the store
	_ "modernc.org/sqlite"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

// sizes of the installation that pages are promised to be quick for; BURSAR_BENCH_ROWS has fewer or more ledger rows, and
// BURSAR_BENCH_KEEP is a folder that keeps what was filled for SQLite for the next time.
const (
	benchTeams = 20_000
	benchKeys  = 200_000
)

// BenchmarkPages tells how long each page takes and how large it is with 20,000 teams and 200,000 keys. The promise is
// 100 ms and 60 KB. The first page starts the count of all budgets, which goes on in the background.
func BenchmarkPages(b *testing.B) {
	rows := 5_000_000
	if text := os.Getenv("BURSAR_BENCH_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, kind := range []string{store.SQLite, store.Postgres} {
		b.Run(kind, func(b *testing.B) { benchPages(b, kind, rows) })
	}
}

func benchPages(b *testing.B, kind string, rows int) {
	w := openLarge(b, kind, rows)
	v := w.signedIn(adminKey)
	for _, path := range []string{"", "usage?group_by=model", "usage?group_by=team&period=hour", "usage?period=hour&team_id=team-777"} {
		began := time.Now()
		for unfinished := true; unfinished; {
			_, page := v.get("/console/" + path)
			unfinished = strings.Contains(page, `http-equiv="refresh"`)
		}
		b.Logf("%s: /console/%s was summed up for the first time within %v", kind, path, time.Since(began))
	}
	for _, path := range []string{
		"", "teams", "teams?q=team-19", "teams?filter=near", "teams?after=team-15000", "team?id=team-777", "keys", "keys?team=team-777", "key?id=key-7770",
		"budgets", "models", "usage?group_by=model", "usage?group_by=team&period=hour", "usage?period=hour&team_id=team-777", "alerts", "requests", "audit", "settings", "edit?kind=team&id=team-777",
	} {
		b.Run(path, func(b *testing.B) {
			bytes := 0
			for b.Loop() {
				status, page := v.get("/console/" + path)
				if status != http.StatusOK {
					b.Fatalf("%d %s", status, text(page))
				}
				bytes = len(page)
			}
			took := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(bytes)/1024, "KB/page")
			if took > 100*time.Millisecond || bytes > 60<<10 {
				b.Logf("/console/%s takes %v and has %d bytes; promised are 100 ms and 60 KB", path, took, bytes)
			}
		})
	}
}

// openLarge starts a gateway on a large record.
func openLarge(b *testing.B, kind string, rows int) *world {
	b.Helper()
	dir, kept := b.TempDir(), os.Getenv("BURSAR_BENCH_KEEP")
	if kept != "" && kind == store.SQLite {
		dir = kept
		if key, err := os.ReadFile(filepath.Join(dir, seal.KeyFile)); err == nil {
			return openAt(b, dir, "sqlite:"+dir+"/bursar.db", strings.TrimSpace(string(key)), nil)
		}
	}
	address, driver, source := "sqlite:"+dir+"/bursar.db", "sqlite", dir+"/bursar.db"
	if kind == store.Postgres {
		address = testenv.Postgres(b)
		driver, source = "pgx", address
	}
	fillRecord(b, dir, address, func(*store.Store) {})
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	fillLarge(b, db, kind, rows)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, seal.KeyFile))
	if err != nil {
		b.Fatal(err)
	}
	return openAt(b, dir, address, strings.TrimSpace(string(key)), nil)
}

// fillLarge writes past the store, which is faster by far: teams with caps, ten keys each, and what a month of calls
// leaves in the daily sums and in the ledger, where every fifth is of one team.
func fillLarge(b *testing.B, db *sql.DB, kind string, rows int) {
	b.Helper()
	numbers := func(most int) string {
		return fmt.Sprintf("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) ", most)
	}
	now := time.Now().UTC()
	hour := now.Add(-time.Hour).UnixMilli()
	day := "date('now', '-' || (n % 29) || ' days')"
	if kind == "postgres" {
		numbers = func(most int) string {
			return fmt.Sprintf("WITH numbers (n) AS (SELECT generate_series(1::bigint, %d)) ", most)
		}
		day = "to_char(now() at time zone 'UTC' - make_interval(days => (n % 29)::int), 'YYYY-MM-DD')"
	}
	asJSON := map[string]string{store.Postgres: "::json"}[kind]
	kept := fmt.Sprintf("'', 1, %d + n, 'bench', %d + n, 'bench'", hour, hour)
	columns := "declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document"
	month := int64(29 * 24 * time.Hour / time.Millisecond)
	for _, statement := range []string{
		`INSERT INTO team (id, alias_lower, ` + columns + `) ` + numbers(benchTeams) +
			`SELECT 'team-' || n, 'alias of team ' || n, ` + kept + `, ('{"team_alias":"Alias of team ' || n || '","max_budget":' || (n % 90 + 1) || ',"budget_duration":"1mo","hard_cap":true,"rpm_limit":100}')` + asJSON + ` FROM numbers`,
		`INSERT INTO key (id, name, alias, alias_lower, team_id, ` + columns + `) ` + numbers(benchKeys) +
			`SELECT 'key-' || n, 'sk-...', 'alias-' || n, 'alias-' || n, 'team-' || (n / 10 + 1), ` + kept + `, ('{"hard_cap":true,"team_id":"team-' || (n / 10 + 1) || '"}')` + asJSON + ` FROM numbers WHERE n < ` + fmt.Sprint(benchKeys),
		`INSERT INTO usage_daily (day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano) ` + numbers(min(rows/5, 1_000_000)) +
			`SELECT ` + day + `, 'team-' || (n % ` + fmt.Sprint(benchTeams) + ` + 1), 'key-' || (n % ` + fmt.Sprint(benchKeys) + ` + 1), '', 'model-' || (n / ` + fmt.Sprint(benchKeys) + ` % 5), 5, 5000, 0, 1000, 400000000 FROM numbers WHERE n > 0 ON CONFLICT DO NOTHING`,
		`INSERT INTO ledger (id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream, prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version) ` + numbers(rows) +
			fmt.Sprintf(`SELECT 'row-' || n, 'settle', %d + n * %d, %d, 'past', 'team-' || (CASE WHEN n %% 5 = 0 THEN 777 ELSE n %% %d + 1 END), 'key-' || (CASE WHEN n %% 5 = 0 THEN 7760 + n / 5 %% 10 ELSE n %% %d + 1 END), '', 'model-1', 'u', 1000, 0, 200, 80000000, '' FROM numbers`,
				now.UnixMilli()-month, month/int64(rows), now.UnixMilli(), benchTeams, benchKeys),
		map[string]string{"sqlite": "ANALYZE", "postgres": "VACUUM ANALYZE"}[kind],
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%.80s: %v", statement, err)
		}
	}
}
