// Package admin serves the admin API: teams, keys, budgets and alert routes in the paths and
// shapes that clients of LiteLLM know.
//
// It promises that every route has a permission, that what a request leaves out is kept and what
// it calls null is cleared, that a refused request changes nothing, and that an answered change is
// in force on every gateway. It must never know how objects are stored or how limits are counted.
package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// writeTimeout bounds a change whose client has hung up.
const writeTimeout = 30 * time.Second

// Options are what the admin API is made of. All but those after Logger are required.
type Options struct {
	Authenticator Authenticator
	Record        Record
	Spending      Spending
	Changes       Changes
	Tester        Tester
	// Pepper keys the hashes of secrets; see [auth.Hash].
	Pepper []byte
	Logger *slog.Logger
	// Declared knows the objects of the configuration file; nil is none.
	Declared Declared
	// Models are what is served; nil is none.
	Models Models
	// Prices are those of the models that are served; nil is none.
	Prices Prices
	// People says that people come with tokens of an identity provider: their names are not known beforehand.
	People bool
	// MaxBody is the largest request body in bytes; 0 is [httpx.DefaultMaxBody].
	MaxBody int64
	// FailuresAllowed is how many requests of one address may fail to authenticate in a row before
	// more of them are turned away unread; 0 is 30.
	FailuresAllowed int
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Authenticator finds out who sends a request. Its errors are [api.Error]s.
type Authenticator interface {
	Authenticate(ctx context.Context, header http.Header) (auth.Caller, error)
	// Known says whether the headers carry what is right, without a look-up for every guess. Who does gets in however
	// many others from the same address did not.
	Known(ctx context.Context, header http.Header) bool
}

// Server answers the admin API.
type Server struct {
	authenticator Authenticator
	record        Record
	spending      Spending
	changes       Changes
	tester        Tester
	models        Models
	declared      Declared
	prices        Prices
	pepper        []byte
	people        bool
	now           func() time.Time
	throttle      *throttle
}

// New returns the handler of all admin paths, and of every path that no route has.
// It panics when a route has no permission, or one of teams and nothing to tell them by: such a gateway
// must not start.
func New(options Options) http.Handler {
	s := &Server{
		authenticator: options.Authenticator, record: options.Record, spending: options.Spending,
		changes: options.Changes, tester: options.Tester, models: options.Models, declared: options.Declared,
		prices: options.Prices, pepper: options.Pepper, people: options.People, now: options.Now,
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
		s.prices = nothingPriced{}
	}
	s.throttle = newThrottle(options.FailuresAllowed)
	maxBody := options.MaxBody
	if maxBody == 0 {
		maxBody = httpx.DefaultMaxBody
	}
	mux := httpx.NewMux(options.Logger)
	for _, route := range routes {
		if !route.Permission.Known() {
			panic("admin route " + route.Pattern() + " has no permission")
		}
		if route.Permission.OfTeams() && scopes[route.Pattern()] == nil {
			panic("admin route " + route.Pattern() + " does not say which teams a request is about")
		}
		mux.Handle(route.Pattern(), httpx.Handle(options.Logger, s.serve(route)))
	}
	return httpx.Chain(mux,
		httpx.Identify,
		httpx.SecurityHeaders,
		httpx.LogRequests(options.Logger, "admin request"),
		httpx.Recover(options.Logger),
		httpx.LimitBody(maxBody),
	)
}

// serve lets in who has the route's permission, reads the request, and answers what the handler returns.
func (s *Server) serve(route Route) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := s.authenticate(r)
		if err != nil {
			return err
		}
		if !caller.Role.May(route.Permission) {
			return api.Errorf(api.Forbidden, "role %s may not use %s", caller.Role, route.Pattern())
		}
		c, err := newCall(r, caller)
		if err != nil {
			return err
		}
		if err := c.expectQuery(route); err != nil {
			return err
		}
		if err := s.checkScope(route, c); err != nil {
			return err
		}
		if route.Changes() {
			// What has begun is finished, or it would be stored without being in force.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), writeTimeout)
			defer cancel()
			c.request = r.WithContext(ctx)
			if err := s.nameActor(c); err != nil {
				return err
			}
		}
		answer, err := route.handler(s, c)
		c.warn(w.Header())
		if err != nil {
			return err
		}
		if rows, ok := answer.(streamed); ok {
			return rows.write(r.Context(), w)
		}
		return httpx.WriteJSON(w, http.StatusOK, answer)
	}
}

// inForce words the failure of a change that is stored already.
func inForce(err error) error {
	if err == nil {
		return nil
	}
	return api.Errorf(api.StoreUnavailable, "the change is stored, but not yet in force on every gateway; send it again").WithCause(err)
}

// taken names the field that holds an id which is in use already, for clients that point at it.
func taken(err error, field string) error {
	var known *api.Error
	if errors.As(err, &known) && known.Code == api.AlreadyExists && known.Param == "" {
		named := *known
		named.Param = field
		return &named
	}
	return err
}

// unspent words the failure to read what has been spent.
func unspent(err error) error {
	var known *api.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known) && known.Code == api.NotFound:
		return api.FieldErrorf("budget_id", "names a budget that is not there").WithCause(err)
	case errors.As(err, &known):
		return err
	default:
		return api.Errorf(api.StoreUnavailable, "what has been spent cannot be read now; try again").WithCause(err)
	}
}
