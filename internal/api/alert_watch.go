package api

import (
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// EventBudgetForecast: even with the cheapest days of the last four weeks, the cap falls before the period ends.
	EventBudgetForecast = "budget.forecast"
	// EventSpendAnomaly: a team's day costs far more than those of the same name before.
	EventSpendAnomaly = "spend.anomaly"
)

// SpendAnomaly is a day of a team that is out of line.
type SpendAnomaly struct {
	// Day is the UTC day, Spend what it has cost so far.
	Day   string     `json:"day"`
	Spend money.Nano `json:"spend"`
	// Median is that of the same weekday in the four weeks before.
	Median money.Nano `json:"median"`
	// Because is the key, user or model that explains most of it: "key", "user" or "model"; "" when nothing does.
	Because   string `json:"because,omitempty"`
	BecauseID string `json:"because_id,omitempty"`
	// BecauseSpend is what that has cost on the day, BecauseUsual what it costs on such a day.
	BecauseSpend money.Nano `json:"because_spend"`
	BecauseUsual money.Nano `json:"because_usual"`
}

// SustainedRefusals are refusals minute after minute.
type SustainedRefusals struct {
	// Limit is which limit refused, such as team.requests, and Cap its number; 0 is not known.
	Limit string `json:"limit"`
	Cap   int64  `json:"cap"`
	// Calls were refused in Minutes minutes from Since on.
	Calls   int64     `json:"calls"`
	Minutes int64     `json:"minutes"`
	Since   time.Time `json:"since"`
}

// PlannedSpend says that somebody meant a team to spend more on some days, so that nobody is told of it.
type PlannedSpend struct {
	TeamID string `json:"team_id"`
	// FromDay and ToDay are the first and the last UTC day, as 2006-01-02.
	FromDay string `json:"from_day"`
	ToDay   string `json:"to_day"`
	Reason  string `json:"reason"`
	// By is who said so.
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// mostPlanned is how many days can be planned at once.
const mostPlanned = 92

// Validate says whether it can be kept; the error names the field.
func (p PlannedSpend) Validate() error {
	if strings.TrimSpace(p.TeamID) == "" {
		return FieldErrorf("team_id", "is required: the team that is meant to spend more")
	}
	from, err := time.Parse(time.DateOnly, p.FromDay)
	if err != nil {
		return NotADay("day", p.FromDay)
	}
	to, err := time.Parse(time.DateOnly, p.ToDay)
	switch {
	case err != nil:
		return NotADay("until", p.ToDay)
	case to.Before(from):
		return FieldErrorf("until", "is before day")
	case to.Sub(from) >= mostPlanned*24*time.Hour:
		return FieldErrorf("until", "is more than %d days after day", mostPlanned-1)
	default:
		return nil
	}
}
