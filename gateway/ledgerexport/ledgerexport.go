// Package ledgerexport sends the ledger on, row by row in the order it was written, to receivers outside:
// an HTTP endpoint, or a file that rotates.
//
// It promises that every row arrives at least once and in order, that one gateway at a time sends to a
// receiver, and that what has arrived is noted only after it did. It must never know what a row is
// for, nor how the ledger is kept.
package ledgerexport

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Source is where the ledger is kept, with how far each receiver has got.
type Source interface {
	// LedgerEnd returns a number up to which the ledger will not change any more.
	LedgerEnd(ctx context.Context) (int64, error)
	// LedgerAfter returns up to n rows in order, from the one after seq up to end.
	LedgerAfter(ctx context.Context, seq, end int64, n int) ([]api.LedgerEntry, error)
	// ClaimLedgerExport makes holder the one that sends to the receiver until a time, unless another one is.
	ClaimLedgerExport(ctx context.Context, name, holder string, now, until time.Time) (sent int64, claimed bool, err error)
	// MoveLedgerExport notes that rows up to seq have arrived; it fails when another one sends meanwhile.
	MoveLedgerExport(ctx context.Context, name, holder string, seq int64) error
	// ReleaseLedgerExport lets others send at once.
	ReleaseLedgerExport(ctx context.Context, name, holder string) error
}

// Target takes rows. When Deliver returns without an error they have arrived for good. Rows may come
// again after an error, or after a gateway died.
type Target interface {
	Deliver(ctx context.Context, rows []api.LedgerEntry) error
}

// Lag says how far a receiver is behind.
type Lag struct {
	// Rows are those that have not arrived, give or take a few.
	Rows int64
	// Age is how long ago the oldest of them was settled; zero when there is none.
	Age time.Duration
}

// Options are what an [Exporter] needs. Zero numbers take the defaults.
type Options struct {
	// Name tells the receiver from others for ever; what has arrived is noted under it.
	Name   string
	Source Source
	Target Target
	// Holder tells this gateway from others.
	Holder string
	Logger *slog.Logger
	// OnLag is told how far the receiver is behind while this gateway sends to it; nil does nothing.
	OnLag func(Lag)
	// Batch is how many rows are delivered at once; 200.
	Batch int
	// Poll is how often it is looked for new rows; 1 second.
	Poll time.Duration
	// Lease is how long this gateway is the one that sends, unless it renews; 1 minute.
	Lease time.Duration
	// Pause is how long to wait after a first failure, doubled for each further one up to MaxPause; 1 second, 30 seconds.
	Pause    time.Duration
	MaxPause time.Duration
}

// Exporter sends to one receiver.
type Exporter struct {
	Options
	leaseUntil time.Time
	sent       int64
	end        int64
	// batch is what is being delivered. It stays the same until it has arrived, so that a receiver which
	// took it and could not say so gets it again under the same name.
	batch    []api.LedgerEntry
	failures int
}

// New returns an exporter; [Exporter.Run] sends.
func New(options Options) *Exporter {
	for number, standard := range map[*time.Duration]time.Duration{
		&options.Poll: time.Second, &options.Lease: time.Minute, &options.Pause: time.Second, &options.MaxPause: 30 * time.Second,
	} {
		if *number == 0 {
			*number = standard
		}
	}
	if options.Batch == 0 {
		options.Batch = 200
	}
	if options.OnLag == nil {
		options.OnLag = func(Lag) {}
	}
	return &Exporter{Options: options}
}

