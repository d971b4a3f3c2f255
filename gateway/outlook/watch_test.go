package outlook_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/gateway/outlook"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// watched is a company whose record a watch reads. Days before today cost what the company says, today what today says.
type watched struct {
	*company
	now         time.Time
	today       map[string]money.Nano
	holder      string
	until       time.Time
	generations map[string]int64
	// refused are the minutes before now, the last first, in which the limit of team a refused calls.
	refused []int64
	plans   []api.PlannedSpend
	routes  []api.AlertRoute
	// limits are the teams' own; keys are all keys; peaks, when there are some, what was used of limits per minute.
	limits map[string]func(*api.Team)
	keys   []api.Key
	peaks  []api.LimitPeak
	asked  []api.UsageQuery
	// events are those that were told, by their ids; order has their messages.
	events map[string]api.AlertEvent
	order  []string
}

func (w *watched) EachUsageSum(ctx context.Context, query api.UsageQuery, each func(api.UsageSum) error) error {
	w.asked = append(w.asked, query)
	if query.GroupBy[0] == api.GroupTeam {
		if query.From.Equal(w.now.Truncate(forecast.Day)) {
			for team, cost := range w.today {
				if err := each(api.UsageSum{TeamID: &team, TotalCost: cost}); err != nil {
					return err
				}
			}
			return nil
		}
		return w.company.EachUsageSum(ctx, query, each)
	}
	// Keys k1 and k2, of nobody, share a day evenly until today, which is k2's; there is one model.
	team := query.TeamIDs[0]
	cost := w.days[team]
	parts := map[string]money.Nano{"k1": cost / 2, "k2": cost / 2}
	if query.From.Equal(w.now.Truncate(forecast.Day)) {
		cost = w.today[team]
		parts = map[string]money.Nano{"k1": 0, "k2": cost}
	}
	switch query.GroupBy[0] {
	case api.GroupUser:
		parts = map[string]money.Nano{"": cost}
	case api.GroupModel:
		parts = map[string]money.Nano{"m": cost}
	}
	for id, part := range parts {
		if err := each(api.UsageSum{KeyID: &id, UserID: &id, Model: &id, TotalCost: part}); err != nil {
			return err
		}
	}
	return nil
}

func (w *watched) Team(_ context.Context, id string) (api.Team, error) {
	return api.Team{TeamID: id}, nil
}

func (w *watched) ClaimJob(_ context.Context, _, holder string, now, until time.Time) (bool, error) {
	if w.holder != holder && now.Before(w.until) {
		return false, nil
	}
	w.holder, w.until = holder, until
	return true, nil
}

func (w *watched) Armed(context.Context, []string) (map[string]int64, error) {
	return w.generations, nil
}

func (w *watched) Refusals(_ context.Context, query api.RefusalQuery) (sums []api.RefusalSum, err error) {
	for back, calls := range w.refused {
		at := query.To.Add(-time.Duration(back+1) * time.Minute)
		if calls > 0 && !at.Before(query.From) {
			sums = append(sums, api.RefusalSum{TeamID: new("a"), Limit: new("team.requests"), At: &at, Refused: calls},
				api.RefusalSum{TeamID: new("a"), Limit: new("model_not_allowed"), At: &at, Refused: calls})
		}
	}
	return sums, nil
}

// Teams are the company's, with limits.
func (w *watched) Teams(ctx context.Context, filter api.TeamFilter) ([]api.Team, int, error) {
	teams, total, err := w.company.Teams(ctx, filter)
	for i := range teams {
		if limit := w.limits[teams[i].TeamID]; limit != nil {
			limit(&teams[i])
		}
	}
	return teams, total, err
}

func (w *watched) keysOf(_ context.Context, filter api.KeyFilter) ([]api.Key, int, error) {
	found := slices.DeleteFunc(slices.Clone(w.keys), func(key api.Key) bool { return !slices.Contains(filter.TeamIDs, *key.TeamID) })
	return found, len(found), nil
}

func (w *watched) LimitPeaks(_ context.Context, filter api.LimitMinuteFilter) ([]api.LimitPeak, error) {
	if w.peaks != nil {
		return slices.DeleteFunc(slices.Clone(w.peaks), func(p api.LimitPeak) bool { return !slices.Contains(filter.TeamIDs, p.TeamID) }), nil
	}
	return []api.LimitPeak{{TeamID: "a", Limit: "team.requests", Peak: 60, Cap: 60}}, nil
}

func (w *watched) AlertRoutes(context.Context, api.AlertRouteFilter) ([]api.AlertRoute, int, error) {
	return w.routes, len(w.routes), nil
}

func (w *watched) PlannedSpends(_ context.Context, _ []string, day string) ([]api.PlannedSpend, error) {
	return slices.DeleteFunc(slices.Clone(w.plans), func(p api.PlannedSpend) bool { return day < p.FromDay || day > p.ToDay }), nil
}

func (w *watched) tell(_ context.Context, event api.AlertEvent) error {
	if _, told := w.events[event.ID]; !told {
		w.events[event.ID] = event
		w.order = append(w.order, event.Type+": "+event.Message)
	}
	return nil
}

// took returns what was told since.
func (w *watched) took() []string {
	order := w.order
	w.order = nil
	return order
}

