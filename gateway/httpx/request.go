package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Request is what becomes known of one request while it is served; the log line is written from it.
type Request struct {
	// ID is the caller's X-Request-Id when it is a sane one, else made here.
	ID string
	// Pattern is the route that matched; empty when none did.
	Pattern string
	// Actor is who is behind the request, once that is known.
	Actor string
	// Address is the network address of the client.
	Address string
	// Encrypted: the gateway itself speaks TLS with whoever sent it.
	Encrypted bool
}

type requestKey struct{}

// Of returns what is known of the request that ctx belongs to; outside of [Identify] an empty one.
func Of(ctx context.Context) *Request {
	if request, ok := ctx.Value(requestKey{}).(*Request); ok {
		return request
	}
	return &Request{}
}

// RequestID returns the id of the request that ctx belongs to, "" outside of [Identify].
func RequestID(ctx context.Context) string { return Of(ctx).ID }

// saneID keeps ids short and free of anything that could forge a log line or a header.
var saneID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$`)

// Identify gives every request an id, which is answered in X-Request-Id, and finds out where it came from, by the word of
// proxies of the trusted networks. What an outer Identify has found stays.
func Identify(trusted []netip.Prefix) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if RequestID(r.Context()) == "" {
				request := &Request{ID: requestID(r), Address: clientAddress(r, trusted), Encrypted: encrypted(r)}
				w.Header().Set(api.HeaderRequestID, request.ID)
				r = r.WithContext(context.WithValue(r.Context(), requestKey{}, request))
			}
			next.ServeHTTP(w, r)
		})
	}
}

func requestID(r *http.Request) string {
	if id := r.Header.Get(api.HeaderRequestID); id != "" && saneID.MatchString(id) && !strings.HasPrefix(id, "sk-") {
		return id
	}
	return newRequestID()
}

// newRequestID makes ids that follow each other: they stand side by side in the record's index, which costs it a page a
// hundred rows and not one a row.
func newRequestID() string {
	const prefix = "req_"
	var id [len(prefix) + ulid.EncodedSize]byte
	copy(id[:], prefix)
	_ = ulid.Make().MarshalTextTo(id[len(prefix):]) // fails for another size only
	for i, c := range id {
		if 'A' <= c && c <= 'Z' {
			id[i] = c - 'A' + 'a'
		}
	}
	return string(id[:])
}

// LogRequests writes one line per request with what the gateway decided itself, never a header,
// a query or a body. It belongs inside of [Identify].
func LogRequests(logger *slog.Logger, message string) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			status := &Status{ResponseWriter: w}
			next.ServeHTTP(status, r)
			request := Of(r.Context())
			logger.LogAttrs(r.Context(), slog.LevelInfo, message,
				slog.String("request_id", request.ID),
				slog.String("method", loggedMethod(r.Method)),
				slog.String("pattern", request.Pattern),
				slog.Int("status", status.Code),
				slog.Int64("latency_ms", time.Since(start).Milliseconds()),
				slog.String("actor", request.Actor),
				slog.String("address", request.Address))
		})
	}
}

// loggedMethod keeps what a stranger sends as a method out of the log.
func loggedMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "OTHER"
	}
}
