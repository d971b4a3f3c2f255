package outlook

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// forecasts tells of caps that fall before the period ends even with the cheapest days, once for each period and until the
// cap is changed or the spending is reset.
func (w *Watch) forecasts(ctx context.Context, now time.Time) error {
	if !w.Forecast {
		return nil
	}
	list, err := w.Outlook.Forecasts(ctx, api.ForecastQuery{})
	if err != nil {
		return err
	}
	var falling []api.Forecast
	var scopes []string
	for _, one := range list {
		if !one.Over && one.FallsLatest != nil {
			falling, scopes = append(falling, one), append(scopes, one.Kind+":"+one.ID)
		}
	}
	if len(falling) == 0 {
		return nil
	}
	generations, err := w.Record.Armed(ctx, scopes)
	if err != nil {
		return err
	}
	for i, one := range falling {
		about := []string{scopes[i], one.PeriodStart.Format(time.RFC3339), strconv.FormatInt(generations[scopes[i]], 10)}
		if err := w.tell(ctx, falls(one, scopes[i], now), about...); err != nil {
			return err
		}
	}
	return nil
}

// cents is an amount for people.
func cents(amount money.Nano) string { return (amount - amount%(money.USD/100)).Dollars() }

func falls(one api.Forecast, scope string, now time.Time) api.AlertEvent {
	event := api.AlertEvent{
		Type: api.EventBudgetForecast, Severity: "warning", CreatedAt: now, Scope: scope, Spend: one.Spend, MaxBudget: *one.MaxBudget,
		HardCap: one.HardCap, PeriodStart: one.PeriodStart, PeriodEnd: one.PeriodEnd, Forecast: &one,
	}
	name := one.Alias
	if name == "" {
		name = one.ID
	}
	if one.Kind == api.ForecastTeam {
		event.TeamID, event.TeamAlias = one.ID, one.Alias
	} else {
		event.BudgetID, name = one.ID, "budget "+one.ID
	}
	event.Message = name + ": " + one.Message
	if one.End != nil && one.ProposedMaxBudget != nil {
		event.Message += fmt.Sprintf("; the period is likely to cost %s, and a cap of %s would hold", cents(one.End.Likely), cents(*one.ProposedMaxBudget))
	}
	return event
}
