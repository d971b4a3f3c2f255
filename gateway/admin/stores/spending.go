package stores

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Spending reads what has been spent in the running periods, in the order asked.
type Spending interface {
	Teams(ctx context.Context, teams []api.Team) ([]api.BudgetState, error)
	Keys(ctx context.Context, keys []api.Key) ([]api.BudgetState, error)
	Budgets(ctx context.Context, budgets []api.Budget) ([]api.BudgetState, error)
	Users(ctx context.Context, users []api.User) ([]api.BudgetState, error)
	Members(ctx context.Context, team api.Team, members []api.Membership) ([]api.BudgetState, error)
	// Preview returns the terms that would be in force for teams, and what they have used by them, in order. Neither
	// the teams nor the budgets, which take the place of those with their ids, need be stored.
	Preview(ctx context.Context, teams []api.Team, budgets []api.Budget) ([]api.TeamTerms, []api.TeamUse, error)
	// LimitsInForce are the rate limits of a team with those that its budget or the configuration gives it.
	LimitsInForce(ctx context.Context, team api.Team) (api.RateLimits, error)
	// PeriodStart is when the running period of a pot began, the zero time for one that never resets.
	PeriodStart(pot api.Budget) time.Time
	// PotWatched and KeyWatched say whether a pot's cap, or a key's own limits, are only watched and refuse nobody yet.
	PotWatched(pot api.Budget) bool
	KeyWatched(ctx context.Context, key api.Key) (bool, error)

	// ResetTeam and its sisters set what was spent, or an opening balance, with an audit row, and return when that is in force everywhere.
	ResetTeam(ctx context.Context, change api.Change, team api.Team, to api.SpendTarget) (api.SpendWasReset, error)
	ResetKey(ctx context.Context, change api.Change, key api.Key, to api.SpendTarget) (api.SpendWasReset, error)
	ResetUser(ctx context.Context, change api.Change, user api.User, to api.SpendTarget) (api.SpendWasReset, error)
	ResetMember(ctx context.Context, change api.Change, team api.Team, member api.Membership, to api.SpendTarget) (api.SpendWasReset, error)
	ResetBudget(ctx context.Context, change api.Change, pot api.Budget, to api.SpendTarget) (api.SpendWasReset, error)
}

// Forecasts say what budgets will cost.
type Forecasts interface {
	// Forecasts answers a question, with what falls first at the front. Errors: [api.NotFound].
	Forecasts(ctx context.Context, query api.ForecastQuery) ([]api.Forecast, error)
}

// Changes puts stored changes in force. Each method returns when every gateway judges by the new
// state; before is nil for what was made, after for what was deleted. The keys and members of a team change with it.
type Changes interface {
	TeamChanged(ctx context.Context, teamID string) error
	KeyChanged(ctx context.Context, before, after *api.Key) error
	// UserChanged is for users; keys are those that are gone with the change.
	UserChanged(ctx context.Context, userID string, keys ...api.Key) error
	BudgetChanged(ctx context.Context, before, after *api.Budget) error
	RouteChanged(ctx context.Context, before, after *api.AlertRoute) error
}
