// Package console serves the pages under /console/: who spends what, what is left of it, who was refused and why.
//
// It promises that a page shows nobody more than the admin API would answer them, that every page works without
// script and asks no other address for anything, that what is done is done by the admin API's own code, and that
// no amount of money is rounded. It must never know how objects are stored or how limits are counted.
package console

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Root is the path that all pages stand under.
const Root = "/console/"

// AskPath is the page where more of a limit can be asked for.
const AskPath = Root + "requests"

// Options are what the console is made of. All but Provider are required.
type Options struct {
	Callers Callers
	Lock    Lock
	// Provider signs people in; nil does not. Person says who somebody is by what it says of them; its error is an
	// [api.Forbidden] for who has no role here.
	Provider Provider
	Person   func(claims map[string]any) (auth.Caller, error)
	Sessions Sessions
	Sealer   Sealer
	Record   Record
	Spending Spending
	// API is the admin API. It believes who [CallerOf] says is asking.
	API http.Handler
	// History is what the days of a team or a shared budget cost, of api.ForecastTeam or api.ForecastBudget. Error: [api.NotFound].
	History func(ctx context.Context, kind, id string) (forecast.History, error)
	Health  func(ctx context.Context) Health
	// Settings are what is in force of the configuration, without secrets.
	Settings func() []Setting
	Logger   *slog.Logger
	Now      func() time.Time
	Version  string
	// Silences are what links in alert messages are good for.
	Silences Silences
}

// Callers find out who a secret belongs to.
type Callers interface {
	// Hash is what is kept of a secret in a session.
	Hash(secret auth.Secret) []byte
	// Reader returns who the secret with this hash belongs to, also when they or their team are blocked: then they may
	// only look. Errors are [api.Unauthenticated] for nobody, [api.ExpiredKey], and those of the record.
	Reader(ctx context.Context, hash []byte) (auth.Caller, error)
}

// Lock keeps who guesses from guessing on. The admin API's is meant, so that guesses count together.
type Lock interface {
	Admit(r *http.Request, known func() bool) error
	Failed(r *http.Request)
}

// Sealer encrypts what a cookie holds.
type Sealer interface {
	Seal(plain []byte, place string) ([]byte, error)
	Open(sealed []byte, place string) ([]byte, error)
	Derive(purpose string) []byte
}

// Record is where objects and what happened are read.
type Record interface {
	Team(ctx context.Context, id string) (api.Team, error)
	Teams(ctx context.Context, filter api.TeamFilter) (teams []api.Team, total int, err error)
	Keys(ctx context.Context, filter api.KeyFilter) (keys []api.Key, total int, err error)
	Key(ctx context.Context, id string) (api.Key, error)
	AllBudgets(ctx context.Context) ([]api.Budget, error)
	Budget(ctx context.Context, id string) (api.Budget, error)
	Member(ctx context.Context, teamID, userID string) (api.Membership, error)
	User(ctx context.Context, id string) (api.User, error)
	Users(ctx context.Context, filter api.UserFilter) (users []api.User, total int, err error)
	Model(ctx context.Context, id string) (api.Model, error)
	AlertRoute(ctx context.Context, id string) (api.AlertRoute, error)
	Budgets(ctx context.Context, filter api.BudgetFilter) (budgets []api.Budget, total int, err error)
	AlertRoutes(ctx context.Context, filter api.AlertRouteFilter) (routes []api.AlertRoute, total int, err error)
	AlertDeliveries(ctx context.Context, filter api.AlertDeliveryFilter) (deliveries []api.AlertDelivery, total int, err error)
	AlertEvents(ctx context.Context, filter api.AlertEventFilter) (events []api.AlertEventRecord, total int, err error)
	AlertSilences(ctx context.Context, now time.Time) ([]api.AlertSilence, error)
	MembersOfTeams(ctx context.Context, teamIDs []string) (map[string][]api.Membership, error)
	AuditPage(ctx context.Context, filter api.AuditFilter) ([]api.Audit, error)
	QuotaRequest(ctx context.Context, id string) (api.QuotaRequest, error)
	QuotaRequests(ctx context.Context, filter api.QuotaRequestFilter) ([]api.QuotaRequest, error)
	EachUsageSum(ctx context.Context, query api.UsageQuery, each func(api.UsageSum) error) error
	// Refusals is how many calls were refused, the most frequent first.
	Refusals(ctx context.Context, query api.RefusalQuery) ([]api.RefusalSum, error)
	// Minutes is what a team or a key was served in each minute.
	Minutes(ctx context.Context, teamID, keyID string, from time.Time) ([]api.UsedMinute, error)
	// LastDays says on which UTC day each key was used last.
	LastDays(ctx context.Context, keyIDs []string) (map[string]string, error)
}

// Spending reads limits and budgets as they stand.
type Spending interface {
	Teams(ctx context.Context, teams []api.Team) ([]api.BudgetState, error)
	Keys(ctx context.Context, keys []api.Key) ([]api.BudgetState, error)
	Budgets(ctx context.Context, budgets []api.Budget) ([]api.BudgetState, error)
	Members(ctx context.Context, team api.Team, members []api.Membership) ([]api.BudgetState, error)
	Users(ctx context.Context, users []api.User) ([]api.BudgetState, error)
	TeamBindings(ctx context.Context, teamID string) ([]policy.Binding, error)
	KeyBindings(ctx context.Context, key api.Key) ([]policy.Binding, error)
}

// Setting is one value of the configuration.
type Setting struct {
	Section, Name, Value string
	// Origin is where it was set, such as "line 12" of the file or BURSAR_LISTEN; "" for nowhere.
	Origin string
}

// Health is how the gateway that answers is doing.
type Health struct {
	// Status is healthy, degraded, unhealthy or draining.
	Status    string
	Stores    []StoreHealth
	Upstreams []UpstreamHealth
}

// StoreHealth is how one store is doing.
type StoreHealth struct {
	Name, Kind string
	Reached    bool
}

// UpstreamHealth is how one deployment of a model is doing.
type UpstreamHealth struct {
	Model, ID          string
	Cooling            bool
	Requests, Failures int64
}

// Server serves the console.
type Server struct {
	Options
	// pages reads the templates once a page is asked for: what is made of them takes two megabytes.
	pages    func() map[string]*template.Template
	overview *overview
	// sums are those of the page of usage.
	sums *later[[]usageRow]
	// csrfKey signs the tokens of forms.
	csrfKey []byte
}

// New returns the handler of everything under [Root].
func New(options Options) http.Handler {
	s := &Server{Options: options, pages: sync.OnceValue(parsePages), csrfKey: options.Sealer.Derive("console forms")}
	s.overview = newOverview(options.Record, options.Spending, options.Now, options.Logger)
	s.sums = newLater[[]usageRow](options.Now, options.Logger)
	// Other sites cannot send forms here: browsers say where a form comes from.
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, api.Errorf(api.Forbidden, "this form was sent from another site"))
	}))
	return httpx.Chain(crossOrigin.Handler(s.routes()), securityHeaders,
		httpx.LogRequests(options.Logger, "console request"), httpx.Recover(options.Logger), limitForm)
}

// maxForm is the largest form in bytes, but for the one with a file.
const maxForm = 256 << 10

func limitForm(next http.Handler) http.Handler {
	form, file := httpx.LimitBody(maxForm)(next), httpx.LimitBody(maxExport)(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == comparePath {
			file.ServeHTTP(w, r)
			return
		}
		form.ServeHTTP(w, r)
	})
}

// policyOfContent lets a page load its own style sheet, script and pictures and nothing else.
const policyOfContent = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Content-Security-Policy", policyOfContent)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
