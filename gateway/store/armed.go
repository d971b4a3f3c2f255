package store

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// spendingCap is what limits the spending under one scope, as a text to compare. When it changes, people
// are told of every threshold again, also if it becomes what it was before.
type spendingCap struct{ scope, terms string }

func capOf(scope string, terms api.BudgetTerms, budgetID *string) spendingCap {
	return spendingCap{scope, fmt.Sprint(
		text(terms.MaxBudget), " ", text(terms.TempBudgetIncrease), " ", text(terms.TempBudgetExpiry), " ", text(budgetID),
	)}
}

// text is what a pointer points to, for comparing.
func text[T any](value *T) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%v", *value)
}

// armChanged arms the thresholds of every scope whose cap is another than before.
func (s *Store) armChanged(ctx context.Context, before, after []spendingCap) error {
	was := map[string]string{}
	for _, spending := range before {
		was[spending.scope] = spending.terms
	}
	for _, spending := range after {
		if was[spending.scope] == spending.terms {
			continue
		}
		if err := s.arm(ctx, spending.scope); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) arm(ctx context.Context, scope string) error {
	if t := s.joined(ctx); t != nil {
		t.touch(scope)
	}
	_, err := s.exec(ctx, "armed_again", args{"scope": scope})
	return err
}

// Armed says how often the thresholds under each scope were armed; those that never were are left out.
func (s *Store) Armed(ctx context.Context, scopes []string) (map[string]int64, error) {
	generations := map[string]int64{}
	err := inChunks(scopes, func(chunk []string) error {
		return s.each(ctx, "armed_of", args{"scopes": chunk}, func(scan func(...any) error) error {
			var scope string
			var generation int64
			err := scan(&scope, &generation)
			generations[scope] = generation
			return err
		})
	})
	return generations, err
}
