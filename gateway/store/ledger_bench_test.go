package store_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// benchRows is how many rows the ledger has, unless LEDGER_ROWS says otherwise.
const benchRows = 100_000

// benchEnd is when the last of them was admitted; the first one ninety days before.
var benchEnd = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

// fillLedger writes n rows of ninety days past the store. A fifth is of one team with five keys, the rest of 499 teams,
// 5,000 keys and 2,000 users; there are twelve models and a rare one; one row in 50,000 costs 5 dollars and more.
func fillLedger(b testing.TB, s *store.Store, n int) {
	b.Helper()
	const day = 24 * 60 * 60 * 1000
	random := func(factor int) string { return fmt.Sprintf("((n * %d) %% 1000003)", factor) }
	numbers := fmt.Sprintf("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) ", n)
	if s.Kind() == store.Postgres {
		numbers = fmt.Sprintf("WITH numbers AS (SELECT generate_series(1, %d)::bigint AS n) ", n)
	}
	large := random(7919) + " < 200000"
	at := fmt.Sprintf("%d + n * %d", benchEnd.UnixMilli()-90*day, max(90*day/n, 1))
	run(b, s, `INSERT INTO ledger (id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream,
		prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version, end_user, tags, calls) `+numbers+`SELECT
		'01K' || (10000000000 + n),
		CASE WHEN `+random(67867967)+` < 5000 THEN 'void' WHEN `+random(67867967)+` < 10000 THEN 'estimate' ELSE 'settle' END,
		`+at+`, `+at+` + 900,
		'req_' || (n * 2654435761 % 4294967296),
		'team-' || CASE WHEN `+large+` THEN 1 ELSE 2 + `+random(104729)+` % 499 END,
		'key-' || CASE WHEN `+large+` THEN 1 + `+random(1299709)+` % 5 ELSE 6 + `+random(104729)+` % 4999 END,
		'user-' || (1 + `+random(15485863)+` % 2000),
		CASE WHEN `+random(49979687)+` < 10 THEN 'rare' ELSE 'model-' || (`+random(49979687)+` % 12) END,
		'openai/https://api.openai.com/v1', 900, 100, 200,
		CASE WHEN `+random(86028121)+` < 20 THEN 5000000000 + n ELSE `+random(32452843)+` * 100 + 1 END,
		'p1', CASE WHEN `+random(86028157)+` < 300000 THEN 'end-' || (`+random(86028157)+` % 10000) ELSE '' END, '[]', 1
		FROM numbers`)
	settleDown(b, s)
}

// BenchmarkLedgerPage shows what pages of the ledger with their totals take, of LEDGER_ROWS rows. LEDGER_STORE
// names the address of a store to keep for the next time; it is filled when it has no rows.
func BenchmarkLedgerPage(b *testing.B) {
	rows := benchRows
	if text := os.Getenv("LEDGER_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	addresses := map[string]func() string{
		store.SQLite:   func() string { return "sqlite:" + b.TempDir() + "/bursar.db" },
		store.Postgres: func() string { return storetest.Postgres(b) },
	}
	if there := os.Getenv("LEDGER_STORE"); there != "" {
		addresses = map[string]func() string{"there": func() string { return there }}
	}
	for kind, address := range addresses {
		s, err := store.Open(b.Context(), address(), store.Options{Sealer: fakeSealer{key: "one"}})
		if err != nil {
			b.Fatal(err)
		}
		if filled, err := s.LedgerCount(b.Context(), api.LedgerFilter{}, 1); err != nil {
			b.Fatal(err)
		} else if filled == 0 {
			fillLedger(b, s, rows)
		}
		for name, filter := range ledgerFilters() {
			b.Run(fmt.Sprintf("%s/%s", kind, name), func(b *testing.B) {
				for b.Loop() {
					filter.Limit = 100
					if _, err := s.LedgerPage(b.Context(), filter); err != nil {
						b.Fatal(err)
					}
					if _, err := s.LedgerCount(b.Context(), filter, filter.Countable()); err != nil {
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

// ledgerFilters are what people ask of the ledger, by what is worst for a database first.
func ledgerFilters() map[string]api.LedgerFilter {
	dollars := func(amount money.Nano) *money.Nano { return &amount }
	day := benchEnd.AddDate(0, 0, -30)
	return map[string]api.LedgerFilter{
		"all":                        {},
		"dear calls":                 {MinCost: dollars(5 * money.USD)},
		"dearer than any":            {MinCost: dollars(1_000_000 * money.USD)},
		"all but the cheapest":       {MinCost: dollars(money.USD / 1_000_000)},
		"free calls":                 {MaxCost: dollars(0)},
		"dear calls of a large team": {TeamID: "team-1", MinCost: dollars(5 * money.USD)},
		"dear calls of a model":      {Model: "model-3", MinCost: dollars(5 * money.USD)},
		"a large team":               {TeamID: "team-1"},
		"a small team":               {TeamID: "team-77"},
		"no team":                    {TeamID: "nobody"},
		"a key":                      {KeyID: "key-3"},
		"a user":                     {UserID: "user-7"},
		"an end user":                {EndUser: "end-77"},
		"a model":                    {Model: "model-3"},
		"a rare model":               {Model: "rare"},
		"a small team's model":       {TeamID: "team-77", Model: "model-3"},
		"a large team's model":       {TeamID: "team-1", Model: "model-3"},
		"a large team's rare model":  {TeamID: "team-1", Model: "rare"},
		"a frequent key's model":     {KeyID: "key-3", Model: "model-3"},
		"a large team's dearer half": {TeamID: "team-1", MinCost: dollars(money.USD / 20)},
		"a large team's settled":     {TeamID: "team-1", Kind: api.LedgerSettle},
		"a key's settled":            {KeyID: "key-3", Kind: api.LedgerSettle},
		"a model's settled":          {Model: "model-3", Kind: api.LedgerSettle},
		"a model's dearer half":      {Model: "model-3", MinCost: dollars(money.USD / 20)},
		"page 1000":                  {Offset: 99_900},
		"page 1000 of a large team":  {TeamID: "team-1", Offset: 99_900},
		"page 100 of its model":      {TeamID: "team-1", Model: "model-3", Offset: 9_900},
		"page 1000 by kind":          {Kind: api.LedgerSettle, Offset: 99_900},
		"a user's model":             {UserID: "user-7", Model: "model-3"},
		"a large team's user":        {TeamID: "team-1", UserID: "user-7"},
		"all but voids":              {Kind: api.LedgerSettle},
		"voids":                      {Kind: api.LedgerVoid},
		"voids of a rare model":      {Kind: api.LedgerVoid, Model: "rare"},
		"a day":                      {From: day, To: day.AddDate(0, 0, 1)},
		"a day of a small team":      {From: day, To: day.AddDate(0, 0, 1), TeamID: "team-77"},
		"a month of a large team":    {From: day, To: benchEnd, TeamID: "team-1"},
		"dear calls of a month":      {From: day, To: benchEnd, MinCost: dollars(5 * money.USD)},
		"a request":                  {RequestID: "req_1"},
	}
}