// Run sends until ctx ends. What is on its way then is sent to its end or not noted as arrived.
func (e *Exporter) Run(ctx context.Context) {
	defer e.release(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		more, err := e.step(ctx)
		pause := e.Poll
		switch {
		case err != nil && ctx.Err() == nil:
			pause = e.failed(ctx, err)
		case err == nil:
			e.failures = 0
		}
		if more && err == nil {
			continue
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// step delivers one batch and says whether there may be more.
func (e *Exporter) step(ctx context.Context) (more bool, err error) {
	if claimed, err := e.claim(ctx); !claimed || err != nil {
		return false, err
	}
	if err := e.read(ctx); err != nil {
		return false, err
	}
	e.tell()
	if len(e.batch) == 0 {
		return false, nil
	}
	if err := e.Target.Deliver(ctx, e.batch); err != nil {
		return false, err
	}
	last := e.batch[len(e.batch)-1].Seq
	if err := e.Source.MoveLedgerExport(ctx, e.Name, e.Holder, last); err != nil {
		e.lose()
		return false, err
	}
	e.sent, e.batch = last, nil
	return true, nil
}

// claim makes sure that nobody else sends for the better part of a lease.
func (e *Exporter) claim(ctx context.Context) (bool, error) {
	now := time.Now()
	if e.leaseUntil.Sub(now) > e.Lease/2 {
		return true, nil
	}
	sent, claimed, err := e.Source.ClaimLedgerExport(ctx, e.Name, e.Holder, now, now.Add(e.Lease))
	if err != nil {
		return false, err
	}
	if !claimed {
		e.lose()
		return false, nil
	}
	if sent != e.sent {
		e.sent, e.batch = sent, nil
	}
	e.leaseUntil = now.Add(e.Lease)
	return true, nil
}

// lose forgets what was known about the receiver: another gateway sends to it.
func (e *Exporter) lose() {
	e.leaseUntil, e.batch = time.Time{}, nil
	e.OnLag(Lag{})
}

// read fills the batch unless one is under way.
func (e *Exporter) read(ctx context.Context) (err error) {
	if len(e.batch) > 0 {
		return nil
	}
	if e.sent >= e.end {
		if e.end, err = e.Source.LedgerEnd(ctx); err != nil {
			return err
		}
	}
	if e.sent >= e.end {
		return nil
	}
	e.batch, err = e.Source.LedgerAfter(ctx, e.sent, e.end, e.Batch)
	if err == nil && len(e.batch) == 0 {
		e.sent = e.end // numbers that nobody got in the end
	}
	return err
}

func (e *Exporter) tell() {
	lag := Lag{}
	if len(e.batch) > 0 {
		lag.Rows = e.end - e.sent
		lag.Age = max(0, time.Since(e.batch[0].SettledAt))
	}
	e.OnLag(lag)
}

// Delayed is an error of a receiver that says when to try again.
type Delayed struct {
	After time.Duration
	Err   error
}

// Error returns the text of what went wrong.
func (d *Delayed) Error() string { return d.Err.Error() }

// Unwrap returns what went wrong.
func (d *Delayed) Unwrap() error { return d.Err }

// failed tells the operator, but not every second, and returns how long to wait.
func (e *Exporter) failed(ctx context.Context, err error) time.Duration {
	pause := min(e.MaxPause, e.Pause<<min(e.failures, 20))
	e.failures++
	if delayed, ok := errors.AsType[*Delayed](err); ok {
		pause = min(e.MaxPause, max(pause, delayed.After))
	}
	e.Logger.LogAttrs(ctx, slog.LevelWarn, "ledger rows were not exported", slog.String("export", e.Name),
		slog.Int("failures", e.failures), slog.Int64("retry_ms", pause.Milliseconds()), slog.String("error", err.Error()))
	return jitter(pause)
}

// jitter keeps gateways from trying in step.
func jitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/4+1)) //nolint:gosec // nothing depends on what it is
}

func (e *Exporter) release(ctx context.Context) {
	if e.leaseUntil.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := e.Source.ReleaseLedgerExport(ctx, e.Name, e.Holder); err != nil {
		e.Logger.LogAttrs(ctx, slog.LevelInfo, "ledger export is not released; others take over when its lease ends",
			slog.String("export", e.Name), slog.String("error", err.Error()))
	}
}

// RunAll runs exporters at the same time until ctx ends.
func RunAll(ctx context.Context, exporters []*Exporter) {
	var running sync.WaitGroup
	for _, exporter := range exporters {
		running.Go(func() { exporter.Run(ctx) })
	}
	running.Wait()
}
