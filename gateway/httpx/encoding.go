package httpx

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/compressed"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// encodings are the compressions that request bodies are read in, as they stand in Content-Encoding.
const encodings = "gzip, zstd"

// expandBody replaces a compressed body by what it stands for, of which at most maxBytes are read. Nothing is
// read or refused before somebody reads the body: who is asking comes first.
func expandBody(w http.ResponseWriter, r *http.Request, maxBytes int64) {
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ",")))
	if encoding == "" || encoding == "identity" || r.Body == http.NoBody {
		return
	}
	open, known := compressed.In(encoding)
	if !known {
		r.Body = unread{unknownEncoding(encoding)}
		return
	}
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	r.Body = http.MaxBytesReader(w, &expanded{compressed: r.Body, open: open, encoding: encoding}, maxBytes)
}

func unknownEncoding(encoding string) *api.Error {
	if len(encoding) > 40 {
		encoding = encoding[:40]
	}
	refused := api.Errorf(api.UnsupportedEncoding,
		"Content-Encoding %q is not read here; send the body in gzip or zstd, or uncompressed", encoding)
	refused.Header = http.Header{"Accept-Encoding": {encodings}}
	return refused
}

// unread is a body that nobody can read.
type unread struct{ err error }

func (u unread) Read([]byte) (int, error) { return 0, u.err }
func (u unread) Close() error             { return nil }

// expanded reads a compressed body as what it stands for.
type expanded struct {
	compressed io.ReadCloser
	open       compressed.Opener
	encoding   string
	reader     io.ReadCloser
	err        error
}

// Read opens the body with the first byte that is asked for.
func (e *expanded) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.reader == nil {
		if e.reader, e.err = e.open(e.compressed); e.err != nil {
			e.err = e.broken(e.err)
			return 0, e.err
		}
	}
	n, err := e.reader.Read(p)
	if err != nil {
		e.err = e.broken(err)
		_ = e.reader.Close() // what it has read is what counts
	}
	return n, e.err
}

// broken tells a compressed body that is too long from one that is not what it says.
func (e *expanded) broken(err error) error {
	if _, long := errors.AsType[*http.MaxBytesError](err); long || errors.Is(err, io.EOF) && e.reader != nil {
		return err
	}
	return api.Errorf(api.Invalid, "the request body is not whole %s, which Content-Encoding says it is", e.encoding).WithCause(err)
}

// Close closes what the body came from.
func (e *expanded) Close() error { return e.compressed.Close() }
