package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// monthsEnd is long ago by any clock: the tables ask their own.
var monthsEnd = time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC)

func TestLedger_isDeletedBeforeTheHorizonOnly(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		appendRows(t, s, newRow("old", monthsEnd.Add(-time.Millisecond), 5), newRow("kept", monthsEnd, 7))
		spend(t, s, api.LedgerSelection{})
		if _, err := s.DeleteLedger(t.Context(), monthsEnd, 10); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Fatalf("without a horizon: %v", err)
		}
		if err := s.MoveLedgerHorizon(t.Context(), alice, monthsEnd); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			"DELETE FROM ledger", "DELETE FROM ledger WHERE id = 'kept'", "UPDATE ledger SET cost_nano = 0",
			"DELETE FROM ledger_horizon", "UPDATE ledger_horizon SET before_ms = before_ms - 1", "UPDATE ledger_horizon SET before_ms = 99999999999999",
			"INSERT INTO ledger_horizon (id, before_ms) VALUES (1, 9)",
		} {
			if _, err := s.WriterForTest().Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if n := must(s.DeleteLedger(t.Context(), monthsEnd, 10))(t); n != 1 {
			t.Errorf("%d rows went", n)
		}
		rows, total, err := s.LedgerRows(t.Context(), api.LedgerFilter{Limit: 10})
		if err != nil || total != 1 || rows[0].ID != "kept" {
			t.Errorf("left are %v, %v", rows, err)
		}
		if got := spend(t, s, api.LedgerSelection{}); got != 12 {
			t.Errorf("spent %d: sums stay", got)
		}
		audits, _, err := s.Audits(t.Context(), api.AuditFilter{Action: "ledger.horizon"})
		if err != nil || len(audits) != 1 || !strings.Contains(string(audits[0].After), "2020-02-01T00:00:00Z") {
			t.Errorf("audits %v, %v", audits, err)
		}
	})
}

// A call of January that is settled in February, and again once January is gone.
func TestAppendLedger_booksNothingTwiceAcrossTheHorizon(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		late := newRow("late", monthsEnd.Add(-time.Second), 5)
		late.SettledAt = monthsEnd.Add(time.Hour)
		appendRows(t, s, late)
		appendRows(t, s, late)
		spend(t, s, api.LedgerSelection{})
		if err := s.MoveLedgerHorizon(t.Context(), alice, monthsEnd); err != nil {
			t.Fatal(err)
		}
		must(s.DeleteLedger(t.Context(), monthsEnd, 10))(t)
		before := dropped.Load()
		appendRows(t, s, late, newRow("never seen", monthsEnd.Add(-time.Minute), 9), newRow("february", monthsEnd, 7))
		spend(t, s, api.LedgerSelection{}) // what waits for SQLite is booked by now
		if told := dropped.Load() - before; told != 2 {
			t.Errorf("%d rows are counted that are not booked, want 2", told)
		}
		january := must(s.LedgerSpend(t.Context(), api.LedgerSelection{}, monthsEnd.AddDate(0, -1, 0), monthsEnd))(t)
		if all := spend(t, s, api.LedgerSelection{}); january != 5 || all != 12 {
			t.Errorf("spent %d in January and %d in all", january, all)
		}
		err := s.EachRecordedCall(t.Context(), monthsEnd.Add(-time.Hour), monthsEnd.Add(time.Hour), func(*api.RecordedCall) error { return nil })
		wantCode(t, err, api.Invalid)
	})
}

// A budget that is made longer later may begin within a day that is gone: it counts the whole day, never too little.
func TestLedgerSpend_ofADayWhoseRowsAreGone(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		appendRows(t, s, newRow("morning", monthsEnd.Add(-18*time.Hour), 5), newRow("evening", monthsEnd.Add(-3*time.Hour), 7), newRow("kept", monthsEnd, 11))
		noon := monthsEnd.Add(-12 * time.Hour)
		sums := func() [3]money.Nano {
			all := api.LedgerSelection{}
			slots := must(s.LedgerSpendBySlot(t.Context(), all, noon, time.Time{}))(t)
			var slotted money.Nano
			for _, spent := range slots {
				slotted += spent
			}
			return [3]money.Nano{must(s.LedgerSpend(t.Context(), all, noon, time.Time{}))(t), slotted, must(s.LedgerSpend(t.Context(), all, noon.Add(-24*time.Hour), noon))(t)}
		}
		if got := sums(); got != [3]money.Nano{18, 18, 5} {
			t.Fatalf("with all rows the sums are %v", got)
		}
		if err := s.MoveLedgerHorizon(t.Context(), alice, monthsEnd); err != nil {
			t.Fatal(err)
		}
		must(s.DeleteLedger(t.Context(), monthsEnd, 10))(t)
		if got := sums(); got != [3]money.Nano{23, 23, 12} {
			t.Errorf("once the day is gone the sums are %v", got)
		}
	})
}

