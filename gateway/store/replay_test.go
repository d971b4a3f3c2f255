package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The calls of a time come in the order of their admission, to the microsecond, with what was reserved for them.
func TestEachRecordedCall_isExactAndInOrder(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		at := clock.Now().Truncate(time.Millisecond)
		early, late, before, summed := newRow("b", at.Add(7*time.Microsecond), 5), newRow("a", at.Add(9*time.Microsecond), 6), newRow("c", at.Add(-time.Millisecond), 7), newRow("d", at, 0)
		early.ReservedTokens, early.ReservedCost, early.SparableTokens, early.SparableCost, early.UncountedTokens = 900, 90, 80, 8, 40
		early.SettledAt = at.Add(1234567 * time.Microsecond)
		summed.Calls = 3
		appendRows(t, s, late, early, before, summed)
		var got []api.RecordedCall
		err := s.EachRecordedCall(t.Context(), at, at.Add(time.Second), func(call *api.RecordedCall) error {
			got = append(got, *call)
			return nil
		})
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		want := api.RecordedCall{LedgerRow: api.LedgerRow{
			ID: "b", Kind: api.LedgerSettle, AdmittedAt: early.AdmittedAt, SettledAt: early.SettledAt, TeamID: "t1", KeyID: "k1", UserID: "u1", Model: "m1",
			PromptTokens: 110, Cost: 5, ReservedTokens: 900, ReservedCost: 90, SparableTokens: 80, SparableCost: 8, UncountedTokens: 40,
		}}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Error(diff)
		}
		if got[1].ID != "a" || got[1].Recorded() || !got[0].Recorded() {
			t.Errorf("%+v", got)
		}
		rows, _, err := s.LedgerRows(t.Context(), api.LedgerFilter{RequestID: "b"})
		if err != nil || len(rows) != 1 || rows[0].ReservedTokens != 900 || rows[0].SparableCost != 8 {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}
