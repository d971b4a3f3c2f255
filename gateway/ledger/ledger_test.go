package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/ledger"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store that takes its time for each transaction, and fails when told to.
type memory struct {
	commitTime time.Duration
	fail       func(rows []api.LedgerRow) error

	mu       sync.Mutex
	batches  [][]string
	events   []string
	selected []api.LedgerSelection
	pots     map[string]api.Budget
}

func (m *memory) AppendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error {
	select {
	case <-time.After(m.commitTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(rows); err != nil {
			return err
		}
	}
	batch := []string{}
	for _, row := range rows {
		batch = append(batch, row.ID)
	}
	m.batches = append(m.batches, batch)
	for _, event := range events {
		m.events = append(m.events, event.ID)
	}
	return nil
}

func (m *memory) LedgerSpend(_ context.Context, selection api.LedgerSelection, from, to time.Time) (money.Nano, error) {
	m.selected = append(m.selected, selection)
	return money.Nano(to.Sub(from)), nil
}

func (m *memory) LedgerSpendBySlot(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (map[string]money.Nano, error) {
	spent, err := m.LedgerSpend(ctx, selection, from, to)
	return map[string]money.Nano{"marketing": spent}, err
}

func (m *memory) Budget(_ context.Context, id string) (api.Budget, error) {
	budget, found := m.pots[id]
	if !found {
		return api.Budget{}, api.Errorf(api.NotFound, "no budget %s", id)
	}
	return budget, nil
}

func (m *memory) durable(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.batches, func(batch []string) bool { return slices.Contains(batch, id) })
}

func newWriter(m *memory, options ledger.Options) *ledger.Writer {
	options.Store, options.Logger = m, slog.New(slog.DiscardHandler)
	return ledger.New(options)
}

func entry(id string, events ...string) quota.Entry {
	e := quota.Entry{Row: &api.LedgerRow{ID: id}}
	for _, event := range events {
		e.Alerts = append(e.Alerts, api.AlertEvent{ID: event})
	}
	return e
}

func closeWriter(t *testing.T, w *ledger.Writer) {
	t.Helper()
	if err := w.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAppend_whatArrivesTogetherSharesATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{commitTime: 10 * time.Millisecond}
		w := newWriter(m, ledger.Options{})
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				id := fmt.Sprint(i)
				if err := w.Append(t.Context(), []quota.Entry{entry(id)}); err != nil {
					t.Error(err)
				}
				if !m.durable(id) {
					t.Errorf("%s is not durable when Append returns", id)
				}
			})
		}
		all.Wait()
		closeWriter(t, w)
		if written := len(slices.Concat(m.batches...)); len(m.batches) > 2 || written != 200 {
			t.Errorf("%d transactions with %d rows, want one for the first and one for those that came meanwhile", len(m.batches), written)
		}
	})
}

func TestAppend_transactionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{commitTime: time.Millisecond}
		w := newWriter(m, ledger.Options{MaxBatch: 10, MaxWaiting: 5})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if err := w.Append(t.Context(), []quota.Entry{entry(fmt.Sprint(i)), entry(fmt.Sprint(i, "b"))}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		closeWriter(t, w)
		total := 0
		for _, batch := range m.batches {
			total += len(batch)
			if len(batch) > 11 {
				t.Errorf("a transaction with %d rows", len(batch))
			}
		}
		if total != 200 {
			t.Errorf("%d rows written", total)
		}
	})
}

func TestAppend_oneThatCannotBeWrittenKeepsOutNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		m := &memory{commitTime: time.Millisecond, fail: func(rows []api.LedgerRow) error {
			if slices.ContainsFunc(rows, func(row api.LedgerRow) bool { return row.ID == "bad" }) {
				return refused
			}
			return nil
		}}
		w := newWriter(m, ledger.Options{})
		var all sync.WaitGroup
		for _, id := range []string{"1", "2", "bad", "3", "4"} {
			all.Go(func() {
				if err := w.Append(t.Context(), []quota.Entry{entry(id)}); errors.Is(err, refused) != (id == "bad") {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		all.Wait()
		closeWriter(t, w)
		for _, id := range []string{"1", "2", "3", "4"} {
			if !m.durable(id) {
				t.Errorf("%s was not written", id)
			}
		}
	})
}

func TestAppend_storeOutOfReachFailsAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		m := &memory{commitTime: time.Millisecond, fail: func([]api.LedgerRow) error {
			tries++
			return api.Errorf(api.StoreUnavailable, "gone")
		}}
		w := newWriter(m, ledger.Options{})
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				if err := w.Append(t.Context(), []quota.Entry{entry(fmt.Sprint(i))}); api.CodeOf(err) != api.StoreUnavailable {
					t.Errorf("error is %v", err)
				}
			})
		}
		all.Wait()
		closeWriter(t, w)
		if tries < 1 || tries > 2 {
			t.Errorf("the store was tried %d times for 50 rows, want once for each batch", tries)
		}
	})
}

