package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// readinessTimeout bounds how long a health check waits for a store.
const readinessTimeout = 2 * time.Second

// readiness is the answer of GET /health/readiness. The names are LiteLLM's where it has some.
type readiness struct {
	Status string `json:"status"`
	// DB is the record, Counters the live windows and budgets: "connected", or why not.
	DB       string `json:"db"`
	Record   string `json:"record"`
	Cache    string `json:"cache"`
	Counters string `json:"counters"`
	Version  string `json:"version"`
}

// liveliness answers as long as the process can: LiteLLM's words, which probes look for.
func liveliness(w http.ResponseWriter, _ *http.Request) error {
	return httpx.WriteJSON(w, http.StatusOK, "I'm alive!")
}

// readiness says whether requests can be served now, and which store is down if not.
func (a *App) readiness(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readinessTimeout)
	defer cancel()
	answer := readiness{
		Status: "healthy", DB: "connected", Cache: "connected",
		Record: a.parts.store.Kind(), Counters: a.parts.counters, Version: a.options.Version,
	}
	status := http.StatusOK
	if a.draining.Load() {
		answer.Status, status = "draining", http.StatusServiceUnavailable
	}
	if err := a.parts.store.Ping(ctx); err != nil {
		answer.DB, answer.Status, status = "Not connected", "unhealthy", http.StatusServiceUnavailable
		a.options.Logger.Warn("the record cannot be reached", slog.String("store", a.parts.store.Kind()), slog.Any("error", err))
	}
	if err := a.parts.engine.Ping(ctx); err != nil {
		answer.Cache, answer.Status, status = "Not connected", "unhealthy", http.StatusServiceUnavailable
		a.options.Logger.Warn("the counters cannot be reached", slog.String("store", a.parts.counters), slog.Any("error", err))
	}
	return httpx.WriteJSON(w, status, answer)
}
