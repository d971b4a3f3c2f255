package httpx

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Mux is an [http.ServeMux] that answers unknown paths and wrong methods in the contract's body
// and notes the pattern that matched for the log.
type Mux struct {
	mux      *http.ServeMux
	logger   *slog.Logger
	patterns []string
	// otherwise serves the paths that no route has, whatever their method.
	otherwise http.Handler
}

// NewMux returns a mux without routes.
func NewMux(logger *slog.Logger) *Mux {
	return &Mux{mux: http.NewServeMux(), logger: logger}
}

// Handle routes the pattern, such as "GET /team/info", to the handler.
func (m *Mux) Handle(pattern string, handler http.Handler) {
	m.patterns = append(m.patterns, pattern)
	m.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Of(r.Context()).Pattern = pattern
		handler.ServeHTTP(w, r)
	}))
}

// Otherwise gives all paths that no route has to the handler. A route's path with another method is still the mux's own to refuse.
func (m *Mux) Otherwise(handler http.Handler) { m.otherwise = handler }

// Patterns are those that have a handler, in the order they were given one.
func (m *Mux) Patterns() []string { return slices.Clone(m.patterns) }

// ServeHTTP serves the route that matches.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := m.mux.Handler(r)
	if pattern != "" {
		if strings.Contains(pattern, "{") {
			// Only the mux itself can give a handler the values in the path.
			handler = m.mux
		}
		handler.ServeHTTP(w, r)
		return
	}
	refusal := &refusal{header: http.Header{}}
	m.mux.ServeHTTP(refusal, r)
	if m.otherwise != nil && refusal.status != http.StatusMethodNotAllowed {
		m.otherwise.ServeHTTP(w, r)
		return
	}
	WriteError(w, r, m.logger, refusal.err(r))
}

// refusal catches how ServeMux turns a request down, which it writes as plain text.
type refusal struct {
	header http.Header
	status int
}

func (f *refusal) Header() http.Header            { return f.header }
func (f *refusal) WriteHeader(status int)         { f.status = status }
func (f *refusal) Write(data []byte) (int, error) { return len(data), nil }

func (f *refusal) err(r *http.Request) error {
	allow := f.header.Values("Allow")
	if f.status != http.StatusMethodNotAllowed || len(allow) == 0 {
		// Not api.NotFound: a client with a wrong address must not take its objects for gone.
		unknown := api.Errorf(api.Invalid, "the gateway has no such route; check the address and its path")
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			unknown.Message += ". A route of the provider's can be let through at a fixed price: pass_through in the gateway's configuration"
		}
		unknown.Status = http.StatusNotFound
		return unknown
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		// Clients that try a WebSocket first go on over HTTP when they are told so.
		upgrade := api.Errorf(api.UpgradeRequired, "this route speaks HTTP, not WebSocket: send the request with %s", strings.Join(allow, ", "))
		upgrade.Header = http.Header{"Upgrade": {"HTTP/1.1"}, "Connection": {"Upgrade"}, "Allow": allow}
		return upgrade
	}
	refused := api.Errorf(api.MethodNotAllowed, "this route takes %s", strings.Join(allow, ", "))
	refused.Header = http.Header{"Allow": allow}
	return refused
}
