package outlook

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// anomalies tells of teams whose day is out of line and was not planned, once for each team and day.
func (w *Watch) anomalies(ctx context.Context, now time.Time) error {
	if w.Line.Amount == 0 {
		return nil
	}
	today := now.Truncate(forecast.Day)
	spent, err := w.spentOn(ctx, today, w.Line.Amount)
	if err != nil || len(spent) == 0 {
		return err
	}
	histories, err := w.Outlook.Histories(ctx)
	if err != nil {
		return err
	}
	planned, err := w.planned(ctx, today)
	if err != nil {
		return err
	}
	for team, spend := range spent {
		median, anomalous := forecast.Anomalous(spend, histories[team].SameWeekday(), w.Line)
		if !anomalous || planned[team] {
			continue
		}
		anomaly := api.SpendAnomaly{Day: today.Format(time.DateOnly), Spend: spend, Median: median}
		if err := w.explain(ctx, team, today, &anomaly); err != nil {
			return err
		}
		event := api.AlertEvent{
			Type: api.EventSpendAnomaly, Severity: "warning", CreatedAt: now, TeamID: team, Scope: "team:" + team, Spend: spend, Anomaly: &anomaly,
		}
		if err := w.named(ctx, &event); err != nil {
			return err
		}
		event.Message = outOfLine(event)
		if err := w.tell(ctx, event, team, anomaly.Day); err != nil {
			return err
		}
	}
	return nil
}

// spentOn is what a day has cost the teams for which it was more than an amount.
func (w *Watch) spentOn(ctx context.Context, day time.Time, more money.Nano) (map[string]money.Nano, error) {
	spent := map[string]money.Nano{}
	query := api.UsageQuery{GroupBy: []string{api.GroupTeam}, Period: api.PeriodDay, From: day, To: day.AddDate(0, 0, 1)}
	err := w.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		if *sum.TeamID != "" && sum.TotalCost > more {
			spent[*sum.TeamID] = sum.TotalCost
		}
		return nil
	})
	return spent, err
}

// planned are the teams that are meant to spend more on a day.
func (w *Watch) planned(ctx context.Context, day time.Time) (map[string]bool, error) {
	list, err := w.Record.PlannedSpends(ctx, nil, day.Format(time.DateOnly))
	planned := map[string]bool{}
	for _, one := range list {
		planned[one.TeamID] = true
	}
	return planned, err
}

// explain names the key, user or model whose cost on a day is furthest above what it usually is on such a day. Of two that
// explain as much, a key says more than a user, and a user more than a model.
func (w *Watch) explain(ctx context.Context, team string, day time.Time, anomaly *api.SpendAnomaly) error {
	var most money.Nano
	for _, group := range []string{api.GroupKey, api.GroupUser, api.GroupModel} {
		costs, err := w.sameDays(ctx, team, group, day)
		if err != nil {
			return err
		}
		for id, cost := range costs {
			if above := cost[0] - forecast.Median(cost[1:]); id != "" && (above > most || above == most && anomaly.Because == group && id < anomaly.BecauseID) {
				most = above
				anomaly.Because, anomaly.BecauseID, anomaly.BecauseSpend, anomaly.BecauseUsual = group, id, cost[0], forecast.Median(cost[1:])
			}
		}
	}
	return nil
}

// sameDays is what each key, user or model of a team has cost on a day and on those four, one and two weeks before.
func (w *Watch) sameDays(ctx context.Context, team, group string, day time.Time) (map[string][]money.Nano, error) {
	const weeks = 4
	costs := map[string][]money.Nano{}
	for back := range weeks + 1 {
		from := day.AddDate(0, 0, -7*back)
		query := api.UsageQuery{GroupBy: []string{group}, Period: api.PeriodDay, TeamIDs: []string{team}, From: from, To: from.AddDate(0, 0, 1)}
		err := w.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
			id := ""
			switch group {
			case api.GroupKey:
				id = *sum.KeyID
			case api.GroupUser:
				id = *sum.UserID
			default:
				id = *sum.Model
			}
			if costs[id] == nil {
				costs[id] = make([]money.Nano, weeks+1)
			}
			costs[id][back] = sum.TotalCost
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return costs, nil
}

func outOfLine(event api.AlertEvent) string {
	name, anomaly := event.TeamAlias, event.Anomaly
	if name == "" {
		name = event.TeamID
	}
	day, _ := time.Parse(time.DateOnly, anomaly.Day) // it was written so
	text := fmt.Sprintf("%s has spent %s today, %s; a %s usually costs %s", name, anomaly.Spend.Dollars(), long(day), day.Weekday(), anomaly.Median.Dollars())
	if anomaly.Because != "" {
		named := anomaly.Because + " " + anomaly.BecauseID
		if strings.HasPrefix(anomaly.BecauseID, anomaly.Because+"_") { // it says what it is
			named = anomaly.BecauseID
		}
		text += fmt.Sprintf("; most of it is %s, with %s instead of %s", named, anomaly.BecauseSpend.Dollars(), anomaly.BecauseUsual.Dollars())
	}
	return text
}
