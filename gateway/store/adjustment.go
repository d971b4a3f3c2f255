package store

import (
	"context"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ResetSpend adjusts what a budget has spent in a period to an amount, with an audit row in the same transaction,
// arms its thresholds again, and returns what it was. Two resets at once happen one after the other. Error: [api.Invalid] for an amount above
// what was spent.
func (s *Store) ResetSpend(ctx context.Context, change api.Change, reset api.SpendReset) (previous money.Nano, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		previous, err = s.LedgerSpend(ctx, reset.Selection, reset.From, reset.To)
		if err != nil {
			return err
		}
		if reset.ResetTo < 0 || reset.ResetTo > previous {
			return api.FieldErrorf("reset_to", "must be between 0 and what is spent, %s. Received: %s", previous, reset.ResetTo)
		}
		_, err := s.exec(ctx, "adjustment_insert", args{
			"id": ulid.Make().String(), "scope": reset.Selection.Scope,
			"at_ms": reset.At.UnixMilli(), "cost_nano": int64(reset.ResetTo - previous),
		})
		if err != nil {
			return err
		}
		if err := s.arm(ctx, reset.Selection.Scope); err != nil {
			return err
		}
		return t.audit(change, reset.Object+".reset_spend", reset.ObjectID, spendAudit{previous}, spendAudit{reset.ResetTo})
	})
	return previous, err
}

// spendAudit is what the audit log keeps of a reset.
type spendAudit struct {
	Spend money.Nano `json:"spend"`
}
