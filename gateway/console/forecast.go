package console

import (
	"context"
	"math"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// forecast says when a cap is reached if spending goes on.
type forecast struct {
	// Falls is at the pace of the running period; zero is not before the period ends.
	Falls time.Time
	// Early and Late are at the pace of dearer and cheaper days; a zero Late is not before the period ends.
	Early, Late time.Time
	// Known says that there are days enough to tell early from late.
	Known bool
	Over  bool
}

const (
	// lookBack is how many whole days before today make a pace, fewest how many of them a range needs.
	lookBack = 7
	fewest   = 3
)

// foreseeAll adds forecasts to budgets. Pots have no range: what they cover is not summed up by day.
func (s *Server) foreseeAll(ctx context.Context, budgets []capped) ([]fallingRow, error) {
	var ids []string
	for _, one := range budgets {
		if one.Kind == "team" {
			ids = append(ids, one.ID)
		}
	}
	days := map[string][]float64{}
	if len(ids) > 0 {
		today := s.Now().UTC().Truncate(24 * time.Hour)
		query := api.UsageQuery{
			GroupBy: []string{api.GroupTeam}, Period: api.PeriodDay, TeamIDs: ids, From: today.AddDate(0, 0, -lookBack), To: today,
		}
		err := s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
			days[*sum.TeamID] = append(days[*sum.TeamID], float64(sum.TotalCost))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	rows := make([]fallingRow, len(budgets))
	for i, one := range budgets {
		rows[i] = fallingRow{one, foresee(one, days[one.ID], s.Now())}
	}
	return rows, nil
}

// foresee dates a budget's end from its period and from what its last days cost.
func foresee(budget capped, days []float64, now time.Time) forecast {
	f := forecast{Falls: budget.Falls(now), Over: budget.Over()}
	if f.Over || budget.Cap == nil || len(days) < fewest {
		return f
	}
	mean, spread := meanAndSpread(days)
	left := float64(*budget.Cap - budget.Spent)
	f.Known = true
	f.Early = budget.after(now, left, mean+spread)
	f.Late = budget.after(now, left, mean-spread)
	return f
}

// after is when what is left is used up at a pace in nano-USD a day; zero is not within the period.
func (c capped) after(now time.Time, left, pace float64) time.Time {
	const most = 100 * 365 // days, which a duration still holds
	if pace <= 0 || left/pace > most {
		return time.Time{}
	}
	at := now.Add(time.Duration(left / pace * float64(24*time.Hour)))
	if c.ResetsAt != nil && !at.Before(*c.ResetsAt) {
		return time.Time{}
	}
	return at
}

func meanAndSpread(values []float64) (mean, spread float64) {
	for _, value := range values {
		mean += value / float64(len(values))
	}
	for _, value := range values {
		spread += (value - mean) * (value - mean) / float64(len(values))
	}
	return mean, math.Sqrt(spread)
}
