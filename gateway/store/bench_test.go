package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// fill makes n keys in n/10 teams, each with the secret "secret-N", past the store: it is faster by far.
func fill(b testing.TB, s *store.Store, n int) {
	b.Helper()
	blob := map[string]string{store.SQLite: "CAST('secret-' || n AS BLOB)", store.Postgres: "CAST('secret-' || n AS BYTEA)"}[s.Kind()]
	numbers := fmt.Sprintf("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) ", n)
	kept := "'', 1, n, 'bench', n, 'bench', '{}'"
	for _, statement := range []string{
		`INSERT INTO team (id, alias_lower, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document) ` +
			numbers + `SELECT 'team-' || n, 'alias-' || n, ` + kept + ` FROM numbers WHERE n % 10 = 0`,
		`INSERT INTO key (id, name, alias, alias_lower, team_id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document) ` +
			numbers + `SELECT 'key-' || n, 'sk-...', 'alias-' || n, 'alias-' || n, 'team-' || (n - n % 10 + 10), ` + kept + ` FROM numbers WHERE n < ` + fmt.Sprint(n),
		`INSERT INTO key_secret (hash, key_id, created_at_ms) ` + numbers + `SELECT ` + blob + `, 'key-' || n, n FROM numbers WHERE n < ` + fmt.Sprint(n),
	} {
		run(b, s, statement)
	}
	settleDown(b, s)
}

// settleDown leaves a store as it is after a while: all in the file, with statistics, and every row known to be visible.
func settleDown(b testing.TB, s *store.Store) {
	b.Helper()
	for _, statement := range map[string][]string{
		store.SQLite: {"ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"}, store.Postgres: {"VACUUM ANALYZE"},
	}[s.Kind()] {
		run(b, s, statement)
	}
}

// run changes a store past its own methods.
func run(b testing.TB, s *store.Store, statement string) {
	b.Helper()
	if _, err := s.WriterForTest().Exec(statement); err != nil {
		b.Fatalf("%s: %s", statement, err)
	}
}

// BenchmarkKeys shows how look-ups and lists grow with the number of keys; a tenth as many are teams.
func BenchmarkKeys(b *testing.B) {
	for kind, address := range map[string]func() string{
		store.SQLite:   func() string { return "sqlite:" + b.TempDir() + "/bursar.db" },
		store.Postgres: func() string { return storetest.Postgres(b) },
	} {
		for _, n := range []int{1_000, 1_000_000} {
			s, err := store.Open(b.Context(), address(), store.Options{Sealer: fakeSealer{key: "one"}})
			if err != nil {
				b.Fatal(err)
			}
			fill(b, s, n)
			for name, call := range listings(b, s, n) {
				b.Run(fmt.Sprintf("%s/%d/%s", kind, n, name), func(b *testing.B) {
					for b.Loop() {
						if err := call(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// listings are the ways to find one of n keys, or a hundred of them.
func listings(b *testing.B, s *store.Store, n int) map[string]func() error {
	keys := func(filter api.KeyFilter, page api.Page) func() error {
		page.Limit = 100
		filter.Page = page
		return func() error { _, _, err := s.Keys(b.Context(), filter); return err }
	}
	cursor := api.Page{}.CursorOf(fmt.Sprintf("key-%d", n/2), nil, api.Record{CreatedAt: time.UnixMilli(int64(n / 2))})
	return map[string]func() error{
		"by secret":     func() error { _, err := s.KeyByDigest(b.Context(), []byte("secret-7")); return err },
		"by alias":      func() error { _, err := s.KeyByAlias(b.Context(), "alias-7"); return err },
		"of a team":     keys(api.KeyFilter{TeamID: "team-10"}, api.Page{}),
		"blocked":       keys(api.KeyFilter{Status: api.KeyBlocked}, api.Page{}),
		"first page":    keys(api.KeyFilter{}, api.Page{}),
		"middle page":   keys(api.KeyFilter{}, api.Page{Offset: n / 2}),
		"last page":     keys(api.KeyFilter{}, api.Page{Offset: n - 100}),
		"by cursor":     keys(api.KeyFilter{}, api.Page{After: cursor}),
		"by alias page": keys(api.KeyFilter{}, api.Page{SortBy: api.SortByAlias, Desc: true}),
		"teams": func() error {
			_, _, err := s.Teams(b.Context(), api.TeamFilter{Page: api.Page{Limit: 100, Offset: n / 20}})
			return err
		},
	}
}

// BenchmarkAppendLedger shows what a batch costs; it is what bounds the requests per second of a gateway.
func BenchmarkAppendLedger(b *testing.B) {
	for kind, address := range map[string]func() string{
		store.SQLite:   func() string { return "sqlite:" + b.TempDir() + "/bursar.db" },
		store.Postgres: func() string { return storetest.Postgres(b) },
	} {
		for _, n := range []int{1, 64, 512} {
			s, err := store.Open(b.Context(), address(), store.Options{Sealer: fakeSealer{key: "one"}, Journal: true})
			if err != nil {
				b.Fatal(err)
			}
			next := 0
			b.Run(fmt.Sprintf("%s/%d rows", kind, n), func(b *testing.B) {
				for b.Loop() {
					rows := make([]api.LedgerRow, n)
					for i := range rows {
						next++
						rows[i] = newRow(fmt.Sprintf("%026d", next), time.Now(), 1)
						rows[i].KeyID = fmt.Sprint("k", next%20)
					}
					if err := s.AppendLedger(b.Context(), rows, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
			})
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkMoveRows writes 512 rows to SQLite's tables at a time, as the journal does behind the calls.
func BenchmarkMoveRows(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/bursar.db", store.Options{Sealer: fakeSealer{key: "one"}})
	if err != nil {
		b.Fatal(err)
	}
	const batch = 512
	next := 0
	for b.Loop() {
		rows := make([]api.LedgerRow, batch)
		for i := range rows {
			next++
			rows[i] = newRow(fmt.Sprintf("%026d", next), time.UnixMilli(1_750_000_000_000+int64(next)/4), 1)
			rows[i].RequestID = fmt.Sprintf("req_%05d%011d", next*7919%100_000, next)
		}
		if err := s.AppendLedger(b.Context(), rows, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "us/row")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
