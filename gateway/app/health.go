package app

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
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
	answer := a.ready(a.reach(r.Context()))
	status := http.StatusOK
	if answer.Status == "unhealthy" || answer.Status == "draining" {
		status = http.StatusServiceUnavailable
	}
	return httpx.WriteJSON(w, status, answer)
}

// reached is which stores can be reached, and whether the record can be written: its tables, and rows of the ledger.
type reached struct{ record, tables, rows, counters bool }

// whole says that nothing is refused for want of a store.
func (r reached) whole() bool { return r.record && r.tables && r.rows && r.counters }

// reach says which stores can be used, and logs why not.
func (a *App) reach(ctx context.Context) (found reached) {
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
	ask(&found.record, a.parts.store.Ping, "the record", a.parts.store.Kind())
	ask(&found.counters, a.parts.engine.Ping, "the counters", a.parts.counters)
	asking.Go(func() {
		var err error
		found.rows, err = a.parts.store.Writable(ctx)
		found.tables = err == nil
		if err != nil {
			a.options.Logger.Warn("the record cannot be written", slog.Bool("ledger_rows", found.rows), slog.Any("error", err))
		}
	})
	asking.Wait()
	return found
}

func (a *App) ready(found reached) readiness {
	answer := readiness{
		Status: "healthy", DB: "connected", Cache: "connected",
		Record: a.parts.store.Kind(), Counters: a.parts.counters, Version: a.options.Version,
	}
	switch {
	case !found.record:
		answer.DB = "Not connected"
	case !found.rows || !found.tables:
		answer.DB = "Not writable"
	}
	if !found.counters {
		answer.Cache = "Not connected"
	}
	if !found.whole() {
		answer.Refused, answer.Status = a.refused(found), "degraded"
	}
	if answer.Reason = a.whyNot(found); answer.Reason != "" {
		answer.Status = "unhealthy"
	}
	if a.draining.Load() {
		answer.Status, answer.Reason = "draining", "the gateway was told to stop"
	}
	return answer
}

// refused names what is not served while a store is away or takes nothing.
func (a *App) refused(found reached) []string {
	const changes, laterAll = "admin calls that change something",
		"all calls, once as much waits for the record as budgets.max_backlog allows"
	record, counters := found.record, found.counters
	switch c := a.options.Config; {
	case !record && !counters, !record && a.parts.store.Kind() == store.SQLite,
		!found.rows && (!counters || c.RedisURL == ""): // with a Redis, rows wait there
		return []string{"all calls"}
	case !record:
		return []string{"admin calls", "calls with keys and teams that this gateway has not seen lately", laterAll}
	case counters && !found.rows:
		return []string{changes, laterAll}
	case counters && !found.tables:
		return []string{changes, "reads of the ledger"}
	case c.RateLimitsOnStoreDown == degraded.Closed && c.BudgetsOnStoreDown == degraded.Closed:
		return []string{"all calls"}
	case c.BudgetsOnStoreDown == degraded.Closed:
		return []string{"calls with a hard budget"}
	case c.RateLimitsOnStoreDown == degraded.Closed:
		return []string{"calls with a rate limit"}
	default:
		return nil
	}
}

// whyNot says why the gateway should get no calls; "" is that it should.
func (a *App) whyNot(found reached) string {
	refused := a.refused(found)
	switch sight := a.parts.sight; {
	case found.whole():
		return ""
	case a.options.Config.ReadinessStrict:
		return "a store cannot be used, and readiness is strict"
	case found.record && !found.rows && refused[0] == "all calls":
		return "no call can be served while the record takes no rows"
	case len(refused) == 1 && refused[0] == "all calls":
		return "no call can be served without the store"
	case sight != nil && !found.counters && sight.counters.alone.Load():
		return "only this gateway cannot reach the counters: others do"
	case sight != nil && !found.record && sight.record.alone.Load():
		return "only this gateway cannot reach the record: others do"
	default:
		return ""
	}
}
