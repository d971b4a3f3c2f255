package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newRow(id string, at time.Time, cost money.Nano) api.LedgerRow {
	return api.LedgerRow{
		ID: id, Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at.Add(time.Second), RequestID: "req-" + id,
		TeamID: "t1", KeyID: "k1", UserID: "u1", Model: "m1", Upstream: "openai",
		PromptTokens: 100, CachedTokens: 40, CompletionTokens: 10, Cost: cost, PriceVersion: "2026-11-01",
	}
}

func appendRows(t *testing.T, s *store.Store, rows ...api.LedgerRow) {
	t.Helper()
	if err := s.AppendLedger(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
}

func spend(t *testing.T, s *store.Store, selection api.LedgerSelection) money.Nano {
	t.Helper()
	return must(s.LedgerSpend(t.Context(), selection, time.Time{}, time.Time{}))(t)
}

func TestAppendLedger_againChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		at := clock.Now().Truncate(time.Millisecond)
		first, second := newRow("1", at, money.Max), newRow("2", at, 7)
		appendRows(t, s, first, first)
		changed := first
		changed.Cost = 5
		appendRows(t, s, second, changed)
		rows, total, err := s.LedgerRows(t.Context(), api.LedgerFilter{})
		if err != nil || total != 2 {
			t.Fatalf("%d rows, %v", total, err)
		}
		if diff := cmp.Diff([]api.LedgerRow{second, first}, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		usage, _, err := s.Usage(t.Context(), api.UsageFilter{})
		want := []api.Usage{{
			Day: "2026-11-22", TeamID: "t1", KeyID: "k1", UserID: "u1", Model: "m1", Requests: 2,
			PromptTokens: 200, CachedTokens: 80, CompletionTokens: 20, Cost: money.Max + 7,
		}}
		if diff := cmp.Diff(want, usage); diff != "" || err != nil {
			t.Errorf("usage (-want +got):\n%s%v", diff, err)
		}
		if got := spend(t, s, api.LedgerSelection{}); got != money.Max+7 {
			t.Errorf("spent is %d", got)
		}
	})
}

func TestAppendLedger_onlyServedRequestsCount(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		rows := []api.LedgerRow{}
		for i, kind := range []string{api.LedgerSettle, api.LedgerEstimate, api.LedgerCorrection, api.LedgerAdjust, api.LedgerVoid} {
			row := newRow(fmt.Sprint(i), clock.Now(), 10)
			row.Kind = kind
			rows = append(rows, row)
		}
		rows[3].Cost = -25
		appendRows(t, s, rows...)
		usage, _, err := s.Usage(t.Context(), api.UsageFilter{})
		if err != nil || len(usage) != 1 || usage[0].Requests != 2 || usage[0].Cost != 15 {
			t.Errorf("usage is %+v, %v", usage, err)
		}
	})
}

func TestAppendLedger_whatAClientWroteKeepsNothingOut(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		row := newRow("1", clock.Now(), 5)
		row.Model, row.RequestID, row.UserID = "m\x00\xff", "\x00", "\xed\xa0\x80"
		appendRows(t, s, row, newRow("2", clock.Now(), 6))
		if got := spend(t, s, api.LedgerSelection{}); got != 11 {
			t.Errorf("spent is %d", got)
		}
	})
}

func TestAppendLedger_manyRowsFromSeveralGateways(t *testing.T) {
	clock, place := newClock(), storetest.Postgres(t)
	gateways := []*store.Store{open(t, place, clock), open(t, place, clock)}
	rows, events := []api.LedgerRow{}, []api.AlertEvent{}
	for i := range 300 {
		row := newRow(fmt.Sprintf("%03d", i), clock.Now().Add(time.Duration(i)*time.Hour), money.Nano(i))
		row.Model = fmt.Sprint("m", i%7)
		rows, events = append(rows, row), append(events, newEvent(fmt.Sprint("event", i), clock.Now()))
	}
	backward, eventsBackward := slices.Clone(rows), slices.Clone(events)
	slices.Reverse(backward)
	slices.Reverse(eventsBackward)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			order, eventOrder := rows, events
			if i%2 == 0 {
				order, eventOrder = backward, eventsBackward
			}
			if err := gateways[i%2].AppendLedger(t.Context(), order, eventOrder); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := spend(t, gateways[0], api.LedgerSelection{}); got != 299*300/2 {
		t.Errorf("spent is %d, want each row once", got)
	}
	if unrouted := must(gateways[0].UnroutedAlertEvents(t.Context(), 1000))(t); len(unrouted) != 300 {
		t.Errorf("%d events, want each once", len(unrouted))
	}
}