func TestAppend_aStoreThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(&memory{commitTime: time.Hour}, ledger.Options{WriteTimeout: time.Second})
		started := time.Now()
		err := w.Append(t.Context(), []quota.Entry{entry("1")})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
		closeWriter(t, w)
	})
}

func TestAppend_whoStopsWaitingIsStillWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{commitTime: time.Second}
		w := newWriter(m, ledger.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := w.Append(ctx, []quota.Entry{entry("1")}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		closeWriter(t, w)
		if !m.durable("1") {
			t.Error("the entry is lost")
		}
	})
}

func TestClose_writesWhatWaitsAndTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{commitTime: time.Second}
		w := newWriter(m, ledger.Options{MaxWaiting: 3})
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := w.Append(t.Context(), []quota.Entry{entry(fmt.Sprint(i))}); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		synctest.Wait()
		closeWriter(t, w)
		all.Wait()
		for i := range 20 {
			if !m.durable(fmt.Sprint(i)) {
				t.Errorf("%d was not written", i)
			}
		}
		if err := w.Append(t.Context(), []quota.Entry{entry("late")}); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
		closeWriter(t, w)
	})
}

func TestClose_waitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(&memory{commitTime: 10 * time.Second}, ledger.Options{})
		var appended sync.WaitGroup
		appended.Go(func() {
			if err := w.Append(t.Context(), []quota.Entry{entry("1")}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		appended.Wait()
		closeWriter(t, w)
	})
}

func TestAppend_wakesForAlertsOnceTheyAreDurable(t *testing.T) {
	m := &memory{}
	var woken atomic.Int64
	w := newWriter(m, ledger.Options{OnAlert: func() { woken.Add(1) }})
	for _, entries := range [][]quota.Entry{{entry("1")}, nil, {{}}} {
		if err := w.Append(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	if woken.Load() != 0 || len(m.batches) != 1 {
		t.Errorf("woken %d times after %d transactions without events", woken.Load(), len(m.batches))
	}
	if err := w.Append(t.Context(), []quota.Entry{{Alerts: []api.AlertEvent{{ID: "e1"}}}, entry("2", "e2")}); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	if woken.Load() != 1 || !slices.Equal(m.events, []string{"e1", "e2"}) {
		t.Errorf("woken %d times for %v", woken.Load(), m.events)
	}
}

func TestSpend_scopes(t *testing.T) {
	pot := api.NewBudget("pot:1")
	pot.TeamIDs, pot.Models = []string{"t1"}, []string{}
	everything := api.NewBudget("all")
	everything.Everything = true
	m := &memory{pots: map[string]api.Budget{"pot:1": pot, "all": everything, "terms": api.NewBudget("terms")}}
	w := newWriter(m, ledger.Options{})
	defer closeWriter(t, w)
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for scope, want := range map[quota.Scope]api.LedgerSelection{
		"team:a:model:b": {TeamIDs: []string{"a:model:b"}},
		"key:key_1":      {KeyIDs: []string{"key_1"}},
		"budget:pot:1":   {TeamIDs: []string{"t1"}, Models: []string{}},
		"budget:all":     {},
		"user:ann":       {UserIDs: []string{"ann"}, OwnKeys: true},
		// Ids may hold slashes and colons, and nothing that stands between them here.
		"member:a/b:c#ann": {TeamIDs: []string{"a/b:c"}, UserIDs: []string{"ann"}},
	} {
		m.selected = nil
		want.Scope = string(scope)
		spent, err := w.Spend(t.Context(), scope, quota.Period{Start: start, End: start.Add(time.Hour)})
		if err != nil || spent != money.Nano(time.Hour) {
			t.Errorf("%s: %d, %v", scope, spent, err)
		}
		if got := fmt.Sprintf("%#v", m.selected); got != fmt.Sprintf("%#v", []api.LedgerSelection{want}) {
			t.Errorf("%s selects %s", scope, got)
		}
	}
	for scope, code := range map[quota.Scope]api.Code{
		"budget:gone": api.NotFound, "budget:terms": api.Internal, "team": api.Internal, "team:": api.Internal, "user:": api.Internal,
		"member:t1": api.Internal, "member:#ann": api.Internal, "member:t1#": api.Internal, "tag:u1": api.Internal,
	} {
		if _, err := w.Spend(t.Context(), scope, quota.Period{}); api.CodeOf(err) != code {
			t.Errorf("%s: %v", scope, err)
		}
	}
}
