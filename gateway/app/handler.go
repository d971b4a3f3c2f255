package app

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// handler serves the routes with what all of them need.
func (a *App) handler(description []byte) http.Handler {
	return httpx.Chain(a.routes(description), a.countTraffic, httpx.Identify(a.options.Config.TrustedProxies), httpx.Recover(a.options.Logger))
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
	administration := admin.New(a.parts.admin)
	a.serveConsole(mux, administration)
	mux.Otherwise(administration)
	return mux
}

// serveMetrics answers to admins, viewers and the key of those who only collect them: what teams spend is nobody else's
// business. Who else asks is found out as on the admin API, where guesses have an end.
func (a *App) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if !a.parts.collectors.Known(r.Header) {
		caller, err := a.parts.admin.Door.Authenticate(r)
		if err != nil {
			return err
		}
		if !caller.Role.May(auth.Read) {
			return api.Errorf(api.Forbidden, "metrics are for admins, viewers and the key of metrics_key")
		}
	}
	a.parts.metrics.Handler().ServeHTTP(w, r)
	return nil
}
