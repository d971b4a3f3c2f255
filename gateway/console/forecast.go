package console

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// foreseen says when a cap is reached if spending goes on.
type foreseen struct {
	// Falls is when that is likely; zero is not before the period ends.
	Falls time.Time
	// Early and Late are with days as dear and as cheap as those of the last four weeks; zero is not before the period ends.
	Early, Late time.Time
	// Known says that there is a range. Without one, Falls is at the pace of the running period.
	Known bool
	Over  bool
}

// foreseeAll adds forecasts to budgets.
func (s *Server) foreseeAll(ctx context.Context, budgets []capped) ([]fallingRow, error) {
	rows := make([]fallingRow, len(budgets))
	for i, one := range budgets {
		f, err := s.foresee(ctx, one)
		if err != nil {
			return nil, err
		}
		rows[i] = fallingRow{one, f}
	}
	return rows, nil
}

// foresee asks for the forecast that /quota/forecast answers.
func (s *Server) foresee(ctx context.Context, budget capped) (foreseen, error) {
	now := s.Now()
	f := foreseen{Falls: budget.Falls(now), Over: budget.Over()}
	if f.Over || budget.Cap == nil {
		return f, nil
	}
	asked := forecast.Budget{Spent: budget.Spent, Cap: budget.Cap}
	if budget.PeriodStart != nil && budget.ResetsAt != nil {
		asked.Start, asked.End = *budget.PeriodStart, *budget.ResetsAt
	}
	history, err := s.History(ctx, budget.Kind, budget.ID)
	if api.CodeOf(err) == api.NotFound { // gone meanwhile
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if of := forecast.Of(history, asked, now); of.Silence == "" {
		f.Falls, f.Early, f.Late, f.Known = of.Likely, of.Early, of.Late, true
	}
	return f, nil
}
