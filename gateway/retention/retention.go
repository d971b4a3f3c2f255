// Package retention deletes ledger rows and alerts that are older than they are to be kept, by whole UTC days.
//
// It promises that a row goes only after all that needs it: receivers of exports have it, no budget's period reaches back
// to it, and, where an archive is asked for, it stands in a file there that was read again and is whole. It deletes a few rows
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
	CountLedger(ctx context.Context, before time.Time) (int64, error)
	// DeleteAlerts deletes alerts that nobody waits for any more.
	DeleteAlerts(ctx context.Context, before time.Time, n int) (int, error)
	NoteAlertsDeleted(ctx context.Context, change api.Change, alerts int64, before time.Time) error
	CountOldAlerts(ctx context.Context, before time.Time) (alerts int64, oldest time.Time, err error)
}

// Options are what a [Keeper] is made of. All but Keep, Alerts, Archive and Exports are required.
type Options struct {
	Record Record
	// Keep is how long rows are kept, and Alerts how long alerts are; 0 is for ever.
	Keep, Alerts time.Duration
	// Archive is where rows are written to before they go; nil is nowhere.
	Archive Archive
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
	// leastBatch and mostBatch are how many rows one statement deletes, and firstBatch how many the first one does.
	leastBatch, firstBatch, mostBatch = 100, 500, 20_000
	// statementTakes is how long a statement should take: others wait for it where there is one writer.
	statementTakes = 50 * time.Millisecond
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
	// batch is how many rows the next statement deletes.
	batch int
}

// New makes a keeper; it does nothing before [Keeper.Run].
func New(options Options) *Keeper {
	return &Keeper{Options: options, holder: ulid.Make().String(), batch: firstBatch}
}

// Run looks again and again until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	every.Do(ctx, roundEvery, func(ctx context.Context) {
		if err := k.Round(ctx); err != nil && ctx.Err() == nil {
			k.Logger.WarnContext(ctx, "what is older than retention could not be deleted; it is tried again", slog.Any("error", err))
		}
	})
}

// Round deletes all that is old enough now, unless another gateway is at it.
func (k *Keeper) Round(ctx context.Context) error {
	k.leased = time.Time{}
	ours, err := k.claim(ctx)
	if err != nil || !ours {
		return err
	}
	return errors.Join(k.ledgerRound(ctx), k.alertsRound(ctx))
}

func (k *Keeper) ledgerRound(ctx context.Context) error {
	if k.Keep == 0 {
		return nil
	}
	horizon, because, err := k.due(ctx, k.Keep, k.Exports)
	if err != nil {
		return err
	}
	if because == heldByExports {
		k.Logger.WarnContext(ctx, "old ledger rows stay until the receivers of exports have what came after them", slog.Time("kept_since", horizon))
	}
	oldest, found, err := k.Record.OldestLedgerRow(ctx)
	if err != nil || !found || !oldest.Before(horizon) {
		return err
	}
	if k.Archive != nil {
		if err := k.Archive.Try(ctx); err != nil {
			return fmt.Errorf("try the archive: %w", err)
		}
	}
	change := api.Change{Actor: "retention", Reason: fmt.Sprintf("retention.ledger keeps %d days", k.Keep/day)}
	if err := k.Record.MoveLedgerHorizon(ctx, change, horizon); err != nil {
		return err
	}
	return k.deleteDays(ctx, change, horizon)
}

// alertsRound deletes alerts, which are few beside rows.
func (k *Keeper) alertsRound(ctx context.Context) error {
	if k.Alerts == 0 {
		return nil
	}
	before, _, err := k.due(ctx, k.Alerts, nil)
	if err != nil {
		return err
	}
	var deleted int64
	for {
		ours, claimed := k.claim(ctx)
		if !ours || claimed != nil {
			err = claimed
			break
		}
		var n int
		if n, err = k.Record.DeleteAlerts(ctx, before, firstBatch); err != nil {
			break
		}
		if deleted += int64(n); n < firstBatch {
			break
		}
	}
	if deleted == 0 {
		return err
	}
	k.Logger.InfoContext(ctx, "old alerts deleted", slog.Int64("alerts", deleted), slog.Time("before", before))
	change := api.Change{Actor: "retention", Reason: fmt.Sprintf("retention.alerts keeps %d days", k.Alerts/day)}
	return errors.Join(err, k.Record.NoteAlertsDeleted(context.WithoutCancel(ctx), change, deleted, before))
}

