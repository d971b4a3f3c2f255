package ledger_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/ledger"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// twoBooks says what the counter and the ledger of one budget hold.
type twoBooks struct {
	counter, booked money.Nano
	// moving makes the counter grow at every reading, as under load.
	moving bool
	events []api.AlertEvent
}

func (b *twoBooks) Spent(context.Context, []quota.Budget) ([]quota.BudgetState, error) {
	if b.moving {
		b.counter++
	}
	return []quota.BudgetState{{Scope: "team:a", Settled: b.counter}}, nil
}

func (b *twoBooks) Append(_ context.Context, entries []quota.Entry) error {
	for _, entry := range entries {
		b.events = append(b.events, entry.Alerts...)
	}
	return nil
}

func (b *twoBooks) Spend(context.Context, quota.Scope, quota.Period) (money.Nano, error) {
	return b.booked, nil
}

func (b *twoBooks) SpendBySlot(context.Context, quota.Scope, quota.Period) (map[string]money.Nano, error) {
	return map[string]money.Nano{"a": b.booked}, nil
}

func TestReconciler(t *testing.T) {
	for name, test := range map[string]struct {
		books  twoBooks
		passes int
		want   []money.Nano
		events int
	}{
		"they agree":                      {twoBooks{counter: 5, booked: 5}, 3, nil, 0},
		"a difference seen once":          {twoBooks{counter: 7, booked: 5}, 1, nil, 0},
		"a difference that stands":        {twoBooks{counter: 7, booked: 5}, 2, []money.Nano{2}, 1},
		"told of once, shown every time":  {twoBooks{counter: 3, booked: 5}, 4, []money.Nano{-2, -2, -2}, 1},
		"a difference that moves is load": {twoBooks{counter: 7, booked: 5, moving: true}, 3, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var got []money.Nano
			r := ledger.Reconciler{
				Counters: &test.books, Record: &test.books, Logger: slog.New(slog.DiscardHandler),
				Budgets: func() []quota.Budget { return []quota.Budget{{Scope: "team:a"}} },
				OnDrift: func(_ string, by money.Nano) { got = append(got, by) },
			}
			for range test.passes {
				if err := r.Pass(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(test.books.events) != test.events {
				t.Errorf("events: %+v", test.books.events)
			}
		})
	}
}

func TestReconciler_tellsWhenADriftHasGone(t *testing.T) {
	books := &twoBooks{counter: 7, booked: 5}
	last := money.Nano(-1)
	r := ledger.Reconciler{
		Counters: books, Record: books, Logger: slog.New(slog.DiscardHandler),
		Budgets: func() []quota.Budget { return []quota.Budget{{Scope: "team:a"}} },
		OnDrift: func(_ string, by money.Nano) { last = by },
	}
	for _, booked := range []money.Nano{5, 5, 7} {
		books.booked = booked
		if err := r.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if last != 0 {
		t.Errorf("last told: %d", last)
	}
}
