package httpx

import (
	"net/http"
	"strconv"
	"strings"
)

// Head gathers headers of an answer as they stand on the wire. [http.Header] sorts and copies what it is
// given for every answer, which for the forty headers of a model call was a tenth of what a loaded gateway
// computed. The zero value is empty.
type Head struct{ lines []byte }

// HeaderName is a header's name as it goes out, made once with [NameOf].
type HeaderName string

// NameOf is the canonical form of a header's name.
func NameOf(name string) HeaderName { return HeaderName(http.CanonicalHeaderKey(name)) }

// Text adds a header. Ends of lines in a value become spaces, as in [net/http].
func (h *Head) Text(name HeaderName, value string) {
	h.start(name)
	h.lines = append(h.lines, value...)
	for i := len(h.lines) - len(value); i < len(h.lines); i++ {
		if h.lines[i] == '\r' || h.lines[i] == '\n' {
			h.lines[i] = ' '
		}
	}
	h.end()
}

// Int adds a header that is a whole number.
func (h *Head) Int(name HeaderName, value int64) {
	h.start(name)
	h.lines = strconv.AppendInt(h.lines, value, 10)
	h.end()
}

// Float adds a header that is a number with as many decimals as it takes.
func (h *Head) Float(name HeaderName, value float64) {
	h.start(name)
	h.lines = strconv.AppendFloat(h.lines, value, 'f', -1, 64)
	h.end()
}

// Set is [Head.Text] with [NameOf], for names that are not worth keeping.
func (h *Head) Set(name, value string) { h.Text(NameOf(name), value) }

func (h *Head) start(name HeaderName) { h.lines = append(append(h.lines, name...), ": "...) }
func (h *Head) end()                  { h.lines = append(h.lines, "\r\n"...) }

// Reset empties the head and keeps its room.
func (h *Head) Reset() { h.lines = h.lines[:0] }

// CopyTo sets the headers on an [http.Header].
func (h *Head) CopyTo(header http.Header) {
	for line := range strings.SplitSeq(string(h.lines), "\r\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			header[name] = []string{strings.TrimSpace(value)}
		}
	}
}

// WriteTo adds the headers to the answer that is written next: at once to the client's connection where
// a [Listener] has accepted it, else to the writer's headers.
func (h *Head) WriteTo(w http.ResponseWriter, r *http.Request) {
	conn, ours := r.Context().Value(connKey{}).(*clientConn)
	if !ours {
		h.CopyTo(w.Header())
		return
	}
	conn.head = append(conn.head[:0], h.lines...)
}