func newWatched() *watched {
	c, _, _ := newCompany()
	c.spent = map[string]money.Nano{}
	return &watched{company: c, now: monday.Add(12 * time.Hour), generations: map[string]int64{}, events: map[string]api.AlertEvent{}}
}

func (w *watched) watch(holder string) *outlook.Watch {
	now := func() time.Time { return w.now }
	return outlook.NewWatch(outlook.WatchOptions{
		Record: w, Outlook: outlook.New(outlook.Options{Record: w, Spending: w, Now: now}), Keys: w.keysOf, Tell: w.tell, Logger: slog.New(slog.DiscardHandler), Now: now,
		Holder: holder, Forecast: true, Line: forecast.Line{Amount: 50 * money.USD, Percent: 300}, SustainedMinutes: 5,
	})
}

func look(t *testing.T, watches ...*outlook.Watch) {
	t.Helper()
	for _, watch := range watches {
		if err := watch.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func wantTold(t *testing.T, w *watched, when string, want ...string) {
	t.Helper()
	if got := w.took(); !slices.Equal(got, want) {
		t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// A cap that will fall is told of once, by whichever gateway looks, and again when it is another cap.
func TestWatch_forecastOncePerPeriodAndGeneration(t *testing.T) {
	w := newWatched()
	w.spent["b"] = 65 * money.USD
	one, other := w.watch("one"), w.watch("other")
	look(t, one, other)
	wantTold(t, w, "at first", "budget.forecast: b: the cap falls on Friday 27 November; the period is likely to cost $140.00, and a cap of $140.00 would hold")
	w.now = w.now.Add(time.Hour) // the lease of the one is over
	look(t, other, one)
	wantTold(t, w, "an hour later")
	w.generations["team:b"]++
	w.now = w.now.Add(time.Hour)
	look(t, one)
	wantTold(t, w, "after a raise", "budget.forecast: b: the cap falls on Friday 27 November; the period is likely to cost $139.16, and a cap of $140.00 would hold")
	w.spent["b"] = 200 * money.USD
	w.now = w.now.Add(time.Hour)
	look(t, one)
	wantTold(t, w, "once it has fallen")
}

func TestWatch_anomalyNamesWhatExplainsItAndIsAnswered(t *testing.T) {
	w := newWatched()
	w.cap = 100_000 * money.USD
	w.today = map[string]money.Nano{"a": 49 * money.USD, "b": 31 * money.USD, "c": 51 * money.USD}
	watch := w.watch("one")
	look(t, watch)
	wantTold(t, w, "at noon",
		"spend.anomaly: c has spent $51.00 today, Monday 23 November; a Monday usually costs $5.00; most of it is key k2, with $51.00 instead of $2.50")
	for _, event := range w.events {
		if a := event.Anomaly; event.TeamID != "c" || a == nil || a.Because != "key" || a.BecauseID != "k2" || a.BecauseUsual != 2_500_000_000 {
			t.Errorf("%+v", event)
		}
	}
	w.today["c"] = 90 * money.USD
	w.now = w.now.Add(time.Hour)
	look(t, watch)
	wantTold(t, w, "an hour later")
	w.now = w.now.Add(24 * time.Hour)
	w.plans = []api.PlannedSpend{{TeamID: "c", FromDay: "2026-11-24", ToDay: "2026-11-24"}}
	look(t, watch)
	wantTold(t, w, "on a planned day")
	w.now = w.now.Add(24 * time.Hour)
	look(t, watch)
	if told := w.took(); len(told) != 1 {
		t.Errorf("on the day after it: %q", told)
	}
}

func TestWatch_sustainedRefusals(t *testing.T) {
	w := newWatched()
	w.cap = 100_000 * money.USD
	watch := w.watch("one")
	minute := func(calls int64) {
		w.now = w.now.Add(time.Minute)
		w.refused = append([]int64{calls}, w.refused...)
		look(t, watch)
	}
	for range 4 {
		minute(10)
	}
	wantTold(t, w, "after four minutes")
	minute(0)
	for range 5 {
		minute(3)
	}
	const told = "rate_limit.sustained: team.requests refused 15 calls of a in the last 5 minutes; the limit is 60"
	wantTold(t, w, "after five on end", told)
	for range 130 {
		minute(3)
	}
	wantTold(t, w, "while it goes on")
	minute(0)
	for range 5 {
		minute(3)
	}
	wantTold(t, w, "the next time", told)
}

// One gateway looks at a time, another one when that has died.
func TestWatch_takesTurns(t *testing.T) {
	w := newWatched()
	one, other := w.watch("one"), w.watch("other")
	holders := ""
	for range 6 {
		look(t, other)
		if w.now.Sub(monday) < 14*time.Hour {
			look(t, one)
		}
		holders += fmt.Sprint(w.holder, " ")
		w.now = w.now.Add(time.Minute)
	}
	if holders != "other other other other other other " {
		t.Error(holders)
	}
	look(t, one)
	if w.holder != "other" {
		t.Error("a lease that is not over was taken")
	}
	w.now = w.now.Add(10 * time.Minute)
	look(t, one)
	if w.holder != "one" {
		t.Error("nobody took over")
	}
}
