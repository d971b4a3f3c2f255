package store

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// EachRecordedCall calls each with the rows of what was admitted from from on and before to, in the order of their
// admission to the microsecond. Rows that stand for calls which reached no provider are left out: they used nothing.
// The row is good until each returns.
func (s *Store) EachRecordedCall(ctx context.Context, from, to time.Time, each func(*api.RecordedCall) error) error {
	values := args{"from_ms": from.UnixMilli(), "to_ms": to.UnixMilli()}
	var call api.RecordedCall
	var admitted, settled int64
	targets := []any{
		&call.ID, &call.Kind, &admitted, &settled, &call.TeamID, &call.KeyID, &call.UserID, &call.Model, &call.PromptTokens, &call.Cost,
		&call.ReservedTokens, &call.ReservedCost, &call.SparableTokens, &call.SparableCost, &call.UncountedTokens,
	}
	return s.eachBooked(ctx, "ledger_replay", values, func(scan func(...any) error) error {
		if err := scan(targets...); err != nil {
			return err
		}
		call.AdmittedAt, call.SettledAt = time.UnixMicro(admitted).UTC(), time.UnixMicro(settled).UTC()
		return each(&call)
	})
}

// Adjustments are what was adjusted by hand from from on and before to, oldest first.
func (s *Store) Adjustments(ctx context.Context, from, to time.Time) ([]api.Adjustment, error) {
	var all []api.Adjustment
	err := s.each(ctx, "adjustment_list", args{"from_ms": from.UnixMilli(), "to_ms": to.UnixMilli()}, func(scan func(...any) error) error {
		var one api.Adjustment
		var at int64
		err := scan(&one.Scope, &at, &one.Amount)
		one.At = timeOf(at)
		all = append(all, one)
		return err
	})
	return all, err
}
