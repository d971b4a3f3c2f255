package store

import (
	"context"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ResetSpend adjusts what a budget has spent in a period to an amount, with an audit row in the same transaction,
// arms its thresholds again, and returns what it was. Two resets at once happen one after the other. Error: [api.Invalid] for an amount above
// what was spent. An opening balance is adjusted by itself, see [api.SpendTarget]: what is so already is not written again.
func (s *Store) ResetSpend(ctx context.Context, change api.Change, reset api.SpendReset) (previous money.Nano, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		previous, err = s.LedgerSpend(ctx, reset.Selection, reset.From, reset.To)
		if err != nil {
			return err
		}
		if reset.OpeningID != "" {
			return s.openSpend(ctx, t, change, reset, previous)
		}
		if reset.Amount < 0 || reset.Amount > previous {
			return api.FieldErrorf("reset_to", "must be between 0 and what is spent, %s. Received: %s", previous, reset.Amount)
		}
		if err := s.adjust(ctx, reset, reset.Amount-previous); err != nil {
			return err
		}
		if err := s.arm(ctx, reset.Selection.Scope); err != nil {
			return err
		}
		return t.audit(ctx, change, reset.Object+".reset_spend", reset.ObjectID, spendAudit{previous}, spendAudit{reset.Amount})
	})
	return previous, err
}

// openSpend brings an opening balance of the period to its amount. Thresholds that it passes were told of where it was spent.
// spent is all that stands on the budget. A reset may have taken of it what the balance brought.
func (s *Store) openSpend(ctx context.Context, t *tx, change api.Change, reset api.SpendReset, spent money.Nano) error {
	values := spendArgs(reset.From, reset.To)
	values["scope"], values["opening_id"] = reset.Selection.Scope, reset.OpeningID
	var before money.Nano
	_, err := s.one(ctx, "adjustment_opening", values, &before)
	if err != nil || before == reset.Amount {
		return err
	}
	switch after := spent + reset.Amount - before; {
	case after < 0:
		return api.FieldErrorf("spend", "would leave less than nothing spent: the balance brought %s, and of all that was spent %s is left after a reset. "+
			"Reset instead. Received: %s", before, spent, reset.Amount)
	case after > api.MaxOpening:
		return api.FieldErrorf("spend", "would bring what is spent to %s; at most %s can be counted exactly", after, api.MaxOpening)
	}
	if err := s.adjust(ctx, reset, reset.Amount-before); err != nil {
		return err
	}
	return t.audit(ctx, change, reset.Object+".opening_balance", reset.ObjectID,
		openingAudit{reset.OpeningID, before}, openingAudit{reset.OpeningID, reset.Amount})
}

func (s *Store) adjust(ctx context.Context, reset api.SpendReset, by money.Nano) error {
	_, err := s.exec(ctx, "adjustment_insert", args{
		"id": ulid.Make().String(), "scope": reset.Selection.Scope, "at_ms": reset.At.UnixMilli(),
		"cost_nano": int64(by), "opening_id": reset.OpeningID,
	})
	return err
}

// openingAudit is what the audit log keeps of an opening balance.
type openingAudit struct {
	OpeningID string     `json:"opening_id"`
	Spend     money.Nano `json:"spend"`
}

// spendAudit is what the audit log keeps of a reset.
type spendAudit struct {
	Spend money.Nano `json:"spend"`
}