const (
	heldByBudgets = "the period of the longest budget, and 35 days, reaches back further"
	heldByExports = "receivers of exports do not have all that came after"
)

// due is before when all may go that is kept for so long: the beginning of a UTC day. It says what keeps more, "" for nothing.
func (k *Keeper) due(ctx context.Context, keep time.Duration, exports []string) (before time.Time, because string, err error) {
	longest, err := k.Record.LongestBudget(ctx)
	if err != nil {
		return time.Time{}, "", err
	}
	if least := longest + longest/50 + spare; longest > 0 && least > keep { // months and years of the calendar are up to a fiftieth longer
		keep, because = least, heldByBudgets
	}
	due := k.Now().Add(-keep)
	first, found, err := k.Record.FirstUnsent(ctx, exports)
	if found && first.Add(-lateness).Before(due) {
		due, because = first.Add(-lateness), heldByExports
	}
	return due.UTC().Truncate(day), because, err
}

// Planned is what would be deleted now of one kind.
type Planned struct {
	// Deleted is false where it is kept for ever.
	Deleted bool
	// Before is the beginning of the first day that stays, and Because what keeps more than the setting does.
	Before  time.Time
	Because string
	// Rows are how many would go, the oldest of OldestAt.
	Rows     int64
	OldestAt time.Time
}

// Plan says what a round would delete now. It deletes nothing.
func (k *Keeper) Plan(ctx context.Context) (ledger, alerts Planned, err error) {
	if ledger.Deleted = k.Keep > 0; ledger.Deleted {
		if ledger.Before, ledger.Because, err = k.due(ctx, k.Keep, k.Exports); err != nil {
			return ledger, alerts, err
		}
		if ledger.OldestAt, _, err = k.Record.OldestLedgerRow(ctx); err != nil {
			return ledger, alerts, err
		}
		if ledger.Rows, err = k.Record.CountLedger(ctx, ledger.Before); err != nil {
			return ledger, alerts, err
		}
	}
	if alerts.Deleted = k.Alerts > 0; alerts.Deleted {
		if alerts.Before, alerts.Because, err = k.due(ctx, k.Alerts, nil); err != nil {
			return ledger, alerts, err
		}
		alerts.Rows, alerts.OldestAt, err = k.Record.CountOldAlerts(ctx, alerts.Before)
	}
	return ledger, alerts, err
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
	deleted := api.LedgerDeletion{OldestAt: oldest, Before: from.Add(day)}
	if k.Archive != nil {
		if err := k.archive(ctx, from, &deleted); err != nil {
			return false, fmt.Errorf("archive the ledger of %s: %w", from.Format(time.DateOnly), err)
		}
	}
	began := k.Now()
	more, err = k.deleteBefore(ctx, deleted.Before, &deleted)
	if deleted.Rows == 0 {
		return more, err
	}
	k.Logger.InfoContext(ctx, "old ledger rows deleted", slog.Int64("rows", deleted.Rows), slog.Time("oldest_at", oldest),
		slog.Time("before", deleted.Before), slog.String("archive", deleted.Archive), slog.Int64("took_ms", k.Now().Sub(began).Milliseconds()))
	// What went is told even when this gateway is told to stop meanwhile.
	return more, errors.Join(err, k.Record.NoteLedgerDeleted(context.WithoutCancel(ctx), change, deleted))
}

// deleteBefore deletes what is before a time, and says whether this gateway may go on.
func (k *Keeper) deleteBefore(ctx context.Context, before time.Time, deleted *api.LedgerDeletion) (more bool, err error) {
	for {
		if ours, err := k.claim(ctx); !ours || err != nil {
			return false, err
		}
		began, batch := time.Now(), k.batch
		n, err := k.Record.DeleteLedger(ctx, before, batch)
		if err != nil {
			return false, err
		}
		deleted.Rows += n
		k.OnDeleted(n)
		if n < int64(batch) {
			return true, nil
		}
		took := time.Since(began)
		k.batch = nextBatch(batch, took)
		select {
		case <-time.After(took): // others have the record half of the time
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// nextBatch is how many rows a statement can delete so that it takes about as long as it should, given one that took so long.
// It grows slowly and shrinks at once.
func nextBatch(batch int, took time.Duration) int {
	fits := int(float64(batch) * float64(statementTakes) / float64(max(took, time.Microsecond)))
	return min(max(min(fits, 2*batch), leastBatch), mostBatch)
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
