package underway

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a gateway's counters on a directory.
type bench struct {
	*Engine
	t      *testing.T
	dir    string
	record *quotatest.Record
	clock  *quotatest.Clock
	memory *quota.Memory
}

func open(t *testing.T, dir string, record *quotatest.Record, clock *quotatest.Clock, maxBytes int64) *bench {
	t.Helper()
	memory := quota.NewMemory(record, quota.MemoryOptions{Now: clock.Now, ReapEvery: -1})
	t.Cleanup(func() { _ = memory.Close() })
	engine, err := Around(t.Context(), memory, record, dir, Options{Now: clock.Now, MaxBytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Engine: engine, t: t, dir: dir, record: record, clock: clock, memory: memory}
	t.Cleanup(func() { _ = b.Engine.Close() })
	return b
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return open(t, t.TempDir(), quotatest.NewRecord(), quotatest.NewClock(), 0)
}

// killed is the next process, which finds what this one has left on the disk.
func (b *bench) killed() *bench {
	b.t.Helper()
	left := b.t.TempDir() // locked by nobody
	if err := os.CopyFS(left, os.DirFS(b.dir)); err != nil {
		b.t.Fatal(err)
	}
	return open(b.t, left, b.record, b.clock, 0)
}

func request() quota.Request {
	return quota.Request{
		ID: quotatest.NewID(), Slot: "marketing", InputTokens: 100, InputCost: 3 * money.USD, OutputTokens: 50, MinOutputTokens: 50, OutputTokenCost: money.USD,
		Budgets: []quota.Budget{{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: 1000 * money.USD, Hard: true}},
		Row:     api.LedgerRow{TeamID: "marketing", KeyID: "k", Model: "m"},
	}
}

func (b *bench) reserve() quota.Request {
	b.t.Helper()
	one := request()
	one.Budgets[0].Periods = []quota.Period{{}}
	decision, err := b.Reserve(b.t.Context(), one)
	if err != nil || !decision.Admitted {
		b.t.Fatalf("reserve: %+v, %v", decision, err)
	}
	return one
}

func (b *bench) settle(one quota.Request) {
	b.t.Helper()
	if _, err := b.Settle(b.t.Context(), quota.Settlement{ID: one.ID, Slot: one.Slot, Tokens: 7, Cost: money.USD, Row: one.Row}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) rows() map[string]api.LedgerRow {
	rows := map[string]api.LedgerRow{}
	for _, row := range b.record.Rows() {
		if _, twice := rows[row.ID]; twice {
			b.t.Errorf("%s is booked twice", row.ID)
		}
		rows[row.ID] = row
	}
	return rows
}

func TestPromise_T5_whatAKilledGatewayHadUnderWayIsBooked(t *testing.T) {
	b := newBench(t)
	settled, open, streamed, unreached := b.reserve(), b.reserve(), b.reserve(), b.reserve()
	b.settle(settled)
	for _, tokens := range []int64{110, 120} {
		if err := b.Renew(t.Context(), []quota.Checkpoint{{ID: streamed.ID, Slot: streamed.Slot, Tokens: tokens, Cost: 5 * money.USD}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Settle(t.Context(), quota.Settlement{ID: unreached.ID, Slot: unreached.Slot, Unsent: true, Summed: true}); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Second)

	next := b.killed()
	rows := next.rows()
	if len(rows) != 3 || rows[settled.ID].Cost != money.USD || rows[settled.ID].Kind != api.LedgerSettle {
		t.Errorf("the ledger has %+v", rows)
	}
	if row := rows[open.ID]; row.Kind != api.LedgerEstimate || row.Cost != 3*money.USD || row.PromptTokens != 100 || row.CompletionTokens != 0 ||
		row.KeyID != "k" || row.SettledAt.Sub(row.AdmittedAt) != time.Second {
		t.Errorf("what nobody was answered is booked as %+v", row)
	}
	if row := rows[streamed.ID]; row.Cost != 5*money.USD || row.PromptTokens != 100 || row.CompletionTokens != 20 {
		t.Errorf("a stream is booked as %+v, want its last checkpoint", row)
	}
	spent, err := next.Spent(t.Context(), settledBudgets())
	if err != nil || spent[0].Settled != 9*money.USD || spent[0].Reserved != 0 {
		t.Errorf("the budget stands at %+v, %v", spent, err)
	}
	if rows := next.killed().rows(); len(rows) != 3 {
		t.Errorf("the next but one books again: %+v", rows)
	}
}

func settledBudgets() []quota.Budget {
	budgets := request().Budgets
	budgets[0].Periods = []quota.Period{{}}
	return budgets
}

// A process that dies while it writes has not let that request through; what it wrote before counts.
func TestAround_endsAtATornLine(t *testing.T) {
	b := newBench(t)
	one := b.reserve()
	file, err := os.OpenFile(filepath.Join(b.dir, fileName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`0badc0de {"id":"torn","row":{"cost_usd":5`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := b.killed().rows(); len(rows) != 1 || rows[one.ID].Cost != 3*money.USD {
		t.Errorf("the ledger has %+v", rows)
	}
}

// What cannot be booked stays on the disk, for a start that can.
func TestAround_forgetsNothingThatTheRecordLacks(t *testing.T) {
	b := newBench(t)
	one := b.reserve()
	left := t.TempDir()
	if err := os.CopyFS(left, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	b.record.SetDown(true)
	memory := quota.NewMemory(b.record, quota.MemoryOptions{ReapEvery: -1})
	t.Cleanup(func() { _ = memory.Close() })
	for range 2 {
		if _, err := Around(t.Context(), memory, b.record, left, Options{}); !errors.Is(err, quotatest.ErrRecordDown) {
			t.Errorf("start without the record: %v", err)
		}
	}
	b.record.SetDown(false)
	next := open(t, left, b.record, b.clock, 0)
	if rows := next.rows(); rows[one.ID].Cost != 3*money.USD {
		t.Errorf("the ledger has %+v", rows)
	}
}

func TestAround_isForOneProcess(t *testing.T) {
	b := newBench(t)
	if _, err := Around(t.Context(), b.memory, b.record, b.dir, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second gateway: %v", err)
	}
}

// The file has room for what is live, and not for all that ever was.
func TestEngine_takesOutWhatHasEnded(t *testing.T) {
	b := open(t, t.TempDir(), quotatest.NewRecord(), quotatest.NewClock(), 4<<10)
	first := b.reserve()
	for range 200 {
		b.settle(b.reserve())
	}
	told, err := os.Stat(filepath.Join(b.dir, fileName))
	if err != nil || told.Size() > 6<<10 {
		t.Errorf("the file has %d bytes, %v", told.Size(), err)
	}
	if rows := b.killed().rows(); len(rows) != 201 || rows[first.ID].Kind != api.LedgerEstimate {
		t.Errorf("%d rows, the one under way is booked as %+v", len(rows), rows[first.ID])
	}
}

// failing is a file on a disk that is full: half of the line gets there.
type failing struct{ io.WriteCloser }

var errFull = errors.New("no space left on device")

func (f failing) Write(p []byte) (int, error) {
	n, _ := f.WriteCloser.Write(p[:len(p)/2])
	return n, errFull
}

// What cannot be remembered is not let through, and holds nothing. What comes afterwards is remembered again.
func TestEngine_letsThroughWhatItRemembers(t *testing.T) {
	b := newBench(t)
	b.file = failing{b.file}
	one := request()
	one.Budgets = settledBudgets()
	if _, err := b.Reserve(t.Context(), one); !errors.Is(err, quota.ErrUnrecorded) || !errors.Is(err, errFull) {
		t.Errorf("reserve on a full disk: %v", err)
	}
	spent, err := b.Spent(t.Context(), settledBudgets())
	if err != nil || spent[0].Reserved != 0 || spent[0].Settled != 0 {
		t.Errorf("it holds %+v, %v", spent, err)
	}
	two := b.reserve()
	if rows := b.killed().rows(); len(rows) != 1 || rows[two.ID].Cost != 3*money.USD {
		t.Errorf("the ledger has %+v", rows)
	}
}

// A gateway whose record is elsewhere may go on without its disk.
func TestEngine_bestEffortLetsThrough(t *testing.T) {
	b := newBench(t)
	b.options.BestEffort, b.file = true, failing{b.file}
	one := b.reserve()
	b.settle(one)
	if rows := b.killed().rows(); len(rows) != 1 || rows[one.ID].Cost != money.USD {
		t.Errorf("the ledger has %+v", rows)
	}
}

// What still ends after Close must not touch the file, which the next process has then.
func TestEngine_leavesTheFileAfterClose(t *testing.T) {
	b := newBench(t)
	late := []quota.Request{b.reserve(), b.reserve()}
	if err := b.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, b.dir, b.record, b.clock, 0)
	one := next.reserve()
	for _, request := range late {
		if _, err := b.Settle(t.Context(), quota.Settlement{ID: request.ID, Slot: request.Slot, Unsent: true, Summed: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Engine.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	if rows := next.killed().rows(); rows[one.ID].Kind != api.LedgerEstimate {
		t.Errorf("the ledger has %+v", rows)
	}
}

// What ended without a row stays ended when the file is written anew in the same step.
func TestEngine_endsBeforeItWritesAnew(t *testing.T) {
	b := newBench(t)
	one := b.reserve()
	b.options.MaxBytes = -1 // each line writes it anew
	if _, err := b.Settle(t.Context(), quota.Settlement{ID: one.ID, Slot: one.Slot, Unsent: true, Summed: true}); err != nil {
		t.Fatal(err)
	}
	two := b.reserve()
	if rows := b.killed().rows(); len(rows) != 1 || rows[two.ID].Kind != api.LedgerEstimate {
		t.Errorf("the ledger has %+v", rows)
	}
}

// A refusal and a repeated question leave nothing.
func TestEngine_remembersWhatWasAdmittedOnce(t *testing.T) {
	b := newBench(t)
	one := b.reserve()
	one.Budgets = settledBudgets()
	if again, err := b.Reserve(t.Context(), one); err != nil || !again.Duplicate {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	dear := request()
	dear.Budgets, dear.InputCost = settledBudgets(), 5000*money.USD
	if refused, err := b.Reserve(t.Context(), dear); err != nil || refused.Admitted {
		t.Errorf("too dear: %+v, %v", refused, err)
	}
	b.settle(one)
	if err := b.Renew(t.Context(), []quota.Checkpoint{{ID: one.ID, Slot: one.Slot, Tokens: 9}}); err != nil {
		t.Fatal(err)
	}
	if len(b.live) != 0 {
		t.Errorf("%d requests are live", len(b.live))
	}
	if rows := b.killed().rows(); len(rows) != 1 || rows[one.ID].Kind != api.LedgerSettle {
		t.Errorf("the ledger has %+v", rows)
	}
}

// It is the engine that it stands around.
func TestEngine(t *testing.T) {
	quotatest.Run(t, func(t *testing.T) quotatest.Harness {
		clock, record := quotatest.NewClock(), quotatest.NewRecord()
		memory := quota.NewMemory(record, quota.MemoryOptions{Now: clock.Now, ReapEvery: -1})
		engine, err := Around(t.Context(), memory, record, t.TempDir(), Options{Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := engine.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return quotatest.Harness{Engine: around{engine, memory}, Clock: clock, Record: record}
	})
}

// around has the methods besides that the suite drives an engine by.
type around struct {
	*Engine
	memory *quota.Memory
}

func (a around) Drain(ctx context.Context) error       { return a.memory.Drain(ctx) }
func (a around) Reap(ctx context.Context) (int, error) { return a.memory.Reap(ctx) }
func (a around) Adjust(ctx context.Context, budgets []quota.Budget, at time.Time, amount money.Nano) error {
	return a.memory.Adjust(ctx, budgets, at, amount)
}

func BenchmarkEngine(b *testing.B) {
	memory := quota.NewMemory(quota.NoRecord{}, quota.MemoryOptions{ReapEvery: -1})
	engine, err := Around(b.Context(), memory, quota.NoRecord{}, b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	for name, asked := range map[string]quota.Engine{"alone": memory, "surviving": engine} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				one := request()
				one.Budgets = settledBudgets()
				if _, err := asked.Reserve(b.Context(), one); err != nil {
					b.Fatal(err)
				}
				if _, err := asked.Settle(b.Context(), quota.Settlement{ID: one.ID, Slot: one.Slot, Tokens: 1, Row: one.Row}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
