package httpx

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxWatched is how much of a header's line is looked at: more than a name and a length take.
const maxWatched = 128

// headWatch goes along with what a client sends over a connection, from one request's head to the next. [net/http]
// drops the Content-Length of a request that has a Transfer-Encoding too, so that handlers cannot refuse it; who
// stands in front may have gone by the other, and taken a second request for the body of the first.
type headWatch struct {
	// both: a request came with both. From then on nothing on this connection is to be trusted.
	both atomic.Bool
	// lost: where the next request begins is not known.
	lost atomic.Bool

	// line is the beginning of a line whose end has not come.
	line []byte
	// body is how many bytes there are before the next head.
	body             int64
	length           int64
	counted, chunked bool
}

// see takes the next bytes that came.
func (w *headWatch) see(data []byte) {
	for len(data) > 0 && !w.lost.Load() {
		if w.body > 0 {
			passed := min(w.body, int64(len(data)))
			w.body -= passed
			data = data[passed:]
			continue
		}
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			w.keep(data)
			return
		}
		line := data[:end]
		if len(w.line) > 0 {
			w.keep(line)
			line = w.line
		}
		data = data[end+1:]
		w.takeLine(bytes.TrimSuffix(line, []byte("\r")))
		w.line = w.line[:0]
	}
}

func (w *headWatch) keep(data []byte) {
	w.line = append(w.line, data[:min(len(data), maxWatched-len(w.line))]...)
}

// takeLine takes one line of a head; an empty one ends it.
func (w *headWatch) takeLine(line []byte) {
	if len(line) == 0 {
		w.headEnds()
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch {
	case len(name) == len("Content-Length") && strings.EqualFold(string(name), "Content-Length"):
		length, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		if err != nil || length < 0 || w.counted && length != w.length {
			w.lost.Store(true) // the server refuses it and closes
		}
		w.counted, w.length = true, length
	case len(name) == len("Transfer-Encoding") && strings.EqualFold(string(name), "Transfer-Encoding"):
		w.chunked = true
	}
}

func (w *headWatch) headEnds() {
	switch {
	case w.counted && w.chunked:
		w.both.Store(true)
		w.lost.Store(true)
	case w.chunked:
		w.lost.Store(true)
	case w.counted:
		w.body = w.length
	}
	w.counted, w.chunked, w.length = false, false, 0
}

// OneLength refuses requests that tell their length twice, by Content-Length and by Transfer-Encoding. A connection
// on which a body came in chunks ends with the answer, so that nothing behind it is ever read as a request.
func OneLength(logger *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, ours := r.Context().Value(connKey{}).(*clientConn)
			if ours && conn.watch.lost.Load() {
				w.Header().Set("Connection", "close")
			}
			if ours && conn.watch.both.Load() {
				WriteError(w, r, logger, api.Errorf(api.Invalid,
					"the request has both Content-Length and Transfer-Encoding, which say two things about where it ends; send one of them"))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
