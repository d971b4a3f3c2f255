package retention_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/retention"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// now is long ago by any clock: the tables ask their own.
var now = time.Date(2020, 6, 15, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*testing.T
	store   *store.Store
	archive string
	logged  bytes.Buffer
	deleted int64
}

func newFixture(t *testing.T) *fixture {
	sealer, err := seal.New([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bursar.db"), store.Options{
		Sealer: sealer, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &fixture{T: t, store: s, archive: filepath.Join(t.TempDir(), "archive")}
}

func (f *fixture) keeper(exports ...string) *retention.Keeper {
	return retention.New(retention.Options{
		Record: f.store, Keep: 62 * 24 * time.Hour, Archive: retention.Folder{Path: f.archive}, Exports: exports,
		OnDeleted: func(rows int64) { f.deleted += rows },
		Logger:    slog.New(slog.NewTextHandler(&f.logged, nil)), Now: func() time.Time { return now },
	})
}

// book books a call of so many days ago.
func (f *fixture) book(id string, days int) {
	f.Helper()
	at := now.AddDate(0, 0, -days)
	row := api.LedgerRow{ID: id, Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at, TeamID: "t1", KeyID: "k1", Model: "m", Cost: 5}
	if err := f.store.AppendLedger(f.Context(), []api.LedgerRow{row}, nil); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) round(k *retention.Keeper) {
	f.Helper()
	if err := k.Round(f.Context()); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) left() string {
	f.Helper()
	rows, err := f.store.LedgerPage(f.Context(), api.LedgerFilter{Limit: 10})
	if err != nil {
		f.Fatal(err)
	}
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return strings.Join(ids, " ")
}

// archived are the ids in a file of the archive.
func (f *fixture) archived(name string) string {
	f.Helper()
	data, err := os.ReadFile(filepath.Join(f.archive, name))
	if err != nil {
		f.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(data)) {
		var row api.LedgerEntry
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			f.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	return strings.Join(ids, " ")
}

func TestRound_deletesWholeDaysOnceTheyAreArchived(t *testing.T) {
	f := newFixture(t)
	for id, days := range map[string]int{"a": 70, "b": 63, "c": 62, "d": 0} {
		f.book(id, days)
	}
	f.round(f.keeper())
	if got := f.left(); got != "d c" {
		t.Errorf("left are %s", got)
	}
	if a, b := f.archived("ledger-2020-04-06.jsonl"), f.archived("ledger-2020-04-13.jsonl"); a != "a" || b != "b" || f.deleted != 2 {
		t.Errorf("archived %q and %q, deleted %d", a, b, f.deleted)
	}
	if files, _ := os.ReadDir(f.archive); len(files) != 2 {
		t.Errorf("the archive has %v", files)
	}
	spent, err := f.store.LedgerSpend(t.Context(), api.LedgerSelection{}, time.Time{}, time.Time{})
	if err != nil || spent != 20 {
		t.Errorf("spent %d, %v: sums stay", spent, err)
	}
	audits, _, err := f.store.Audits(t.Context(), api.AuditFilter{Action: "ledger.delete"})
	if err != nil || len(audits) != 2 || !strings.Contains(string(audits[0].After), `"rows":1`) {
		t.Errorf("%d audits, not one a day: %v", len(audits), err)
	}
}

func TestRound_isOneGatewaysAtATime(t *testing.T) {
	f := newFixture(t)
	f.round(f.keeper()) // finds nothing, and has the lease
	f.book("a", 70)
	f.round(f.keeper())
	if got := f.left(); got != "a" {
		t.Errorf("left are %s", got)
	}
}

func TestRound_keepsWhatCannotBeArchived(t *testing.T) {
	f := newFixture(t)
	f.book("a", 70)
	if err := os.WriteFile(f.archive, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.keeper().Round(t.Context()); err == nil || !strings.Contains(err.Error(), "try the archive") {
		t.Errorf("%v", err)
	}
	if horizon, err := f.store.LedgerHorizon(t.Context()); err != nil || !horizon.IsZero() {
		t.Errorf("the horizon moved to %v, %v", horizon, err)
	}
	if got := f.left(); got != "a" {
		t.Errorf("left are %s", got)
	}
}

// A gateway that died between a day's archive and its deletion leaves a file; what is left then gets one of its own.
func TestRound_overwritesNoArchive(t *testing.T) {
	f := newFixture(t)
	f.book("a", 70)
	if err := os.MkdirAll(f.archive, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.archive, "ledger-2020-04-06.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.round(f.keeper())
	if first, second := f.archived("ledger-2020-04-06.jsonl"), f.archived("ledger-2020-04-06.2.jsonl"); first != "" || second != "a" {
		t.Errorf("archived %q, %q", first, second)
	}
}

func TestRound_waitsForExportsAndLongBudgets(t *testing.T) {
	f := newFixture(t)
	f.book("a", 70)
	k := f.keeper("warehouse")
	f.round(k)
	if got := f.left(); got != "a" || !strings.Contains(f.logged.String(), "receivers of exports") {
		t.Errorf("left are %s: %s", got, f.logged.String())
	}
	duration, most := "60d", money.Nano(5)
	team := api.NewTeam("t1")
	team.BudgetDuration, team.MaxBudget = &duration, &most
	if _, err := f.store.CreateTeam(t.Context(), api.Change{Actor: "alice"}, team); err != nil {
		t.Fatal(err)
	}
	k.Exports = nil
	f.round(k)
	if got := f.left(); got != "a" {
		t.Errorf("a budget of 60 days: left are %s", got)
	}
}

func TestRound_deletesOldAlerts(t *testing.T) {
	f := newFixture(t)
	for id, days := range map[string]int{"old": 40, "kept": 30} {
		event := api.AlertEvent{ID: id, Type: api.EventQuotaRequested, CreatedAt: now.AddDate(0, 0, -days)}
		if err := f.store.AppendLedger(t.Context(), nil, []api.AlertEvent{event}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.store.RouteAlertEvent(t.Context(), id, id, nil); err != nil {
			t.Fatal(err)
		}
	}
	k := f.keeper()
	k.Keep, k.Alerts = 0, 35*24*time.Hour
	if _, alerts, err := k.Plan(t.Context()); err != nil || alerts.Rows != 1 || !alerts.OldestAt.Equal(now.AddDate(0, 0, -40)) {
		t.Errorf("planned %+v, %v", alerts, err)
	}
	f.book("row", 400)
	f.round(k)
	if left := f.left(); left != "row" {
		t.Errorf("rows that are kept for ever: left are %q", left)
	}
	left, _, err := f.store.AlertEvents(t.Context(), api.AlertEventFilter{})
	if err != nil || len(left) != 1 || left[0].ID != "kept" {
		t.Errorf("left are %+v, %v", left, err)
	}
	audits, _, err := f.store.Audits(t.Context(), api.AuditFilter{Action: "alert_event.delete"})
	if err != nil || len(audits) != 1 || !strings.Contains(string(audits[0].After), `"alerts":1`) {
		t.Errorf("audits %+v, %v", audits, err)
	}
}

func TestPlan_saysWhatWouldGoAndDeletesNothing(t *testing.T) {
	f := newFixture(t)
	f.book("a", 70)
	f.book("b", 64)
	k := f.keeper()
	ledger, alerts, err := k.Plan(t.Context())
	if err != nil || !ledger.Deleted || ledger.Rows != 2 || ledger.Because != "" || !ledger.OldestAt.Equal(now.AddDate(0, 0, -70)) || alerts.Deleted {
		t.Errorf("planned %+v, %+v, %v", ledger, alerts, err)
	}
	k.Exports = []string{"warehouse"}
	if ledger, _, err := k.Plan(t.Context()); err != nil || ledger.Rows != 0 || !strings.Contains(ledger.Because, "receivers of exports") {
		t.Errorf("with a receiver that has nothing: %+v, %v", ledger, err)
	}
	if got := f.left(); got != "b a" {
		t.Errorf("left are %s", got)
	}
}

// Gateways that start at once: one of them archives and deletes, each row once.
func TestRound_ofManyGatewaysAtOnce(t *testing.T) {
	f := newFixture(t)
	const days = 5
	for i := range 40 {
		f.book(fmt.Sprintf("row-%d", i), 70+i%days)
	}
	var running sync.WaitGroup
	for range 4 {
		k := retention.New(retention.Options{
			Record: f.store, Keep: 62 * 24 * time.Hour, Archive: retention.Folder{Path: f.archive}, OnDeleted: func(int64) {},
			Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		})
		running.Go(func() {
			if err := k.Round(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	files, err := os.ReadDir(f.archive)
	if err != nil || len(files) != days {
		t.Errorf("the archive has %v, %v", files, err)
	}
	seen := map[string]int{}
	for _, file := range files {
		for id := range strings.FieldsSeq(f.archived(file.Name())) {
			seen[id]++
		}
	}
	if got := f.left(); got != "" || len(seen) != 40 || slices.Max(slices.Collect(maps.Values(seen))) != 1 {
		t.Errorf("left are %q, archived %v", got, seen)
	}
	if audits, _, err := f.store.Audits(t.Context(), api.AuditFilter{Action: "ledger.delete"}); err != nil || len(audits) != days {
		t.Errorf("%d audits of %d days, %v", len(audits), days, err)
	}
}

func TestNextBatch_aimsAtTheTimeThatAStatementShouldTake(t *testing.T) {
	for _, step := range []struct {
		batch int
		took  time.Duration
		want  int
	}{
		{500, 50 * time.Millisecond, 500},
		{500, time.Millisecond, 1000},
		{500, 500 * time.Millisecond, 100},
		{500, 40 * time.Millisecond, 625},
		{16000, time.Millisecond, 20000},
		{500, 0, 1000},
		{2000, 100 * time.Millisecond, 1000},
	} {
		if got := retention.NextBatch(step.batch, step.took); got != step.want {
			t.Errorf("after %d in %v: %d, want %d", step.batch, step.took, got, step.want)
		}
	}
}
