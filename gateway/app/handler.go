package app

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// handlers serve the routes, with what all of them need, at the gateway's one door or at its two.
func (a *App) handlers() []http.Handler {
	var handlers []http.Handler
	for _, mux := range a.muxes() {
		handlers = append(handlers, httpx.Chain(mux, a.countTraffic, httpx.Identify(a.options.Config.TrustedProxies),
			httpx.Recover(a.options.Logger), httpx.OneLength(a.options.Logger)))
	}
	return handlers
}

// muxes have the routes of each door.
func (a *App) muxes() []*httpx.Mux {
	var muxes []*httpx.Mux
	for range a.doors {
		muxes = append(muxes, a.mux())
	}
	a.parts.proxy.Register(muxes[0])
	a.administer(muxes[len(muxes)-1])
	return muxes
}

// mux has the health checks, which every door answers.
func (a *App) mux() *httpx.Mux {
	logger := a.options.Logger
	mux := httpx.NewMux(logger)
	for _, path := range []string{"/health/liveliness", "/health/liveness"} {
		mux.Handle("GET "+path, httpx.Handle(logger, liveliness))
	}
	mux.Handle("GET /health/readiness", httpx.Handle(logger, a.readiness))
	return mux
}

// administer adds the metrics, the description of the API and, for all that has no route, the admin API.
func (a *App) administer(mux *httpx.Mux) {
	mux.Handle("GET /metrics", httpx.Handle(a.options.Logger, a.serveMetrics))
	for _, route := range openapi.Routes(func() ([]byte, error) { return Description(a.options.Version) }) {
		mux.Handle(route.Pattern, route.Handler)
	}
	administration := admin.New(a.parts.admin)
	a.serveConsole(mux, administration)
	mux.Otherwise(administration)
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