func TestLongestBudget(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		if got := must(s.LongestBudget(t.Context()))(t); got != 0 {
			t.Errorf("%s without budgets", got)
		}
		team := api.NewTeam("t1")
		team.BudgetDuration, team.MaxBudget = new("1y"), new(money.Nano(5))
		must(s.CreateTeam(t.Context(), alice, team))(t)
		if got := must(s.LongestBudget(t.Context()))(t); got != 366*24*time.Hour {
			t.Errorf("%s", got)
		}
		team.TeamID, team.TeamMemberBudgetDuration, team.TeamMemberBudget = "t2", new("2y"), new(money.Nano(5))
		must(s.CreateTeam(t.Context(), alice, team))(t)
		if got := must(s.LongestBudget(t.Context()))(t); got != 731*24*time.Hour {
			t.Errorf("with a team's budget of members: %s", got)
		}
	})
}

func TestFirstUnsent(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		if _, found, err := s.FirstUnsent(t.Context(), []string{"a"}); found || err != nil {
			t.Errorf("of none: %t, %v", found, err)
		}
		appendRows(t, s, newRow("1", monthsEnd, 5))
		if at, found, err := s.FirstUnsent(t.Context(), []string{"a"}); !found || err != nil || !at.Equal(monthsEnd) {
			t.Errorf("%s, %t, %v", at, found, err)
		}
		if _, found, err := s.FirstUnsent(t.Context(), nil); found || err != nil {
			t.Errorf("without receivers: %t, %v", found, err)
		}
	})
}

// Alerts of before a time go with their deliveries, but for those that wait to be delivered, to be routed, or that tell of
// what still holds.
func TestDeleteAlerts_leavesThoseThatAreWaitedFor(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		events := []api.AlertEvent{newEvent("holds", clock.Now())}
		for _, id := range []string{"waits", "sent", "dead", "untaken", "unrouted", "new"} {
			event := newEvent(id, clock.Now())
			event.Type, event.Threshold = api.EventQuotaRequested, 0
			events = append(events, event)
		}
		events[len(events)-1].CreatedAt = clock.Now().Add(time.Hour)
		if err := s.AppendLedger(t.Context(), nil, events); err != nil {
			t.Fatal(err)
		}
		for id, routes := range map[string][]string{"holds": {"r1"}, "waits": {"r1", "r2"}, "sent": {"r1"}, "dead": {"r1"}, "untaken": nil, "new": nil} {
			must(s.RouteAlertEvent(t.Context(), id, id, taken(routes...)))(t)
		}
		deliveries, _, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, delivery := range deliveries {
			switch {
			case delivery.Event.ID == "dead":
				err = s.DeliveryDead(t.Context(), api.AlertFailure{DeliveryID: delivery.DeliveryID, Attempt: delivery.Attempts, Status: "500"})
			case delivery.AlertRouteID == "r1":
				err = s.DeliverySent(t.Context(), delivery.DeliveryID, 0, "200")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		until := clock.Now().Add(time.Minute)
		if n, oldest, err := s.CountOldAlerts(t.Context(), until); err != nil || n != 3 || !oldest.Equal(clock.Now()) {
			t.Errorf("%d would go, the oldest of %v, %v", n, oldest, err)
		}
		for i, want := range []int{2, 1, 0} {
			if n := must(s.DeleteAlerts(t.Context(), until, 2))(t); n != want {
				t.Errorf("run %d: %d went, want %d", i, n, want)
			}
		}
		left, _, err := s.AlertEvents(t.Context(), api.AlertEventFilter{})
		var ids []string
		for _, event := range left {
			ids = append(ids, event.ID)
		}
		slices.Sort(ids)
		if want := []string{"holds", "new", "unrouted", "waits"}; err != nil || !slices.Equal(ids, want) {
			t.Errorf("left are %v, %v, want %v", ids, err, want)
		}
		if _, total, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{}); err != nil || total != 3 {
			t.Errorf("%d deliveries are left, %v", total, err)
		}
	})
}

// What is deleted leaves room in the file of SQLite, and a backup is a copy without it.
func TestBackup_isCompact(t *testing.T) {
	path := strings.TrimPrefix(sqliteAddress(t), "sqlite:")
	s := open(t, "sqlite:"+path, newClock())
	rows := make([]api.LedgerRow, 20_000)
	for i := range rows {
		rows[i] = newRow(fmt.Sprintf("row-%d", i), monthsEnd.Add(-time.Duration(i+1)), 5)
	}
	appendRows(t, s, rows...)
	spend(t, s, api.LedgerSelection{})
	if err := s.MoveLedgerHorizon(t.Context(), alice, monthsEnd); err != nil {
		t.Fatal(err)
	}
	if n := must(s.DeleteLedger(t.Context(), monthsEnd, len(rows)))(t); n != int64(len(rows)) {
		t.Fatalf("%d rows went", n)
	}
	found := must(store.Examine(t.Context(), "sqlite:"+path))(t)
	if found.FreePages < found.Pages/2 {
		t.Errorf("%d of %d pages are free", found.FreePages, found.Pages)
	}
	folder := t.TempDir()
	if err := store.Backup(t.Context(), "sqlite:"+path, folder); err != nil {
		t.Fatal(err)
	}
	copied := must(store.Examine(t.Context(), "sqlite:"+filepath.Join(folder, filepath.Base(path))))(t)
	if copied.FreePages != 0 || copied.Pages > found.Pages-found.FreePages {
		t.Errorf("the copy has %d pages, %d of them free; the file %d and %d", copied.Pages, copied.FreePages, found.Pages, found.FreePages)
	}
}
