package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What a [Forecast] is of.
const (
	ForecastTeam   = "team"
	ForecastKey    = "key"
	ForecastBudget = "budget"
)

// Forecast is what the running period of a budget will cost and when its cap falls, by the days of the last four weeks.
type Forecast struct {
	// Kind is team, key or budget, ID whose it is.
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Alias string `json:"alias,omitempty"`
	// TeamID is a key's team.
	TeamID string `json:"team_id,omitempty"`
	// MaxBudget is the cap in force; nil without one.
	MaxBudget   *money.Nano `json:"max_budget"`
	HardCap     bool        `json:"hard_cap"`
	Spend       money.Nano  `json:"spend"`
	PeriodStart *time.Time  `json:"period_start"`
	PeriodEnd   *time.Time  `json:"period_end"`
	// Silence says why nothing is foreseen: period_too_short (shorter than seven days), period_without_end, too_early
	// (fewer than three days or less than a fifth of the period has passed) or too_few_days (fewer than three days with
	// history); "" when there is a forecast.
	Silence string `json:"silence"`
	// Over says that the cap is reached already.
	Over bool `json:"over"`
	// End is what the whole period costs; nil without a forecast.
	End *AmountRange `json:"end"`
	// FallsAt is when the cap is likely to fall, FallsEarliest with the dearest days and FallsLatest with the cheapest;
	// nil is not within the period.
	FallsAt       *time.Time `json:"falls_at"`
	FallsEarliest *time.Time `json:"falls_earliest"`
	FallsLatest   *time.Time `json:"falls_latest"`
	// ProposedMaxBudget is a cap that the period fits in: the dearest end, rounded up to two digits.
	ProposedMaxBudget *money.Nano `json:"proposed_max_budget"`
	// Weeks are what each whole week of the history cost, the last one last; empty with fewer than two.
	Weeks []money.Nano `json:"weeks"`
	// Week is what the next seven days cost, Weekdays what each of them is likely to, Sunday first.
	Week     *AmountRange `json:"week"`
	Weekdays []money.Nano `json:"weekdays"`
	// Message says it in words, days in UTC.
	Message string `json:"message"`
}

// AmountRange is an amount in USD with what it is at least and at most.
type AmountRange struct {
	Low    money.Nano `json:"low"`
	Likely money.Nano `json:"likely"`
	High   money.Nano `json:"high"`
}

// ForecastQuery asks for forecasts: of one pot, of one key, of some teams, or of all teams and pots.
type ForecastQuery struct {
	BudgetID string
	KeyID    string
	// TeamIDs nil is all teams and pots.
	TeamIDs []string
}

// UsageDays are what days cost, by 2006-01-02.
type UsageDays map[string]money.Nano
