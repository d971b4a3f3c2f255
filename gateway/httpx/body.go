package httpx

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"syscall"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// DefaultMaxBody is the largest request body in bytes unless configured otherwise.
const DefaultMaxBody = 10 << 20

// LimitBody makes reading more than maxBytes of a request body fail with an [api.TooLarge] error
// from [ReadBody]. A request that announces more is not read at all. A compressed body is read as what
// it stands for, and that is bounded too.
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
			expandBody(w, r, maxBytes)
			next.ServeHTTP(w, r)
		})
	}
}

// tooLarge is the body of a request whose length is known to be above the limit.
type tooLarge struct{ limit int64 }

func (t tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: t.limit} }
func (t tooLarge) Close() error             { return nil }

// maxAnnounced is how many bytes are made room for at another's word.
const maxAnnounced = 64 << 10

// ReadAll reads to the end what is announced to be as many bytes long, or -1, in one piece of memory if that is so.
func ReadAll(r io.Reader, announced int64) ([]byte, error) {
	if announced < 0 {
		return io.ReadAll(r)
	}
	// One byte more finds the end without more room, and is there for who adds an end of line.
	data := make([]byte, 0, min(announced, maxAnnounced)+1)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, 512)
		}
	}
}

// ReadBody reads the whole request body. Errors: [api.TooLarge] naming the limit, [api.UnsupportedEncoding]
// for one that is compressed in a way nobody here reads, [api.ClientClosed] when the client broke off,
// [api.Invalid] when it cannot be read for another reason.
func ReadBody(r *http.Request) ([]byte, error) {
	data, err := ReadAll(r.Body, r.ContentLength)
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, api.Errorf(api.TooLarge, "the request body is larger than the limit of %d bytes", limit.Limit)
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return nil, refused
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return nil, api.Errorf(api.ClientClosed, "the client hung up before its request was whole").WithCause(err)
	}
	if err != nil {
		return nil, api.Errorf(api.Invalid, "the request body could not be read to its end").WithCause(err)
	}
	return data, nil
}
