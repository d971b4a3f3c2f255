package outlook_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/gateway/outlook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// company has teams whose days are all alike, a pot over all of them, and a key.
type company struct {
	// days are what a day of each team costs, spent what its period has cost.
	days, spent map[string]money.Nano
	cap         money.Nano
	reads       int
}

var (
	monday     = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	november   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	ofNovember = quota.Period{Start: november, End: november.AddDate(0, 1, 0)}
)

func (c *company) Teams(_ context.Context, filter api.TeamFilter) (teams []api.Team, total int, err error) {
	for _, id := range []string{"a", "b", "c", "d"} {
		if _, there := c.days[id]; there && (filter.IDs == nil || filter.IDs[0] == id) {
			teams = append(teams, api.Team{TeamID: id})
		}
	}
	return teams, len(teams), nil
}

func (c *company) Key(_ context.Context, id string) (api.Key, error) {
	if id != "k" {
		return api.Key{}, api.Errorf(api.NotFound, "there is no key %q", id)
	}
	return api.Key{KeyID: id}, nil
}

func (c *company) Budget(_ context.Context, id string) (api.Budget, error) {
	if id != "pot" {
		return api.Budget{}, api.Errorf(api.NotFound, "there is no budget %q", id)
	}
	return api.Budget{BudgetID: id}, nil
}

func (c *company) EachUsageSum(_ context.Context, query api.UsageQuery, each func(api.UsageSum) error) error {
	c.reads++
	for day := query.From; day.Before(query.To); day = day.AddDate(0, 0, 1) {
		for team, cost := range c.days {
			if err := each(api.UsageSum{TeamID: &team, PeriodStart: day.Format(time.DateOnly), TotalCost: cost}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *company) UsageDays(_ context.Context, of api.LedgerSelection, from, to time.Time) (api.UsageDays, error) {
	days := api.UsageDays{}
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		for team, cost := range c.days {
			if of.TeamIDs == nil || slices.Contains(of.TeamIDs, team) {
				days[day.Format(time.DateOnly)] += cost
			}
		}
	}
	return days, nil
}

func (c *company) StandingTeams(_ context.Context, teams []api.Team) ([]policy.Standing, error) {
	list := make([]policy.Standing, len(teams))
	for i := range teams {
		id := teams[i].TeamID
		list[i] = policy.Standing{Team: &teams[i], State: quota.BudgetState{
			Scope: quota.Scope("team:" + id), Limit: c.cap, Settled: c.spent[id], Period: ofNovember,
		}}
	}
	return list, nil
}

func (c *company) StandingPots(context.Context) ([]policy.Standing, error) {
	return []policy.Standing{{Pot: &api.Budget{BudgetID: "pot"}, State: quota.BudgetState{
		Scope: "budget:pot", Limit: 10_000 * money.USD, Settled: 100 * money.USD, Period: ofNovember,
	}}}, nil
}

func (c *company) Keys(context.Context, []api.Key) ([]api.BudgetState, error) {
	return []api.BudgetState{{Spend: money.USD, BudgetResetAt: &ofNovember.End, PeriodStart: &ofNovember.Start}}, nil
}

func newCompany() (*company, *outlook.Outlook, *time.Time) {
	c := &company{
		cap:   100 * money.USD,
		days:  map[string]money.Nano{"a": money.USD, "b": 10 * money.USD, "c": 5 * money.USD, "d": 0},
		spent: map[string]money.Nano{"a": 22 * money.USD, "b": 65 * money.USD, "c": 110 * money.USD},
	}
	now := monday
	return c, outlook.New(outlook.Options{Record: c, Spending: c, Now: func() time.Time { return now }}), &now
}

func TestForecasts_whatFallsFirstIsAtTheFront(t *testing.T) {
	_, o, _ := newCompany()
	list, err := o.Forecasts(t.Context(), api.ForecastQuery{})
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{
		"c":   "the cap is reached",
		"b":   "the cap falls on Thursday 26 November",
		"a":   "the cap holds: the period is likely to cost $30.00, between $30.00 and $30.00",
		"d":   "no forecast yet: fewer than three days are known",
		"pot": "the cap holds: the period is likely to cost $228.00, between $228.00 and $228.00",
	}
	order := ""
	for _, one := range list {
		order += one.ID + " "
		if one.Message != messages[one.ID] {
			t.Errorf("%s: %s", one.ID, one.Message)
		}
	}
	if order != "c b a pot d " {
		t.Error(order)
	}
	if b := list[1]; b.FallsAt == nil || !b.FallsAt.Equal(monday.AddDate(0, 0, 3).Add(12*time.Hour)) || *b.ProposedMaxBudget != 150*money.USD {
		t.Errorf("%+v", b)
	}
}

func TestForecasts_ofOne(t *testing.T) {
	_, o, _ := newCompany()
	for name, test := range map[string]struct {
		query api.ForecastQuery
		want  string
		code  api.Code
	}{
		"a team":    {api.ForecastQuery{TeamIDs: []string{"b"}}, "team b", ""},
		"a pot":     {api.ForecastQuery{BudgetID: "pot"}, "budget pot", ""},
		"a key":     {api.ForecastQuery{KeyID: "k"}, "key k", ""},
		"no team":   {api.ForecastQuery{TeamIDs: []string{"z"}}, "", api.NotFound},
		"plain pot": {api.ForecastQuery{BudgetID: "terms"}, "", api.NotFound},
		"no key":    {api.ForecastQuery{KeyID: "z"}, "", api.NotFound},
		"no teams":  {api.ForecastQuery{TeamIDs: []string{"d"}}, "team d", ""},
	} {
		list, err := o.Forecasts(t.Context(), test.query)
		if api.CodeOf(err) != test.code && err != nil || (err == nil) != (test.code == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (len(list) != 1 || list[0].Kind+" "+list[0].ID != test.want) {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

// A page about one team or pot has the history that its forecast is made of, and does not wait for the days of all teams.
func TestHistory_isOfATeamOrAPot(t *testing.T) {
	c, o, _ := newCompany()
	for _, readAll := range []bool{false, true} {
		if readAll {
			if _, err := o.Histories(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		reads := c.reads
		team, err := o.History(t.Context(), api.ForecastTeam, "b")
		if err != nil || len(team) != forecast.HistoryDays || team[0] != 10*money.USD || c.reads != reads {
			t.Error(team, err, c.reads)
		}
	}
	pot, err := o.History(t.Context(), api.ForecastBudget, "pot")
	if err != nil || len(pot) != forecast.HistoryDays || pot[0] != 16*money.USD {
		t.Error(pot, err)
	}
	if _, err := o.History(t.Context(), api.ForecastBudget, "none"); api.CodeOf(err) != api.NotFound {
		t.Error(err)
	}
}

// The days of all teams are read once in ten minutes, and again on the next day.
func TestHistories_areReadRarely(t *testing.T) {
	c, o, now := newCompany()
	for _, step := range []struct {
		forward time.Duration
		reads   int
	}{{0, 1}, {9 * time.Minute, 1}, {2 * time.Minute, 2}, {23*time.Hour + 45*time.Minute, 3}, {5 * time.Minute, 4}} {
		*now = now.Add(step.forward)
		histories, err := o.Histories(t.Context())
		if err != nil || c.reads != step.reads || len(histories["b"]) != forecast.HistoryDays {
			t.Errorf("after %s: %d reads, %v, %v", now.Sub(monday), c.reads, histories["b"], err)
		}
	}
}
