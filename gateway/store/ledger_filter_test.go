package store_test

import (
	"fmt"
	"math/bits"
	"slices"
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

// Of several conditions the one that the fewest rows meet leads to them, whatever the database would guess.
func TestLedgerFilters_theRarestConditionLeads(t *testing.T) {
	s, err := store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), store.Options{Sealer: fakeSealer{key: "one"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	rows := make([]api.LedgerRow, 40)
	for i := range rows {
		rows[i] = newRow(fmt.Sprint(i), time.UnixMilli(int64(i)), 1)
		rows[i].TeamID, rows[i].KeyID, rows[i].Model = "large", fmt.Sprint("key-", i%2), fmt.Sprint("model-", i%4)
	}
	rows[7].Model, rows[9].Cost = "rare", money.USD
	appendRows(t, s, rows...)
	for _, test := range []struct {
		index  string
		filter api.LedgerFilter
	}{
		{"ledger_model", api.LedgerFilter{TeamID: "large", Model: "rare"}},
		{"ledger_team", api.LedgerFilter{TeamID: "small", Model: "model-1"}},
		{"ledger_key", api.LedgerFilter{TeamID: "large", KeyID: "key-1"}},
		{"ledger_cost", api.LedgerFilter{MinCost: new(money.USD)}},
		{"ledger_cost", api.LedgerFilter{TeamID: "large", MinCost: new(money.USD)}},
		{"ledger_cost", api.LedgerFilter{MaxCost: new(money.Nano(0)), From: time.UnixMilli(1)}},
		{"ledger_key", api.LedgerFilter{KeyID: "key-1", MinCost: new(money.Nano(1))}},
		{"ledger_admitted", api.LedgerFilter{Kind: api.LedgerSettle}},
	} {
		steps, err := s.LedgerPlansForTest(t.Context(), test.filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(steps, "; "); strings.Count(got, "INDEX "+test.index) != 2 {
			t.Errorf("%+v: %s; want %s twice", test.filter, got, test.index)
		}
	}
}

// What is frequent as well as large is counted in an index alone: a look at each row is a page of the disk each.
func TestLedgerFilters_frequentConditionsAreCountedInAnIndex(t *testing.T) {
	s, err := store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), store.Options{Sealer: fakeSealer{key: "one"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, filter := range []api.LedgerFilter{
		{},
		{Kind: api.LedgerSettle},
		{Model: "m"},
		{TeamID: "t", Model: "m"},
		{TeamID: "t", MinCost: new(money.USD)},
		{TeamID: "t", Model: "m", MaxCost: new(money.USD), From: time.UnixMilli(1)},
		{KeyID: "k", Model: "m"},
		{KeyID: "k", MinCost: new(money.USD)},
		{UserID: "u", Model: "m"},
		{UserID: "u", MinCost: new(money.USD)},
		{Model: "m", MinCost: new(money.USD)},
		{Model: "m", Kind: api.LedgerSettle},
		{Model: "m", Kind: api.LedgerSettle, MaxCost: new(money.USD), To: time.UnixMilli(9)},
		{TeamID: "t", Kind: api.LedgerSettle},
		{TeamID: "t", Model: "m", Kind: api.LedgerSettle},
		{KeyID: "k", Kind: api.LedgerSettle},
		{UserID: "u", Kind: api.LedgerSettle, MinCost: new(money.USD)},
		{UserID: "u", TeamID: "t"},
		{UserID: "u", TeamID: "t", Model: "m", Kind: api.LedgerSettle},
	} {
		steps, err := s.LedgerPlansForTest(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(steps, "; "); !strings.Contains(got, "USING COVERING INDEX") {
			t.Errorf("%+v: %s", filter, got)
		}
	}
}

// A page far behind, which is looked up in an index, has the rows that are there when all before it are passed over.
func TestLedgerPage_farBehindIsTheSame(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		at := clock.Now().Truncate(time.Second)
		rows := make([]api.LedgerRow, 2400)
		for i := range rows {
			rows[i] = newRow(fmt.Sprintf("%026d", i*7919%len(rows)), at.Add(time.Duration(i/5)*time.Millisecond), 1)
			rows[i].TeamID = fmt.Sprint("team-", i%2)
		}
		appendRows(t, s, rows...)
		for _, filter := range []api.LedgerFilter{{}, {TeamID: "team-1"}, {TeamID: "team-1", To: at.Add(470 * time.Millisecond)}} {
			all := must(s.LedgerPage(t.Context(), filter))(t)
			for _, offset := range []int{999, 1000, 1001, 1002, 1003, 1004, 1007, len(all) - 1, len(all), 5000} {
				filter.Limit, filter.Offset = 7, offset
				want := all[min(offset, len(all)):min(offset+7, len(all))]
				got := must(s.LedgerPage(t.Context(), filter))(t)
				if len(got) != len(want) || len(want) > 0 && (got[0].ID != want[0].ID || got[len(got)-1].ID != want[len(want)-1].ID) {
					t.Errorf("%+v: %d rows, want %d from %d on", filter, len(got), len(want), offset)
				}
			}
		}
	})
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

// Pages and counts are the same whichever index finds the rows: every set of conditions is compared with a look at each row.
func TestLedgerPage_everyIndexFindsTheSame(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		at := clock.Now().Truncate(time.Second)
		rows := make([]api.LedgerRow, 64)
		for i := range rows {
			row := newRow(fmt.Sprintf("%026d", i), at.Add(time.Duration(i/2)*time.Second), money.Nano(i%5)*money.USD)
			row.TeamID, row.KeyID, row.UserID = fmt.Sprint("team-", i%2), fmt.Sprint("key-", i%3), fmt.Sprint("user-", i%4)
			row.Model, row.EndUser, row.Kind = fmt.Sprint("model-", i%5), []string{"", "someone"}[i%2], []string{api.LedgerSettle, api.LedgerVoid}[i/7%2]
			rows[i] = row
		}
		appendRows(t, s, rows...)
		slices.Reverse(rows)
		slices.SortStableFunc(rows, func(a, b api.LedgerRow) int { return b.AdmittedAt.Compare(a.AdmittedAt) })
		conditions := []struct {
			set  func(*api.LedgerFilter)
			fits func(api.LedgerRow) bool
		}{
			{func(f *api.LedgerFilter) { f.TeamID = "team-1" }, func(r api.LedgerRow) bool { return r.TeamID == "team-1" }},
			{func(f *api.LedgerFilter) { f.KeyID = "key-1" }, func(r api.LedgerRow) bool { return r.KeyID == "key-1" }},
			{func(f *api.LedgerFilter) { f.UserID = "user-1" }, func(r api.LedgerRow) bool { return r.UserID == "user-1" }},
			{func(f *api.LedgerFilter) { f.Model = "model-1" }, func(r api.LedgerRow) bool { return r.Model == "model-1" }},
			{func(f *api.LedgerFilter) { f.EndUser = "someone" }, func(r api.LedgerRow) bool { return r.EndUser == "someone" }},
			{func(f *api.LedgerFilter) { f.Kind = api.LedgerVoid }, func(r api.LedgerRow) bool { return r.Kind == api.LedgerVoid }},
			{func(f *api.LedgerFilter) { f.Kind = api.LedgerSettle }, func(r api.LedgerRow) bool { return r.Kind == api.LedgerSettle }},
			{func(f *api.LedgerFilter) { f.MinCost = new(2 * money.USD) }, func(r api.LedgerRow) bool { return r.Cost >= 2*money.USD }},
			{func(f *api.LedgerFilter) { f.MaxCost = new(3 * money.USD) }, func(r api.LedgerRow) bool { return r.Cost <= 3*money.USD }},
			{func(f *api.LedgerFilter) { f.From = at.Add(9 * time.Second) }, func(r api.LedgerRow) bool { return !r.AdmittedAt.Before(at.Add(9 * time.Second)) }},
			{func(f *api.LedgerFilter) { f.To = at.Add(25 * time.Second) }, func(r api.LedgerRow) bool { return r.AdmittedAt.Before(at.Add(25 * time.Second)) }},
		}
		for set := range 1 << len(conditions) {
			if set&(1<<5) != 0 && set&(1<<6) != 0 || bits.OnesCount(uint(set)) > 3 {
				continue
			}
			var filter api.LedgerFilter
			want := slices.Clone(rows)
			for i, condition := range conditions {
				if set&(1<<i) != 0 {
					condition.set(&filter)
					want = slices.DeleteFunc(want, func(r api.LedgerRow) bool { return !condition.fits(r) })
				}
			}
			got, total, err := s.LedgerRows(t.Context(), filter)
			if err != nil {
				t.Fatalf("%+v: %s", filter, err)
			}
			if ids(got) != ids(want) || total != len(want) {
				t.Errorf("%+v: %d counted,\n got %s\nwant %s", filter, total, ids(got), ids(want))
			}
		}
	})
}

func ids(rows []api.LedgerRow) (text string) {
	for _, row := range rows {
		text += " " + strings.TrimLeft(row.ID, "0")
	}
	return text
}