func TestLedgerSpend_isTheSumOfTheRows(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		start, next := clock.Now().Truncate(24*time.Hour), 0
		apart := newKey("k2", "")
		apart.TeamID, apart.UserID, apart.Origin.Apart = nil, new("u1"), true
		must(s.CreateKey(t.Context(), alice, apart, []byte("apart")))(t)
		must(s.DeleteKeys(t.Context(), alice, []string{"k2"}))(t) // the ledger remembers
		var rows []api.LedgerRow
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			// Mostly near midnight, where whole days begin.
			at := start.AddDate(0, 0, rapid.IntRange(0, 4).Draw(t, "day"))
			return at.Add(time.Duration(rapid.SampledFrom([]int{-1, 0, 1, 3600_000, 43200_000}).Draw(t, "ms")) * time.Millisecond)
		})
		names := func(prefix string) *rapid.Generator[[]string] {
			return rapid.SampledFrom([][]string{nil, {}, {prefix + "1"}, {prefix + "1", prefix + "2"}, {"none"}})
		}
		rapid.Check(t, func(t *rapid.T) {
			batch := []api.LedgerRow{}
			for range rapid.IntRange(0, 12).Draw(t, "rows") {
				next++
				row := newRow(fmt.Sprint(next), moment.Draw(t, "admitted"), money.Nano(rapid.Int64Range(-5, 1000).Draw(t, "cost")))
				row.TeamID = rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(t, "team")
				row.KeyID = rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "key")
				row.UserID = rapid.SampledFrom([]string{"u1", "u2", "u3"}).Draw(t, "user")
				row.Model = rapid.SampledFrom([]string{"m1", "m2", "m3"}).Draw(t, "model")
				batch = append(batch, row)
			}
			if err := s.AppendLedger(background, batch, nil); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, batch...)
			selection := api.LedgerSelection{
				TeamIDs: names("t").Draw(t, "teams"), KeyIDs: names("k").Draw(t, "keys"), Models: names("m").Draw(t, "models"),
				UserIDs: names("u").Draw(t, "users"), OwnKeys: rapid.Bool().Draw(t, "own keys"),
			}
			bound := rapid.OneOf(moment, rapid.Just(time.Time{}))
			from, to := bound.Draw(t, "from"), bound.Draw(t, "to")
			got, err := s.LedgerSpend(background, selection, from, to)
			if want := sum(rows, selection, from, to); err != nil || got != want {
				t.Fatalf("spent is %d, %v, want %d", got, err, want)
			}
			var inSlots money.Nano
			bySlot, err := s.LedgerSpendBySlot(background, selection, from, to)
			for _, spent := range bySlot {
				inSlots += spent
			}
			if err != nil || inSlots != got {
				t.Fatalf("spent by slot is %v, %v, together not %d", bySlot, err, got)
			}
		})
	})
}

// sum is what LedgerSpend has to answer, the slow way.
func sum(rows []api.LedgerRow, selection api.LedgerSelection, from, to time.Time) (total money.Nano) {
	covers := func(names []string, name string) bool { return names == nil || slices.Contains(names, name) }
	for _, row := range rows {
		if covers(selection.TeamIDs, row.TeamID) && covers(selection.KeyIDs, row.KeyID) && covers(selection.Models, row.Model) &&
			covers(selection.UserIDs, row.UserID) && !(selection.OwnKeys && slices.Contains(selection.UserIDs, "u1") && row.KeyID == "k2") &&
			(from.IsZero() || !row.AdmittedAt.Before(from)) && (to.IsZero() || row.AdmittedAt.Before(to)) {
			total += row.Cost
		}
	}
	return total
}

func TestLedgerRowsAndUsage_filters(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		rows := []api.LedgerRow{}
		for i := range 6 {
			row := newRow(fmt.Sprint(i), clock.Now().AddDate(0, 0, i), 1)
			row.TeamID, row.KeyID = fmt.Sprint("t", i%2), fmt.Sprint("k", i%3)
			rows = append(rows, row)
		}
		rows[5].Kind, rows[5].Model, rows[5].UserID = api.LedgerAdjust, "m2", "u2"
		appendRows(t, s, rows...)
		day := func(i int) time.Time { return clock.Now().AddDate(0, 0, i) }
		for want, filter := range map[string]api.LedgerFilter{
			"[5 4 3 2 1 0] of 6": {},
			"[5 3 1] of 3":       {TeamID: "t1"},
			"[3] of 1":           {TeamID: "t1", KeyID: "k0"},
			"[5] of 1":           {UserID: "u2", Model: "m2", Kind: api.LedgerAdjust},
			"[2] of 1":           {RequestID: "req-2"},
			"[3 2] of 2":         {From: day(2), To: day(4)},
			"[4 3] of 6":         {Limit: 2, Offset: 1},
		} {
			found, total, err := s.LedgerRows(t.Context(), filter)
			ids := []string{}
			for _, row := range found {
				ids = append(ids, row.ID)
			}
			if got := fmt.Sprintf("%v of %d", ids, total); got != want || err != nil {
				t.Errorf("%+v: %s, want %s, %v", filter, got, want, err)
			}
		}
		for name, test := range map[string]struct {
			filter api.UsageFilter
			want   string
		}{
			"all":         {api.UsageFilter{}, "6 of 6"},
			"team":        {api.UsageFilter{TeamID: "t0"}, "3 of 3"},
			"key":         {api.UsageFilter{KeyID: "k1"}, "2 of 2"},
			"user, model": {api.UsageFilter{UserID: "u2", Model: "m2"}, "1 of 1"},
			"days":        {api.UsageFilter{From: day(1), To: day(3)}, "2 of 2"},
			"last page":   {api.UsageFilter{Limit: 1, Offset: 5}, "1 of 6"},
		} {
			found, total, err := s.Usage(t.Context(), test.filter)
			if got := fmt.Sprintf("%d of %d", len(found), total); err != nil || got != test.want {
				t.Errorf("%s: %s, want %s, %v", name, got, test.want, err)
			}
		}
	})
}
