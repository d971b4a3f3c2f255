package app

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
)

// handler serves the routes with what all of them need.
func (a *App) handler(description []byte) http.Handler {
	return httpx.Chain(a.routes(description), a.countTraffic, httpx.Identify, httpx.Recover(a.options.Logger))
}

// routes joins the data path, the health checks, the description of the API and, for everything else, the admin API.
func (a *App) routes(description []byte) *httpx.Mux {
	logger := a.options.Logger
	mux := httpx.NewMux(logger)
	a.parts.proxy.Register(mux)
	for _, path := range []string{"/health/liveliness", "/health/liveness"} {
		mux.Handle("GET "+path, httpx.Handle(logger, liveliness))
	}
	mux.Handle("GET /health/readiness", httpx.Handle(logger, a.readiness))
	mux.Handle("GET /metrics", httpx.Handle(logger, a.serveMetrics))
	for _, route := range openapi.Routes(description) {
		mux.Handle(route.Pattern, route.Handler)
	}
	mux.Otherwise(admin.New(a.parts.admin))
	return mux
}

// serveMetrics answers to the admin key alone: what teams spend is nobody else's business.
func (a *App) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.parts.admins.Authenticate(r.Context(), r.Header); err != nil {
		return err
	}
	a.parts.metrics.Handler().ServeHTTP(w, r)
	return nil
}
