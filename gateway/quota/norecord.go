package quota

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// NoRecord is the [Record] of counters whose entries nobody needs.
type NoRecord struct{}

// Append implements [Record].
func (NoRecord) Append(context.Context, []Entry) error { return nil }

// Spend implements [Record]: nothing was spent.
func (NoRecord) Spend(context.Context, Scope, Period) (money.Nano, error) { return 0, nil }

// SpendBySlot implements [Record].
func (NoRecord) SpendBySlot(context.Context, Scope, Period) (map[string]money.Nano, error) {
	return nil, nil
}
