// Package ledger writes what requests cost to the record, and sums it up again.
//
// It promises that an entry is durable when Append returns, that entries which arrive together
// share one transaction, and that none is refused because of another. It must never know what a
// limit is, how the record is stored, or why an amount is what it is.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Store is where the ledger is kept.
type Store interface {
	// AppendLedger writes rows and events in one transaction and passes over those that are there already.
	// It does not keep the slices.
	AppendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error
	// LedgerSpend sums what was admitted from from on and before to; a zero time does not bound.
	LedgerSpend(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (money.Nano, error)
	// LedgerSpendBySlot is LedgerSpend apart for every [api.LedgerRow.Slot].
	LedgerSpendBySlot(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (map[string]money.Nano, error)
	// Budget returns a budget, to learn what a pot selects.
	Budget(ctx context.Context, id string) (api.Budget, error)
}

// Options are what a [Writer] needs. Zero numbers take the defaults.
type Options struct {
	Store Store
	// Describe makes the alert events of what an engine says was crossed.
	Describe func(quota.Crossing) []api.AlertEvent
	// OnAlert is called when alert events have become durable. It must not block; nil does nothing.
	OnAlert func()
	// Logger is told of batches that could not be written; nil is slog.Default.
	Logger *slog.Logger
	// MaxWaiting is how many Appends may wait for a transaction before more of them wait to be let in; 4096.
	MaxWaiting int
	// MaxBatch is how many rows one transaction takes at most, unless a single Append brings more; 512.
	MaxBatch int
	// WriteTimeout bounds one transaction; 15 seconds.
	WriteTimeout time.Duration
}

// ErrClosed says that the writer takes no more entries.
var ErrClosed = errors.New("ledger is closed")

// Writer commits in groups: while one transaction runs, entries gather for the next. It may be used concurrently.
type Writer struct {
	options Options
	waiting chan *group
	ended   chan struct{}

	// groups are used again: every call of a model brings one.
	groups sync.Pool
	// rows and events are those of the transaction under way; only run uses them.
	rows   []api.LedgerRow
	events []api.AlertEvent

	mu     sync.Mutex
	closed bool
	// entering are the Appends that were let in and have not found room yet; waiting is closed after them.
	entering sync.WaitGroup
}

var _ quota.Record = (*Writer)(nil)

// group are the entries of one Append.
type group struct {
	rows   []api.LedgerRow
	events []api.AlertEvent
	done   chan error
}

// New starts a writer. It runs until [Writer.Close].
func New(options Options) *Writer {
	if options.OnAlert == nil {
		options.OnAlert = func() {}
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.MaxWaiting == 0 {
		options.MaxWaiting = 4096
	}
	if options.MaxBatch == 0 {
		options.MaxBatch = 512
	}
	if options.WriteTimeout == 0 {
		options.WriteTimeout = 15 * time.Second
	}
	w := &Writer{options: options, waiting: make(chan *group, options.MaxWaiting), ended: make(chan struct{})}
	go w.run()
	return w
}

// Append returns once all entries are durable. After an error, a context's included, they may be durable
// or not, and may be appended again. Errors: [ErrClosed], the store's, the context's.
func (w *Writer) Append(ctx context.Context, entries []quota.Entry) error {
	g := w.groupOf(entries)
	if len(g.rows)+len(g.events) == 0 {
		return nil
	}
	if err := w.admit(ctx, g); err != nil {
		return err
	}
	select {
	case err := <-g.done:
		w.groups.Put(g)
		return err
	case <-ctx.Done():
		return fmt.Errorf("wait for the ledger: %w", ctx.Err())
	}
}

func (w *Writer) groupOf(entries []quota.Entry) *group {
	g, again := w.groups.Get().(*group)
	if !again {
		g = &group{done: make(chan error, 1)}
	}
	g.rows, g.events = g.rows[:0], g.events[:0]
	for _, entry := range entries {
		if entry.Row != nil {
			g.rows = append(g.rows, *entry.Row)
		}
		for _, crossing := range entry.Crossings {
			g.events = append(g.events, w.options.Describe(crossing)...)
		}
		g.events = append(g.events, entry.Alerts...)
	}
	return g
}

func (w *Writer) admit(ctx context.Context, g *group) error {
	if !w.enter() {
		return ErrClosed
	}
	defer w.entering.Done()
	select {
	case w.waiting <- g:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for room in the ledger: %w", ctx.Err())
	}
}

func (w *Writer) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.entering.Add(1)
	}
	return !w.closed
}

// Close refuses new entries, writes those that wait, and returns when they are durable or ctx ends.
func (w *Writer) Close(ctx context.Context) error {
	if w.shut() {
		go func() {
			w.entering.Wait()
			close(w.waiting)
		}()
	}
	select {
	case <-w.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write what is left of the ledger: %w", ctx.Err())
	}
}

// shut says whether the writer was open until now.
func (w *Writer) shut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	wasOpen := !w.closed
	w.closed = true
	return wasOpen
}

func (w *Writer) run() {
	defer close(w.ended)
	for first := range w.waiting {
		w.write(w.gather(first))
	}
}

// gather takes what has arrived meanwhile, without waiting for more: but whoever can go on at once goes first,
// as long as that brings more.
// With calls enough to keep the machine busy, several then share what was one trip to the disk for each.
func (w *Writer) gather(first *group) []*group {
	for had := 0; had < min(len(w.waiting)+1, w.options.MaxBatch); {
		had = len(w.waiting) + 1
		runtime.Gosched()
	}
	groups, rows := []*group{first}, len(first.rows)
	for rows < w.options.MaxBatch {
		select {
		case g, open := <-w.waiting:
			if !open {
				return groups
			}
			groups, rows = append(groups, g), rows+len(g.rows)
		default:
			return groups
		}
	}
	return groups
}

// write commits groups in one transaction. If that fails for another reason than the store being
// out of reach, each is tried alone, so that one that cannot be written does not keep out the others.
func (w *Writer) write(groups []*group) {
	err := w.commit(groups)
	if err != nil && len(groups) > 1 && api.CodeOf(err) != api.StoreUnavailable {
		for _, g := range groups {
			w.write([]*group{g})
		}
		return
	}
	if err != nil {
		w.options.Logger.Error("ledger not written", slog.Int("groups", len(groups)), slog.Any("error", err))
	}
	for _, g := range groups {
		g.done <- err
	}
}

func (w *Writer) commit(groups []*group) error {
	w.rows, w.events = w.rows[:0], w.events[:0]
	for _, g := range groups {
		w.rows, w.events = append(w.rows, g.rows...), append(w.events, g.events...)
	}
	rows, events := w.rows, w.events
	ctx, cancel := context.WithTimeout(context.Background(), w.options.WriteTimeout)
	defer cancel()
	if err := w.options.Store.AppendLedger(ctx, rows, events); err != nil {
		return fmt.Errorf("append %d rows and %d events to the ledger: %w", len(rows), len(events), err)
	}
	if len(events) > 0 {
		w.options.OnAlert()
	}
	return nil
}
