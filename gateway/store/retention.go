package store

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// surelyKept is for how long a row is there whatever retention says. The tables refuse a horizon within 30 days; the
// rest is for clocks that differ.
const surelyKept = 20 * 24 * time.Hour

// LedgerHorizon is since when the ledger has all rows: those admitted before it are gone, or are going. The zero time says
// that none ever went.
func (s *Store) LedgerHorizon(ctx context.Context) (time.Time, error) {
	var before int64
	if _, err := s.oneBooked(ctx, "ledger_horizon_get", args{}, &before); err != nil || before == 0 {
		return time.Time{}, err
	}
	return timeOf(before), nil
}

// horizonAudit is what the audit log has of a horizon.
type horizonAudit struct {
	RowsSince time.Time `json:"rows_since"`
}

// MoveLedgerHorizon lets the rows before a time be deleted, with an audit row in the same transaction. A horizon that is
// there already, or beyond, stays. The tables refuse one within the last 30 days.
//
// When it returns, no row before the horizon is written any more: writers that read the old one have ended.
func (s *Store) MoveLedgerHorizon(ctx context.Context, change api.Change, to time.Time) error {
	change = signed(change)
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		old, err := s.LedgerHorizon(ctx)
		if err != nil {
			return err
		}
		moved, err := s.exec(ctx, "ledger_horizon_move", args{"before_ms": to.UnixMilli()})
		if err != nil || moved == 0 {
			return err
		}
		return t.audit(ctx, change, "ledger.horizon", "ledger", horizonAudit{old}, horizonAudit{to.UTC()})
	})
	if err != nil {
		return err
	}
	_, err = s.LedgerEnd(ctx)
	return err
}

// withoutGone leaves out rows from before the horizon: whether one was booked before cannot be known any more, and it
// must not be booked twice. Rows of the last days, which all are but one in a blue moon, cost no query.
func (s *Store) withoutGone(ctx context.Context, rows []api.LedgerRow) ([]api.LedgerRow, error) {
	sure := s.now().Add(-surelyKept)
	if !slices.ContainsFunc(rows, func(row api.LedgerRow) bool { return row.AdmittedAt.Before(sure) }) {
		return rows, nil
	}
	// Who moves the horizon waits for those that hold this, and reads after it see a horizon that was moved before.
	if _, err := s.texts(ctx, "ledger_hold_open", args{}); err != nil {
		return nil, err
	}
	horizon, err := s.LedgerHorizon(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(row api.LedgerRow) bool {
		gone := row.AdmittedAt.Before(horizon)
		if gone {
			s.logger.ErrorContext(ctx, "a ledger row came after its time was deleted and is not booked: it may have been before",
				slog.String("id", row.ID), slog.Time("admitted_at", row.AdmittedAt), slog.String("team_id", row.TeamID),
				slog.String("key_id", row.KeyID), slog.Int64("cost_nanousd", int64(row.Cost)))
			if s.onDropped != nil {
				s.onDropped()
			}
		}
		return gone
	}), nil
}

// countGoneDays makes a sum from the daily sums alone where its first or last day has no rows any more.
func (s *Store) countGoneDays(ctx context.Context, values args, from, to time.Time) error {
	sure := s.now().Add(-surelyKept)
	old := func(t time.Time) bool { return !t.IsZero() && t.Before(sure) }
	if !old(from) && !old(to) {
		return nil
	}
	horizon, err := s.LedgerHorizon(ctx)
	if err != nil {
		return err
	}
	if !from.IsZero() && from.Before(horizon) {
		values["from_day"], values["days_from_ms"] = dayOf(from), from.UnixMilli()
	}
	if !to.IsZero() && to.Before(horizon) {
		values["to_day"], values["days_to_ms"] = dayOf(to.Add(day-time.Nanosecond)), to.UnixMilli()
	}
	return nil
}

// OldestLedgerRow is when the oldest row was admitted.
func (s *Store) OldestLedgerRow(ctx context.Context) (at time.Time, found bool, err error) {
	var ms int64
	found, err = s.oneBooked(ctx, "ledger_oldest", args{}, &ms)
	return timeOf(ms), found, err
}

