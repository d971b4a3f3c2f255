package admin

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Record is where the objects are kept. Writes are all or nothing, are audited in the same
// transaction, and answer [api.Error]s: NotFound, AlreadyExists, Stale, Conflict, Invalid.
// ifRevision 0 is any revision. An edit that returns an error changes nothing; it may be called again.
type Record interface {
	Books

	// Idempotent runs do in a transaction that what do's context is passed to takes part in, and keeps its
	// answer for a day. Run again with the same key and fingerprint, it returns that answer and does nothing;
	// with another fingerprint it is an [api.Conflict].
	Idempotent(ctx context.Context, once api.Once, do func(ctx context.Context) (answer []byte, err error)) (answer []byte, replayed bool, err error)

	CreateTeam(ctx context.Context, change api.Change, team api.Team) (api.Team, error)
	Team(ctx context.Context, id string) (api.Team, error)
	Teams(ctx context.Context, filter api.TeamFilter) (teams []api.Team, total int, err error)
	UpdateTeam(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Team) error) (api.Team, error)
	DeleteTeams(ctx context.Context, change api.Change, ids []string) (teams []api.Team, keys []api.Key, err error)

	CreateKey(ctx context.Context, change api.Change, key api.Key, secretHash []byte) (api.Key, error)
	Key(ctx context.Context, id string) (api.Key, error)
	KeyBySecretHash(ctx context.Context, hash []byte) (api.Key, error)
	KeyByAlias(ctx context.Context, alias string) (api.Key, error)
	Keys(ctx context.Context, filter api.KeyFilter) (keys []api.Key, total int, err error)
	// KeyAliases returns the aliases that contain a text, in order.
	KeyAliases(ctx context.Context, filter api.KeyFilter) ([]string, error)
	UpdateKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Key) error) (api.Key, error)
	DeleteKeys(ctx context.Context, change api.Change, ids []string) ([]api.Key, error)
	RotateKey(ctx context.Context, change api.Change, id string, newHash []byte, newName string, oldValidUntil time.Time, madeBy *api.Credential) (api.Key, error)

	CreateBudget(ctx context.Context, change api.Change, budget api.Budget) (api.Budget, error)
	Budget(ctx context.Context, id string) (api.Budget, error)
	Budgets(ctx context.Context, filter api.BudgetFilter) (budgets []api.Budget, total int, err error)
	UpdateBudget(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Budget) error) (api.Budget, error)
	DeleteBudgets(ctx context.Context, change api.Change, ids []string) ([]api.Budget, error)

	CreateModel(ctx context.Context, change api.Change, model api.Model) (api.Model, error)
	Models(ctx context.Context, filter api.ModelFilter) (models []api.Model, total int, err error)
	UpdateModel(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Model) error) (api.Model, error)
	DeleteModels(ctx context.Context, change api.Change, ids []string) ([]api.Model, error)

	CreateAlertRoute(ctx context.Context, change api.Change, route api.AlertRoute) (api.AlertRoute, error)
	AlertRoute(ctx context.Context, id string) (api.AlertRoute, error)
	AlertRoutes(ctx context.Context, filter api.AlertRouteFilter) (routes []api.AlertRoute, total int, err error)
	UpdateAlertRoute(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.AlertRoute) error) (api.AlertRoute, error)
	DeleteAlertRoutes(ctx context.Context, change api.Change, ids []string) ([]api.AlertRoute, error)

	People
}

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
	// PeriodStart is when the running period of a pot began, the zero time for one that never resets.
	PeriodStart(pot api.Budget) time.Time

	// ResetTeam and its sisters set what was spent, with an audit row, and return when that is in force everywhere.
	ResetTeam(ctx context.Context, change api.Change, team api.Team, to money.Nano) (api.SpendWasReset, error)
	ResetKey(ctx context.Context, change api.Change, key api.Key, to money.Nano) (api.SpendWasReset, error)
	ResetUser(ctx context.Context, change api.Change, user api.User, to money.Nano) (api.SpendWasReset, error)
	ResetMember(ctx context.Context, change api.Change, team api.Team, member api.Membership, to money.Nano) (api.SpendWasReset, error)
	ResetBudget(ctx context.Context, change api.Change, pot api.Budget, to money.Nano) (api.SpendWasReset, error)
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

// Tester sends a test event to a route and returns when it has arrived, or an [api.Error] saying why not.
type Tester interface {
	SendTest(ctx context.Context, routeID string) error
}

// Declared knows which objects the configuration file declares, and in which file.
// They cannot be changed through the API.
type Declared interface {
	Team(id string) (file string, ok bool)
	Budget(id string) (file string, ok bool)
	AlertRoute(id string) (file string, ok bool)
}

type nothingDeclared struct{}

func (nothingDeclared) Team(string) (string, bool)       { return "", false }
func (nothingDeclared) Budget(string) (string, bool)     { return "", false }
func (nothingDeclared) AlertRoute(string) (string, bool) { return "", false }

// undeclared refuses to change the objects that the configuration file declares.
func undeclared(noun string, declared func(id string) (string, bool), ids ...string) error {
	for _, id := range ids {
		if file, ok := declared(id); ok {
			return api.Errorf(api.Conflict, "%s %q is declared in %s; change it there", noun, id, file)
		}
	}
	return nil
}
