package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Whatever few of millions of rows are asked for, an index leads to them, in their order.
func TestLedgerFilters_passOverNoOtherRows(t *testing.T) {
	s, err := store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), store.Options{Sealer: fakeSealer{key: "one"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for index, filter := range map[string]api.LedgerFilter{
		"ledger_team": {TeamID: "t"}, "ledger_key": {KeyID: "k"}, "ledger_user": {UserID: "u"}, "ledger_model": {Model: "m"},
		"ledger_end_user": {EndUser: "e"}, "ledger_kind": {Kind: api.LedgerVoid}, "ledger_admitted": {From: time.UnixMilli(1)},
	} {
		steps, err := s.LedgerPlansForTest(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, step := range steps {
			if strings.Contains(step, "INDEX "+index+" ") {
				found++
			}
			if strings.HasPrefix(step, "SCAN ledger") || strings.Contains(step, "TEMP B-TREE FOR ORDER BY") && !strings.Contains(step, "LAST TERM") {
				t.Errorf("%+v: %s", filter, step)
			}
		}
		if found != 2 {
			t.Errorf("%s leads to no rows of %+v: %s", index, filter, strings.Join(steps, "; "))
		}
	}
}

func TestLedgerCount_stopsWhereItIsTold(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		var rows []api.LedgerRow
		for i := range 5 {
			rows = append(rows, newRow(fmt.Sprint(i), clock.Now(), money.Nano(i)))
		}
		appendRows(t, s, rows...)
		for most, want := range map[int]int{0: 5, 3: 3, 9: 5} {
			if got := must(s.LedgerCount(t.Context(), api.LedgerFilter{TeamID: "t1"}, most))(t); got != want {
				t.Errorf("up to %d: %d", most, got)
			}
		}
	})
}
