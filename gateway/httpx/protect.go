package httpx

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Recover answers a panic as an internal error and logs where it happened.
// [http.ErrAbortHandler], and a panic after the answer has begun, cut the connection instead,
// so that half an answer is never taken for a whole one.
func Recover(logger *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status := &Status{ResponseWriter: w}
			defer func() {
				if reason := recover(); reason != nil {
					answerPanic(status, r, logger, reason)
				}
			}()
			next.ServeHTTP(status, r)
		})
	}
}

func answerPanic(w *Status, r *http.Request, logger *slog.Logger, reason any) {
	if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	logger.LogAttrs(r.Context(), slog.LevelError, "handler panicked",
		slog.String("request_id", RequestID(r.Context())),
		slog.String("pattern", Of(r.Context()).Pattern),
		slog.String("stack", string(debug.Stack())))
	if w.Code != 0 {
		panic(http.ErrAbortHandler)
	}
	WriteError(w, r, logger, fmt.Errorf("panic: %v", reason))
}

// SecurityHeaders marks answers as data: not to be sniffed, framed, cached or run.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
