package app

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// readinessTimeout bounds how long a health check waits for a store.
const readinessTimeout = 2 * time.Second

// readiness is the answer of GET /health/readiness. The names are LiteLLM's where it has some.
type readiness struct {
	// Status is "healthy", "degraded" while some calls are refused for want of a store, "unhealthy" when the gateway should get none, or
	// "draining" when it was told to stop.
	Status string `json:"status"`
	// DB is the record, Counters the live windows and budgets: "connected", or why not.
	DB       string `json:"db"`
	Record   string `json:"record"`
	Cache    string `json:"cache"`
	Counters string `json:"counters"`
	Version  string `json:"version"`
	// Refused says which calls are refused now.
	Refused []string `json:"refused,omitempty"`
	// Reason says why the gateway should get no calls.
	Reason string `json:"reason,omitempty"`
}

// liveliness answers as long as the process can: LiteLLM's words, which probes look for.
func liveliness(w http.ResponseWriter, _ *http.Request) error {
	return httpx.WriteJSON(w, http.StatusOK, "I'm alive!")
}

// readiness says whether the gateway should get calls now: while it serves at least one kind of them. It says
// which store is down and what is refused.
func (a *App) readiness(w http.ResponseWriter, r *http.Request) error {
	record, counters := a.reach(r.Context())
	answer := a.ready(record, counters)
	status := http.StatusOK
	if answer.Status == "unhealthy" || answer.Status == "draining" {
		status = http.StatusServiceUnavailable
	}
	return httpx.WriteJSON(w, status, answer)
}

// reach says which stores can be reached, and logs why not.
func (a *App) reach(ctx context.Context) (record, counters bool) {
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	var asking sync.WaitGroup
	ask := func(reached *bool, ping func(context.Context) error, what, kind string) {
		asking.Go(func() {
			err := ping(ctx)
			*reached = err == nil
			if err != nil {
				a.options.Logger.Warn(what+" cannot be reached", slog.String("store", kind), slog.Any("error", err))
			}
		})
	}
	ask(&record, a.parts.store.Ping, "the record", a.parts.store.Kind())
	ask(&counters, a.parts.engine.Ping, "the counters", a.parts.counters)
	asking.Wait()
	return record, counters
}

func (a *App) ready(record, counters bool) readiness {
	answer := readiness{
		Status: "healthy", DB: "connected", Cache: "connected",
		Record: a.parts.store.Kind(), Counters: a.parts.counters, Version: a.options.Version,
	}
	if !record {
		answer.DB = "Not connected"
	}
	if !counters {
		answer.Cache = "Not connected"
	}
	if !record || !counters {
		answer.Refused, answer.Status = a.refused(record, counters), "degraded"
	}
	if answer.Reason = a.whyNot(record, counters); answer.Reason != "" {
		answer.Status = "unhealthy"
	}
	if a.draining.Load() {
		answer.Status, answer.Reason = "draining", "the gateway was told to stop"
	}
	return answer
}

// refused names what is not served while a store is away.
func (a *App) refused(record, counters bool) []string {
	switch c := a.options.Config; {
	case !record && !counters, !record && a.parts.store.Kind() == store.SQLite:
		return []string{"all calls"}
	case !record:
		return []string{
			"admin calls", "calls with keys and teams that this gateway has not seen lately",
			"calls with a hard budget, once as much waits for the record as budgets.max_backlog allows",
		}
	case c.RateLimitsOnStoreDown == redis.DownClosed && c.BudgetsOnStoreDown == redis.DownClosed:
		return []string{"all calls"}
	case c.BudgetsOnStoreDown == redis.DownClosed:
		return []string{"calls with a hard budget"}
	case c.RateLimitsOnStoreDown == redis.DownClosed:
		return []string{"calls with a rate limit"}
	default:
		return nil
	}
}

// whyNot says why the gateway should get no calls; "" is that it should.
func (a *App) whyNot(record, counters bool) string {
	refused := a.refused(record, counters)
	switch sight := a.parts.sight; {
	case record && counters:
		return ""
	case a.options.Config.ReadinessStrict:
		return "a store cannot be reached, and readiness is strict"
	case len(refused) == 1 && refused[0] == "all calls":
		return "no call can be served without the store"
	case sight != nil && !counters && sight.counters.alone.Load():
		return "only this gateway cannot reach the counters: others do"
	case sight != nil && !record && sight.record.alone.Load():
		return "only this gateway cannot reach the record: others do"
	default:
		return ""
	}
}
