package httpx

import (
	"errors"
	"io"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// DefaultMaxBody is the largest request body in bytes unless configured otherwise.
const DefaultMaxBody = 10 << 20

// LimitBody makes reading more than maxBytes of a request body fail with an [api.TooLarge] error
// from [ReadBody]. A request that announces more is not read at all.
func LimitBody(maxBytes int64) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > maxBytes {
				// Without this the server would read on to keep the connection.
				w.Header().Set("Connection", "close")
				r.Body = tooLarge{limit: maxBytes}
			} else {
				r.Body = http.MaxBytesReader(w, r.Body, maxBytes)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// tooLarge is the body of a request whose length is known to be above the limit.
type tooLarge struct{ limit int64 }

func (t tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: t.limit} }
func (t tooLarge) Close() error             { return nil }

// ReadBody reads the whole request body. Errors: [api.TooLarge] naming the limit, [api.Invalid]
// when the client broke off.
func ReadBody(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, api.Errorf(api.TooLarge, "the request body is larger than the limit of %d bytes", limit.Limit)
	}
	if err != nil {
		return nil, api.Errorf(api.Invalid, "the request body could not be read to its end").WithCause(err)
	}
	return data, nil
}
