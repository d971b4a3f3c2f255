package review

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Foreteller tells what the running periods of teams will cost, usually by asking a gateway.
type Foreteller interface {
	Forecasts(ctx context.Context, teamIDs []string) ([]api.Forecast, error)
}

// mostForeseen is how many teams are foretold: those of which most money changes.
const mostForeseen = 20

// foreseen is what teams will cost with and without the plan.
type foreseen struct {
	rows   []foreseenTeam
	failed error
}

type foreseenTeam struct {
	forecast api.Forecast
	// before and after are the caps; nil is none.
	before, after *money.Nano
	// renewed says that the plan changes when the cap starts again, so that its periods are others.
	renewed bool
}

// foresee asks about the teams whose caps the plan changes.
func (p plan) foresee(ctx context.Context, gateway Foreteller) foreseen {
	if gateway == nil {
		return foreseen{}
	}
	before, after := p.terms(created), p.terms(deleted)
	var told foreseen
	var ids []string
	for _, o := range p.teamsByWeight() {
		id := o.before.at("team_id").text()
		was, period, known := o.before.capIn(before)
		is, periodThen, knownThen := o.after.capIn(after)
		if id == "" || o.after.values == nil || !known || !knownThen || len(ids) == mostForeseen || sameCap(was, is) && period == periodThen {
			continue
		}
		ids = append(ids, id)
		told.rows = append(told.rows, foreseenTeam{before: was, after: is, renewed: period != periodThen, forecast: api.Forecast{ID: id}})
	}
	if len(ids) == 0 {
		return told
	}
	found, err := gateway.Forecasts(ctx, ids)
	told.failed = err
	told.rows = slices.DeleteFunc(told.rows, func(row foreseenTeam) bool {
		return !slices.ContainsFunc(found, func(f api.Forecast) bool { return f.ID == row.forecast.ID && f.Kind == "team" && f.Silence == "" })
	})
	for i := range told.rows {
		for _, f := range found {
			if f.ID == told.rows[i].forecast.ID && f.Kind == "team" {
				told.rows[i].forecast = f
			}
		}
	}
	return told
}

// teamsByWeight are all teams of the plan, changed by it or by terms that they name.
func (p plan) teamsByWeight() []object {
	teams := p
	teams.objects = p.teams
	return teams.byWeight()
}

// capIn is the cap that refuses, nil for none, and how often it starts again; known is false where the plan does not tell.
func (s side) capIn(terms map[string]side) (most *money.Nano, period string, known bool) {
	held, _ := s.holds()
	if id := s.at("budget_id").text(); s.at("max_budget").empty() && id != "" {
		named, found := terms[id]
		if !found {
			return nil, "", false
		}
		s = named
	}
	capped := s.at("max_budget")
	if capped.unknown || capped.sensitive || s.at("budget_duration").unknown || held == untold {
		return nil, "", false
	}
	if capped.empty() || s.at("hard_cap").raw == false || held == watching {
		return nil, "", true
	}
	text, _ := capped.raw.(json.Number)
	amount, err := money.Parse(text.String())
	return &amount, s.at("budget_duration").text(), err == nil
}

func sameCap(a, b *money.Nano) bool { return a == b || a != nil && b != nil && *a == *b }

// pace is what the days of a week are likely to cost, Sunday first.
type pace [7]money.Nano

const (
	notUsedUp = "not"
	noCap     = "no cap that refuses"
)

// leads is where a period leads: what it costs, and when the cap is used up today and with the plan.
type leads struct{ cost, today, then string }

func (t foreseenTeam) period(from time.Time, budget forecast.Budget) leads {
	weekdays := pace(t.forecast.Weekdays)
	cost, _ := forecast.Ahead(budget, from, weekdays)
	falls := func(most *money.Nano) string {
		budget.Cap = most
		_, at := forecast.Ahead(budget, from, weekdays)
		switch {
		case most == nil:
			return noCap
		case budget.Spent >= *most:
			return "**at once**"
		case at.IsZero():
			return notUsedUp
		default:
			return dayOf(at)
		}
	}
	return leads{cost: usd(cost), today: falls(t.before), then: falls(t.after)}
}

func dayOf(at time.Time) string { return at.UTC().Format("Mon 2 Jan 2006") }
