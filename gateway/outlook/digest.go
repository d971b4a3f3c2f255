package outlook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// lateDigest is how late a digest may be told, after no gateway was there to do it in time.
	lateDigest = 6 * time.Hour
	// mostDigested is how many teams a digest names.
	mostDigested = 40
)

// digests tells each route its digest once it is due.
func (w *Watch) digests(ctx context.Context, now time.Time) error {
	routes, _, err := w.Record.AlertRoutes(ctx, api.AlertRouteFilter{})
	if err != nil {
		return fmt.Errorf("read alert routes: %w", err)
	}
	var failed []error
	for _, route := range routes {
		if !route.Enabled || route.Digest == nil {
			continue
		}
		times, err := api.ParseDigest(*route.Digest)
		if err != nil {
			continue // of another release
		}
		due := times.Last(now)
		if now.Sub(due) > lateDigest || due.Before(route.CreatedAt) || w.digested[route.AlertRouteID].Equal(due) {
			continue
		}
		event, err := w.digest(ctx, route, times, due)
		if err == nil {
			event.CreatedAt, event.ToAlertRouteID = now, route.AlertRouteID
			err = w.tell(ctx, event, route.AlertRouteID, due.Format(time.RFC3339))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("make the digest of alert route %s: %w", route.AlertRouteID, err))
			continue
		}
		w.digested[route.AlertRouteID] = due
	}
	return errors.Join(failed...)
}

// Digest is what a route's digest would tell now, of a day when the route has none.
func (w *Watch) Digest(ctx context.Context, route api.AlertRoute) (api.AlertEvent, error) {
	var times api.DigestTimes
	if route.Digest != nil {
		parsed, err := api.ParseDigest(*route.Digest)
		if err != nil {
			return api.AlertEvent{}, err
		}
		times = parsed
	}
	return w.digest(ctx, route, times, w.Now())
}

func (w *Watch) digest(ctx context.Context, route api.AlertRoute, times api.DigestTimes, due time.Time) (api.AlertEvent, error) {
	from, to := times.Days(due)
	told := api.AlertDigest{From: from.Format(time.DateOnly), To: to.AddDate(0, 0, -1).Format(time.DateOnly), Teams: []api.DigestTeam{}}
	teams, _, err := w.Record.Teams(ctx, api.TeamFilter{})
	if err != nil {
		return api.AlertEvent{}, fmt.Errorf("read teams: %w", err)
	}
	rows := map[string]*api.DigestTeam{}
	teams = slices.DeleteFunc(teams, func(team api.Team) bool { return !route.Tells(team) })
	for _, team := range teams {
		rows[team.TeamID] = &api.DigestTeam{TeamID: team.TeamID, TeamAlias: valueOf(team.TeamAlias)}
	}
	if err := w.fillDigest(ctx, rows, from, to); err != nil {
		return api.AlertEvent{}, err
	}
	foreseen, err := w.Outlook.Forecasts(ctx, api.ForecastQuery{})
	if err != nil {
		return api.AlertEvent{}, err
	}
	for _, one := range foreseen {
		row := rows[one.ID]
		if row == nil || one.Kind != api.ForecastTeam {
			continue
		}
		told.Spend, told.Refused = told.Spend+row.Spend, told.Refused+row.Refused
		row.PeriodSpend, row.MaxBudget, row.Forecast = one.Spend, one.MaxBudget, one.Message
		if row.Spend == 0 && row.Refused == 0 && one.FallsAt == nil && !one.Over {
			continue // nothing to tell
		}
		if len(told.Teams) == mostDigested {
			told.Others++
			continue
		}
		told.Teams = append(told.Teams, *row)
	}
	if times.Monthly() {
		if told.Advice, err = w.advice(ctx, teams, due); err != nil {
			return api.AlertEvent{}, err
		}
	}
	return api.AlertEvent{
		ID: "digest", Type: api.EventDigest, Severity: "info", CreatedAt: due, Scope: "alert_route:" + route.AlertRouteID, Digest: &told, Message: digestInWords(told),
	}, nil
}

// fillDigest adds what days have cost teams, and how many of their calls were refused.
func (w *Watch) fillDigest(ctx context.Context, rows map[string]*api.DigestTeam, from, to time.Time) error {
	query := api.UsageQuery{GroupBy: []string{api.GroupTeam}, Period: api.PeriodDay, From: from, To: to}
	err := w.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		if row := rows[*sum.TeamID]; row != nil {
			row.Spend += sum.TotalCost
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what teams have spent: %w", err)
	}
	refusals, err := w.Record.Refusals(ctx, api.RefusalQuery{GroupBy: []string{api.GroupTeam}, From: from, To: to})
	if err != nil {
		return fmt.Errorf("read what teams were refused: %w", err)
	}
	for _, sum := range refusals {
		if row := rows[*sum.TeamID]; row != nil {
			row.Refused += sum.Refused
		}
	}
	return nil
}

func digestInWords(told api.AlertDigest) string {
	days := "on " + told.From
	if told.From != told.To {
		days = "from " + told.From + " to " + told.To
	}
	text := fmt.Sprintf("teams have spent %s %s, and %d calls were refused", cents(told.Spend), days, told.Refused)
	if len(told.Teams) == 0 {
		text = "nobody has spent anything " + days
	}
	if told.Others > 0 {
		text += fmt.Sprintf("; %d more teams are left out", told.Others)
	}
	return text
}
