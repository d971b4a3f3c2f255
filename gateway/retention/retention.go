// Package retention deletes ledger rows that are older than they are to be kept, by whole UTC days.
//
// It promises that a row goes only after all that needs it: receivers of exports have it, no budget's period reaches back
// to it, and, where an archive is asked for, it stands in a file there that is whole and on the disk. It deletes a few rows
// at a time and rests in between, so that calls do not wait for it; one of several gateways does so at a time. The daily
// sums are not its business: they stay. It must never know what a call is, nor book anything.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Record is where the rows are.
type Record interface {
	// ClaimJob makes holder the one that does a job until a time, unless another is and its time is not over.
	ClaimJob(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	OldestLedgerRow(ctx context.Context) (at time.Time, found bool, err error)
	// FirstUnsent is when the first row was admitted that one of the receivers does not have.
	FirstUnsent(ctx context.Context, exports []string) (first time.Time, found bool, err error)
	LongestBudget(ctx context.Context) (time.Duration, error)
	// MoveLedgerHorizon lets rows before a time be deleted; none is written there any more when it returns.
	MoveLedgerHorizon(ctx context.Context, change api.Change, to time.Time) error
	// LedgerPage is the rows that the filter selects, newest first.
	LedgerPage(ctx context.Context, filter api.LedgerFilter) ([]api.LedgerEntry, error)
	DeleteLedger(ctx context.Context, before time.Time, n int) (int64, error)
	NoteLedgerDeleted(ctx context.Context, change api.Change, deleted api.LedgerDeletion) error
}

// Options are what a [Keeper] is made of. All but Archive and Exports are required.
type Options struct {
	Record Record
	// Keep is how long rows are kept.
	Keep time.Duration
	// Archive is the folder that rows are written to before they go, "" for none.
	Archive string
	// Exports are the names of receivers that must have a row before it goes.
	Exports []string
	// OnDeleted is told how many rows went.
	OnDeleted func(rows int64)
	Logger    *slog.Logger
	Now       func() time.Time
}

const (
	day = 24 * time.Hour
	// roundEvery is how often it is looked whether rows are old enough.
	roundEvery = 10 * time.Minute
	// batch is how many rows one statement deletes.
	batch = 500
	// restFor is how much longer than a statement the rest after it is: calls have the record for nine tenths of the time.
	restFor = 9
	// leaseFor is for how long a gateway is the one that deletes, unless it renews.
	leaseFor = 2 * time.Minute
	// spare is how much longer than the longest period of a budget rows are kept: the period before is still settled.
	spare = 35 * day
	// lateness is how much later than others a row can be sent that was admitted before them.
	lateness = 7 * day
	job      = "ledger retention"
)

// Keeper deletes old rows.
type Keeper struct {
	Options
	holder string
	leased time.Time
}

// New makes a keeper; it does nothing before [Keeper.Run].
func New(options Options) *Keeper { return &Keeper{Options: options, holder: ulid.Make().String()} }

// Run looks again and again until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	every.Do(ctx, roundEvery, func(ctx context.Context) {
		if err := k.Round(ctx); err != nil && ctx.Err() == nil {
			k.Logger.WarnContext(ctx, "old ledger rows could not be deleted; it is tried again", slog.Any("error", err))
		}
	})
}

// Round deletes all rows that are old enough now, unless another gateway is at it.
func (k *Keeper) Round(ctx context.Context) error {
	k.leased = time.Time{}
	ours, err := k.claim(ctx)
	if err != nil || !ours {
		return err
	}
	horizon, err := k.due(ctx)
	if err != nil {
		return err
	}
	oldest, found, err := k.Record.OldestLedgerRow(ctx)
	if err != nil || !found || !oldest.Before(horizon) {
		return err
	}
	if err := k.tryArchive(); err != nil {
		return fmt.Errorf("try the archive: %w", err)
	}
	change := api.Change{Actor: "retention", Reason: fmt.Sprintf("retention.ledger keeps %d days", k.Keep/day)}
	if err := k.Record.MoveLedgerHorizon(ctx, change, horizon); err != nil {
		return err
	}
	return k.deleteDays(ctx, change, horizon)
}

// due is before when all rows may go: the beginning of a UTC day.
func (k *Keeper) due(ctx context.Context) (time.Time, error) {
	longest, err := k.Record.LongestBudget(ctx)
	if err != nil {
		return time.Time{}, err
	}
	keep := k.Keep
	if longest > 0 {
		keep = max(keep, longest+longest/50+spare) // months and years of the calendar are up to a fiftieth longer
	}
	due := k.Now().Add(-keep)
	first, found, err := k.Record.FirstUnsent(ctx, k.Exports)
	if found && first.Add(-lateness).Before(due) {
		due = first.Add(-lateness)
		k.Logger.WarnContext(ctx, "old ledger rows stay until the receivers of exports have what came after them", slog.Time("first_unsent_at", first))
	}
	return due.UTC().Truncate(day), err
}

// deleteDays deletes one UTC day after another, each with an audit row of its own.
func (k *Keeper) deleteDays(ctx context.Context, change api.Change, horizon time.Time) error {
	for {
		oldest, found, err := k.Record.OldestLedgerRow(ctx)
		if err != nil || !found || !oldest.Before(horizon) {
			return err
		}
		if more, err := k.deleteDay(ctx, change, oldest); !more || err != nil {
			return err
		}
	}
}

// deleteDay deletes the day of the oldest row, and says whether this gateway may go on.
func (k *Keeper) deleteDay(ctx context.Context, change api.Change, oldest time.Time) (more bool, err error) {
	from := oldest.UTC().Truncate(day)
	if k.Archive != "" {
		if err := k.archive(ctx, from); err != nil {
			return false, fmt.Errorf("archive the ledger of %s: %w", from.Format(time.DateOnly), err)
		}
	}
	deleted := api.LedgerDeletion{OldestAt: oldest, Before: from.Add(day), Archive: k.Archive}
	began := k.Now()
	more, err = k.deleteBefore(ctx, deleted.Before, &deleted)
	if deleted.Rows == 0 {
		return more, err
	}
	k.Logger.InfoContext(ctx, "old ledger rows deleted", slog.Int64("rows", deleted.Rows), slog.Time("oldest_at", oldest),
		slog.Time("before", deleted.Before), slog.String("archive", k.Archive), slog.Int64("took_ms", k.Now().Sub(began).Milliseconds()))
	// What went is told even when this gateway is told to stop meanwhile.
	return more, errors.Join(err, k.Record.NoteLedgerDeleted(context.WithoutCancel(ctx), change, deleted))
}

// deleteBefore deletes what is before a time, and says whether this gateway may go on.
func (k *Keeper) deleteBefore(ctx context.Context, before time.Time, deleted *api.LedgerDeletion) (more bool, err error) {
	for {
		if ours, err := k.claim(ctx); !ours || err != nil {
			return false, err
		}
		began := time.Now()
		n, err := k.Record.DeleteLedger(ctx, before, batch)
		if err != nil {
			return false, err
		}
		deleted.Rows += n
		k.OnDeleted(n)
		if n < batch {
			return true, nil
		}
		select {
		case <-time.After(restFor * time.Since(began)):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// claim makes sure that no other gateway deletes for the better part of a lease.
func (k *Keeper) claim(ctx context.Context) (bool, error) {
	now := k.Now()
	if k.leased.Sub(now) > leaseFor/2 {
		return true, nil
	}
	ours, err := k.Record.ClaimJob(ctx, job, k.holder, now, now.Add(leaseFor))
	if ours {
		k.leased = now.Add(leaseFor)
	}
	return ours, err
}
