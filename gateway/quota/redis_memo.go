package quota

import (
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// budgetMemo is what travels with a reservation, for the gateway that raises an alert of one of its budgets.
type budgetMemo struct {
	Scope      Scope          `json:"scope"`
	Limit      int64          `json:"limit"`
	Hard       bool           `json:"hard"`
	Generation int64          `json:"generation"`
	Periods    []int64        `json:"periods"` // start and end of each, in microseconds
	About      api.AlertEvent `json:"about"`
}

func newMemo(budgets []Budget) []budgetMemo {
	memos := make([]budgetMemo, len(budgets))
	for i, budget := range budgets {
		memos[i] = budgetMemo{
			Scope: budget.Scope, Limit: int64(budget.Limit), Hard: budget.Hard,
			Generation: budget.Generation, About: budget.About,
		}
		for _, period := range budget.Periods {
			memos[i].Periods = append(memos[i].Periods, micros(period.Start), micros(period.End))
		}
	}
	return memos
}

func (b budgetMemo) budget() Budget {
	budget := Budget{
		Scope: b.Scope, Limit: money.Nano(b.Limit), Hard: b.Hard, Generation: b.Generation, About: b.About,
	}
	for i := 0; i+1 < len(b.Periods); i += 2 {
		budget.Periods = append(budget.Periods, Period{Start: timeOf(b.Periods[i]), End: timeOf(b.Periods[i+1])})
	}
	return budget
}