// FirstUnsent is when the first row was admitted that one of the named receivers of exports does not have yet.
func (s *Store) FirstUnsent(ctx context.Context, exports []string) (first time.Time, found bool, err error) {
	for _, name := range exports {
		var ms int64
		unsent, err := s.oneBooked(ctx, "ledger_unsent", args{"name": name}, &ms)
		if err != nil {
			return first, found, err
		}
		if at := timeOf(ms); unsent && (!found || at.Before(first)) {
			first, found = at, true
		}
	}
	return first, found, nil
}

// LongestBudget is the longest period of all budgets, those of members included, where the months of the calendar are longest: sums of a period that is under way need the rows of its first hours.
func (s *Store) LongestBudget(ctx context.Context) (longest time.Duration, err error) {
	durations, err := s.texts(ctx, "budget_durations", args{})
	if err != nil {
		return 0, err
	}
	for _, text := range durations {
		span, err := api.ParseSpan(text)
		if err != nil {
			return 0, fmt.Errorf("read the duration of a budget: %w", err)
		}
		longest = max(longest, span.Longest())
	}
	return longest, nil
}

// DeleteLedger deletes up to n of the oldest rows before a time, and says how many. The daily sums stay. The tables refuse
// rows that are not before the horizon.
func (s *Store) DeleteLedger(ctx context.Context, before time.Time, n int) (int64, error) {
	return s.exec(ctx, "ledger_delete", args{"before_ms": before.UnixMilli(), "limit": n})
}

// NoteLedgerDeleted writes the audit row of a run that deleted something.
func (s *Store) NoteLedgerDeleted(ctx context.Context, change api.Change, deleted api.LedgerDeletion) error {
	change = signed(change)
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.audit(ctx, change, "ledger.delete", "ledger", nil, deleted)
	})
}

// CountLedger is how many rows were admitted before a time.
func (s *Store) CountLedger(ctx context.Context, before time.Time) (rows int64, err error) {
	_, err = s.oneBooked(ctx, "ledger_count_before", args{"before_ms": before.UnixMilli()}, &rows)
	return rows, err
}

// CountOldAlerts is how many alerts of before a time [Store.DeleteAlerts] would delete, and when the oldest was raised.
func (s *Store) CountOldAlerts(ctx context.Context, before time.Time) (alerts int64, oldest time.Time, err error) {
	var ms int64
	if _, err = s.one(ctx, "alert_old_count", args{"before_ms": before.UnixMilli()}, &alerts, &ms); err != nil || alerts == 0 {
		return 0, time.Time{}, err
	}
	return alerts, timeOf(ms), nil
}

// DeleteAlerts deletes up to n of the oldest alerts of before a time with their deliveries, and says how many. Those that
// still wait to be delivered, or that tell of what still holds, stay.
func (s *Store) DeleteAlerts(ctx context.Context, before time.Time, n int) (deleted int, err error) {
	err = s.transact(ctx, func(ctx context.Context, _ *tx) error {
		ids, err := s.texts(ctx, "alert_old_ids", args{"before_ms": before.UnixMilli(), "limit": n})
		if err != nil {
			return err
		}
		deleted = len(ids)
		return inChunks(ids, func(chunk []string) error {
			if _, err := s.exec(ctx, "alert_delivery_delete_many", args{"ids": chunk}); err != nil {
				return err
			}
			_, err := s.exec(ctx, "alert_event_delete_many", args{"ids": chunk})
			return err
		})
	})
	return deleted, err
}

// alertsDeleted is what the audit log has of alerts that were deleted.
type alertsDeleted struct {
	Alerts int64     `json:"alerts"`
	Before time.Time `json:"before"`
}

// NoteAlertsDeleted writes the audit row of a run that deleted alerts.
func (s *Store) NoteAlertsDeleted(ctx context.Context, change api.Change, alerts int64, before time.Time) error {
	change = signed(change)
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.audit(ctx, change, "alert_event.delete", "alert_event", nil, alertsDeleted{alerts, before})
	})
}
