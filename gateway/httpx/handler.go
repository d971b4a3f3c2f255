// Package httpx is how the gateway speaks HTTP: handlers that return errors, and the one
// place that turns an error into an answer.
//
// It promises that every refusal has the same body, that no cause or secret reaches a client,
// that no body is read further than its limit, and that every request has an id. It must never
// know of teams, keys, limits or who may do what.
package httpx

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Handler answers a request, or returns why it cannot. A handler that returns an error has
// written nothing yet; an *api.Error is answered as it is, anything else as an internal error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Middleware wraps a handler with one more concern.
type Middleware func(http.Handler) http.Handler

// Chain wraps handler so that the first middleware sees the request first.
func Chain(handler http.Handler, middleware ...Middleware) http.Handler {
	for _, m := range slices.Backward(middleware) {
		handler = m(handler)
	}
	return handler
}

// Handle makes an [http.Handler] of h; what it returns is answered and logged by [WriteError].
func Handle(logger *slog.Logger, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			WriteError(w, r, logger, err)
		}
	})
}

// WriteError answers err in the contract's body. The cause of an [api.Error], and any other error
// in whole, is logged with the request's id and never answered.
func WriteError(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	WriteErrorAs(w, r, logger, err, func(answer *api.Error) any { return answer.Body() })
}

// WriteErrorAs is [WriteError] for routes whose clients expect another body.
func WriteErrorAs(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error, body func(*api.Error) any) {
	answer := answerTo(err, RequestID(r.Context()))
	logCause(r, logger, answer, err)
	maps.Copy(w.Header(), answer.Header)
	// The client may be gone; nobody is left to tell.
	_ = WriteJSON(w, answer.HTTPStatus(), body(answer))
}

// answerTo returns what the client is told about err.
func answerTo(err error, requestID string) *api.Error {
	if known, ok := errors.AsType[*api.Error](err); ok {
		return known
	}
	return api.Errorf(api.Internal, "internal error; the gateway's log has the details under request id %s", requestID).WithCause(err)
}

func logCause(r *http.Request, logger *slog.Logger, answer *api.Error, err error) {
	if answer.Cause == nil {
		return
	}
	level := slog.LevelError
	if answer.HTTPStatus() < http.StatusInternalServerError || r.Context().Err() != nil {
		level = slog.LevelInfo // the caller's doing, or a caller that hung up
	}
	logger.LogAttrs(r.Context(), level, "request failed",
		slog.String("request_id", RequestID(r.Context())),
		slog.String("code", string(answer.Code)),
		slog.Int("status", answer.HTTPStatus()),
		slog.String("error", err.Error()),
		slog.String("cause", answer.Cause.Error()))
}
