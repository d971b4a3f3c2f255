package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// TestLedgerEnd_aReaderMissesNoRow reads on while several gateways write: numbers are drawn in one order and
// committed in another.
func TestLedgerEnd_aReaderMissesNoRow(t *testing.T) {
	for kind, place := range map[string]string{store.SQLite: sqliteAddress(t), store.Postgres: storetest.Postgres(t)} {
		t.Run(kind, func(t *testing.T) {
			clock := newClock()
			gateways := []*store.Store{open(t, place, clock)}
			if kind == store.Postgres {
				gateways = append(gateways, open(t, place, clock))
			}
			const writers, appends = 6, 40
			var all sync.WaitGroup
			var done atomic.Bool
			for w := range writers {
				all.Go(func() {
					for i := range appends {
						rows := []api.LedgerRow{}
						for j := range 1 + i%3*40 { // some take longer than others
							row := newRow(fmt.Sprint(w, "-", i, "-", j), clock.Now(), 1)
							row.TeamID = fmt.Sprint("t", w)
							rows = append(rows, row)
						}
						if err := gateways[w%len(gateways)].AppendLedger(t.Context(), rows, nil); err != nil {
							t.Error(err)
						}
					}
				})
			}
			go func() { all.Wait(); done.Store(true) }()
			seen, last, rounds := map[string]bool{}, int64(0), 0
			for finished := false; !finished; rounds++ {
				finished = done.Load()
				end := must(gateways[0].LedgerEnd(t.Context()))(t)
				for {
					page := must(gateways[0].LedgerAfter(t.Context(), last, end, 50))(t)
					for _, entry := range page {
						seen[entry.ID], last = true, entry.Seq
					}
					if len(page) < 50 {
						break
					}
				}
				last = max(last, end)
			}
			_, total, err := gateways[0].LedgerRows(t.Context(), api.LedgerFilter{Limit: 1})
			if err != nil || len(seen) != total || total == 0 {
				t.Errorf("%d of %d rows were seen in %d rounds, %v", len(seen), total, rounds, err)
			}
		})
	}
}

func TestLedgerEnd_waitsForTheTransactionThatDrewANumber(t *testing.T) {
	clock := newClock()
	s := open(t, storetest.Postgres(t), clock)
	slow, err := s.WriterForTest().Begin()
	if err != nil {
		t.Fatal(err)
	}
	_, err = slow.Exec(`INSERT INTO ledger (id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream,
		prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version)
		VALUES ('slow', 'settle', 0, 0, '', 't1', '', '', '', '', 0, 0, 0, 0, '')`)
	if err != nil {
		t.Fatal(err)
	}
	appendRows(t, s, newRow("quick", clock.Now(), 1)) // nobody waits for the slow one but the reader
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if end, err := s.LedgerEnd(ctx); api.CodeOf(err) != api.StoreUnavailable {
		t.Errorf("the end is %d, %v, though a row before it is not committed", end, err)
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	end := must(s.LedgerEnd(t.Context()))(t)
	ids := []string{}
	for _, entry := range must(s.LedgerAfter(t.Context(), 0, end, 10))(t) {
		ids = append(ids, entry.ID)
	}
	if !slices.Equal(ids, []string{"slow", "quick"}) {
		t.Errorf("rows: %q", ids)
	}
}

func TestLedgerExport_oneSendsAtATime(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		claim := func(holder string) (int64, bool) {
			sent, claimed, err := s.ClaimLedgerExport(t.Context(), "x", holder, clock.Now(), clock.Now().Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			return sent, claimed
		}
		if sent, ok := claim("a"); !ok || sent != 0 {
			t.Errorf("first: %d %t", sent, ok)
		}
		if _, ok := claim("b"); ok {
			t.Error("two hold it")
		}
		if err := s.MoveLedgerExport(t.Context(), "x", "a", 7); err != nil {
			t.Error(err)
		}
		if err := s.MoveLedgerExport(t.Context(), "x", "b", 9); err == nil {
			t.Error("another one moved it")
		}
		if sent, ok := claim("a"); !ok || sent != 7 {
			t.Errorf("again: %d %t", sent, ok)
		}
		clock.Advance(time.Minute)
		if sent, ok := claim("b"); !ok || sent != 7 {
			t.Errorf("after the lease: %d %t", sent, ok)
		}
		if err := s.MoveLedgerExport(t.Context(), "x", "a", 8); err == nil {
			t.Error("the one whose time is over moved it")
		}
		if err := s.ReleaseLedgerExport(t.Context(), "x", "b"); err != nil {
			t.Error(err)
		}
		if _, ok := claim("a"); !ok {
			t.Error("what was released is not free")
		}
	})
}
