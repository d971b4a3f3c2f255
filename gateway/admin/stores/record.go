// Package stores says what the admin API needs of the places where objects are kept and spending is counted.
//
// It promises interfaces whose comments are the contract; gateway/app passes what fulfils them. It must never
// know a database, an engine or HTTP.
package stores

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Record is where the objects are kept. Writes are all or nothing, are audited in the same
// transaction, and answer [api.Error]s: NotFound, AlreadyExists, Stale, Conflict, Invalid.
// ifRevision 0 is any revision. An edit that returns an error changes nothing; it may be called again.
type Record interface {
	Books

	// Transaction runs do in a transaction that what do's context is passed to takes part in.
	Transaction(ctx context.Context, do func(ctx context.Context) error) error
	// Idempotent is Transaction for a do that makes an answer, which it keeps for
	// a day. Run again with the same key and fingerprint, it returns that answer and does nothing;
	// with another fingerprint it is an [api.Conflict].
	Idempotent(ctx context.Context, once api.Once, do func(ctx context.Context) (answer []byte, err error)) (answer []byte, replayed bool, err error)

	CreateTeam(ctx context.Context, change api.Change, team api.Team) (api.Team, error)
	Team(ctx context.Context, id string) (api.Team, error)
	Teams(ctx context.Context, filter api.TeamFilter) (teams []api.Team, total int, err error)
	UpdateTeam(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Team) error) (api.Team, error)
	DeleteTeams(ctx context.Context, change api.Change, ids []string) (teams []api.Team, keys []api.Key, err error)

	CreateKey(ctx context.Context, change api.Change, key api.Key, digest []byte) (api.Key, error)
	Key(ctx context.Context, id string) (api.Key, error)
	KeyByDigest(ctx context.Context, digest []byte) (api.Key, error)
	KeyByAlias(ctx context.Context, alias string) (api.Key, error)
	Keys(ctx context.Context, filter api.KeyFilter) (keys []api.Key, total int, err error)
	// KeyAliases returns the aliases that contain a text, in order.
	KeyAliases(ctx context.Context, filter api.KeyFilter) ([]string, error)
	UpdateKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Key) error) (api.Key, error)
	DeleteKeys(ctx context.Context, change api.Change, ids []string) ([]api.Key, error)
	RotateKey(ctx context.Context, change api.Change, id string, digest []byte, newName string, oldValidUntil time.Time, madeBy *api.Credential) (api.Key, error)

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
	DeleteAlertRoutes(ctx context.Context, change api.Change, ids []string, escalationsEnd bool) ([]api.AlertRoute, error)

	// AlertEvents are what happened, newest first, with what was decided about each, and how many there are without the filter's page.
	AlertEvents(ctx context.Context, filter api.AlertEventFilter) (events []api.AlertEventRecord, total int, err error)
	AcknowledgeAlert(ctx context.Context, change api.Change, eventID string) (api.AlertEventRecord, error)
	SilenceAlerts(ctx context.Context, change api.Change, silence api.AlertSilence) (api.AlertSilence, error)
	EndSilence(ctx context.Context, change api.Change, id string) (api.AlertSilence, error)
	// AlertSilences are those that have not ended.
	AlertSilences(ctx context.Context, now time.Time) ([]api.AlertSilence, error)

	// AlertDeliveries are what became of alert messages, newest first, and how many there are without the filter's page.
	AlertDeliveries(ctx context.Context, filter api.AlertDeliveryFilter) (deliveries []api.AlertDelivery, total int, err error)
	// ReplayDeliveries makes deliveries that were given up due again: those with the ids, or all of a route.
	ReplayDeliveries(ctx context.Context, change api.Change, ids []string, routeID string) (replayed []string, err error)

	// PlanSpend remembers that a team is meant to spend more on some days; PlannedSpends are those days, the last first. Nil
	// teamIDs are all teams, "" is any day.
	PlanSpend(ctx context.Context, change api.Change, planned api.PlannedSpend) (api.PlannedSpend, error)
	// UnplanSpend takes that back. Error: [api.NotFound].
	UnplanSpend(ctx context.Context, change api.Change, planned api.PlannedSpend) error
	PlannedSpends(ctx context.Context, teamIDs []string, day string) ([]api.PlannedSpend, error)

	People
	Requests
}

// Requests is the part of the [Record] about what teams ask for.
type Requests interface {
	CreateQuotaReview(ctx context.Context, change api.Change, review api.QuotaReview) (api.QuotaReview, error)
	// QuotaReview returns a review with its changes; QuotaReviews without, newest first.
	QuotaReview(ctx context.Context, id string) (api.QuotaReview, error)
	QuotaReviews(ctx context.Context, filter api.QuotaReviewFilter) ([]api.QuotaReview, error)
	WithdrawQuotaReview(ctx context.Context, change api.Change, id string) (api.QuotaReview, error)

	CreateQuotaRequest(ctx context.Context, change api.Change, request api.QuotaRequest) (api.QuotaRequest, error)
	QuotaRequest(ctx context.Context, id string) (api.QuotaRequest, error)
	// QuotaRequests returns the requests that the filter selects, newest first.
	QuotaRequests(ctx context.Context, filter api.QuotaRequestFilter) ([]api.QuotaRequest, error)
	// UpdateQuotaRequest changes a request; verb names the change in the audit log.
	UpdateQuotaRequest(ctx context.Context, change api.Change, verb, id string, ifRevision int64, edit func(*api.QuotaRequest) error) (api.QuotaRequest, error)
	// InsertAlertEvent tells people of something; one that is there already stays as it is.
	InsertAlertEvent(ctx context.Context, event api.AlertEvent) error
}
