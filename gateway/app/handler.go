package app

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// handler joins the data path, the health checks and, for everything else, the admin API.
func (a *App) handler() http.Handler {
	logger := a.options.Logger
	mux := httpx.NewMux(logger)
	a.parts.proxy.Register(mux)
	for _, path := range []string{"/health/liveliness", "/health/liveness"} {
		mux.Handle("GET "+path, httpx.Handle(logger, liveliness))
	}
	mux.Handle("GET /health/readiness", httpx.Handle(logger, a.readiness))
	mux.Handle("/", admin.New(a.parts.admin))
	return httpx.Chain(mux, httpx.Identify, httpx.Recover(logger))
}
