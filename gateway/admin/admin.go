// Package admin serves the admin API: teams, keys, budgets and alert routes in the paths and
// shapes that clients of LiteLLM know.
//
// It promises that every route has a permission, that what a request leaves out is kept and what
// it calls null is cleared, that a refused request changes nothing, and that an answered change is
// in force on every gateway. It must never know how objects are stored or how limits are counted.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/alerts"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/approving"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/rehearse"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/usage"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// writeTimeout bounds a change whose client has hung up.
const writeTimeout = 30 * time.Second

// Options are what the admin API is made of. All but those after Logger are required.
type Options struct {
	// Door lets callers in.
	Door     *access.Door
	Record   stores.Record
	Spending stores.Spending
	Changes  stores.Changes
	Tester   alerts.Tester
	Logger   *slog.Logger
	// Declared knows the objects of the configuration file; nil is none.
	Declared Declared
	// Models are what is served; nil is none.
	Models Models
	// Prices are those of the models that are served; nil is none.
	Prices usage.Prices
	// Forecasts say when caps fall; nil foresees nothing.
	Forecasts stores.Forecasts
	// Replay decides the calls of a time again under a proposal; nil cannot.
	Replay func(ctx context.Context, proposal api.Proposal, from, to time.Time) (api.QuotaReplay, error)
	// People says that people come with tokens of an identity provider: their names are not known beforehand.
	People bool
	// IsWorkload says whether a pipeline that comes with a token of its platform is called so: nobody else signs with its name. nil knows none.
	IsWorkload func(name string) bool
	// MaxBody is the largest request body in bytes; 0 is [httpx.DefaultMaxBody].
	MaxBody int64
	// AutoApprove are the rules by which small requests for more are approved at once.
	AutoApprove []asking.Rule
	// AskingPolicy, if there is one, keeps requests from these rules that somebody must agree to.
	AskingPolicy asking.Policy
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// nothingForeseen has no forecasts.
type nothingForeseen struct{}

func (nothingForeseen) Forecasts(context.Context, api.ForecastQuery) ([]api.Forecast, error) {
	return nil, nil
}

// Server answers the admin API.
type Server struct {
	record   stores.Record
	spending stores.Spending
	changes  stores.Changes
	tester   alerts.Tester
	models   Models
	declared Declared
	prices   usage.Prices
	// forecasts say when caps fall.
	forecasts    stores.Forecasts
	people       bool
	isWorkload   func(name string) bool
	now          func() time.Time
	askingPolicy asking.Policy
	rules        []asking.Rule
	logger       *slog.Logger
	replay       func(ctx context.Context, proposal api.Proposal, from, to time.Time) (api.QuotaReplay, error)
	// replaying lets in one replay at a time: each may read a million rows.
	replaying chan struct{}
}

// New returns the handler of all admin paths, and of every path that no route has.
// It panics when a route has no permission, or one of teams and nothing to tell them by: such a gateway
// must not start.
func New(options Options) http.Handler {
	s := &Server{
		record: options.Record, spending: options.Spending, changes: options.Changes, tester: options.Tester,
		models: options.Models, declared: options.Declared, prices: options.Prices, forecasts: options.Forecasts, people: options.People, isWorkload: options.IsWorkload, now: options.Now,
		rules: options.AutoApprove, askingPolicy: options.AskingPolicy, logger: options.Logger,
		replay: options.Replay, replaying: make(chan struct{}, 1),
	}
	if s.models == nil {
		s.models = noModels{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.declared == nil {
		s.declared = nothingDeclared{}
	}
	if s.prices == nil {
		s.prices = usage.NothingPriced{}
	}
	if s.forecasts == nil {
		s.forecasts = nothingForeseen{}
	}
	maxBody := options.MaxBody
	if maxBody == 0 {
		maxBody = httpx.DefaultMaxBody
	}
	mux := httpx.NewMux(options.Logger)
	for _, route := range s.routes() {
		if fault := route.Fault(); fault != "" {
			panic(fault)
		}
		mux.Handle(route.Pattern(), httpx.Handle(options.Logger, s.serve(route, options.Door)))
	}
	return httpx.Chain(mux,
		httpx.Identify(nil),
		httpx.SecurityHeaders,
		httpx.LogRequests(options.Logger, "admin request"),
		httpx.Recover(options.Logger),
		limitBody(maxBody),
	)
}

// largeBodies are the routes whose requests are larger than anything else; they are read only of those who are let in.
var largeBodies = map[string]int64{approving.Path: approving.MaxBody, usage.BringPath: usage.MaxBringBody}

// limitBody bounds bodies.
func limitBody(maxBody int64) httpx.Middleware {
	return func(next http.Handler) http.Handler {
		ordinary, large := httpx.LimitBody(maxBody)(next), map[string]http.Handler{}
		for path, most := range largeBodies {
			large[path] = httpx.LimitBody(max(maxBody, most))(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if handler, there := large[r.URL.Path]; there {
				handler.ServeHTTP(w, r)
				return
			}
			ordinary.ServeHTTP(w, r)
		})
	}
}

// serve lets in who has the route's permission, reads the request, and answers what the handler returns.
func (s *Server) serve(served route.Route, door *access.Door) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := door.Authenticate(r)
		if err != nil {
			return err
		}
		if !caller.Role.May(served.Permission) {
			return api.Errorf(api.Forbidden, "role %s may not use %s", caller.Role, served.Pattern())
		}
		c, err := served.Read(r, caller)
		if err != nil {
			return err
		}
		if served.Changes() {
			// What has begun is finished, or it would be stored without being in force.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), writeTimeout)
			defer cancel()
			c.Request = r.WithContext(ctx)
			if err := s.sign(c); err != nil {
				return err
			}
		}
		answer, err := served.Serve(c)
		c.Warn(w.Header())
		if err != nil {
			return err
		}
		if served.Changes() && c.Change.ManagedBy != nil {
			s.arrived(c)
		}
		if rows, ok := answer.(route.Streamed); ok {
			return rows.Write(r.Context(), w)
		}
		return httpx.WriteJSON(w, http.StatusOK, answer)
	}
}

// desk is where more is asked for.
func (s *Server) desk() *asking.Desk {
	return &asking.Desk{Record: s.record, Spending: s.spending, Changes: s.changes, Rules: s.rules, Policy: s.askingPolicy, Now: s.now, Logger: s.logger}
}

// arrived closes the requests that waited for a change of a configuration. That change is made already, so it is no
// failure of it when this cannot be done; the next one tries again.
func (s *Server) arrived(c *route.Call) {
	if err := s.desk().Arrived(c.Context(), c.Change); err != nil {
		s.logger.WarnContext(c.Context(), "quota requests that wait are not closed", slog.Any("error", err))
	}
}

// usage are the books of what was spent.
func (s *Server) usage() *usage.Books {
	return &usage.Books{Record: s.record, Prices: s.prices, Forecasts: s.forecasts, KeyNamed: s.findKey, Now: s.now}
}

// alerts are where events go. Nothing is declared on a server that only describes its routes.
func (s *Server) alerts() *alerts.Book {
	book := &alerts.Book{Record: s.record, Changes: s.changes, Tester: s.tester, Now: s.now}
	if s.declared != nil {
		book.Declared = s.declared.AlertRoute
	}
	return book
}

// rehearsals say what changes would do, on a server that changes nothing.
func (s *Server) rehearsals() *rehearse.Checker {
	return &rehearse.Checker{
		Record: s.record, Spending: s.spending, Now: s.now, Models: s.allModels,
		Replay: s.replay, Replaying: s.replaying,
		Prices: func(model api.Model) (input, output *money.Nano) {
			facts := s.models.Facts(model)
			return facts.Input, facts.Output
		},
		Within: func(team *api.Team, key api.Key) error { return s.checkWithin(team, api.Key{}, key) },
		Stage: func(record stores.Record, spending stores.Spending, changes stores.Changes) []route.Route {
			stage := *s
			stage.record, stage.spending, stage.changes = record, spending, changes
			stage.models = stagedModels{s.models, time.Now().Add(judgeTimeout)}
			return stage.routes()
		},
	}
}

// stagedModels are the models on a stage: none of its changes is served.
type stagedModels struct {
	Models
	until time.Time
}

// judgeTimeout bounds how long a rehearsal looks for where addresses lead, however many: it holds a transaction open meanwhile.
const judgeTimeout = time.Second

// Judge is that of the models, for as long as a rehearsal can wait. What is not known by then is judged when the change is made.
func (m stagedModels) Judge(ctx context.Context, address string) error {
	ctx, cancel := context.WithDeadline(ctx, m.until)
	defer cancel()
	err := m.Models.Judge(ctx, address)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (stagedModels) Changed(context.Context) error { return nil }
