package proxy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// PassThrough is a route that the gateway does not understand and passes on at a fixed price. It is served by
// the deployments of the model that has the path for its name.
type PassThrough struct {
	// Path begins with /v1/; one that ends with /* stands for all below it.
	Path string
	// Teams may call it; empty is everybody.
	Teams []string
}

// pattern is the path as a mux has it.
func (t PassThrough) pattern() string {
	if base, below := strings.CutSuffix(t.Path, "/*"); below {
		return base + "/{rest...}"
	}
	return t.Path
}

// endpoint serves the route, whatever the method.
func (t PassThrough) endpoint() *endpoint {
	return &endpoint{
		path: t.Path, wire: upstream.Opaque, voice: openAIVoice, apart: true, binary: true, opaque: true,
		read: func(_ *Proxy, w http.ResponseWriter, r *http.Request, c *call) error { return t.read(w, r, c) },
	}
}

func (t PassThrough) read(w http.ResponseWriter, r *http.Request, c *call) error {
	team, _ := c.owner()
	c.granted = slices.Contains(t.Teams, team) && team != ""
	if len(t.Teams) > 0 && !c.granted {
		return api.Errorf(api.Forbidden, "the route %s is not open to this team; the operator can add it to pass_through[].teams", t.Path)
	}
	path := r.URL.EscapedPath()
	if leaves(path) {
		return api.Errorf(api.Invalid, "the path has a segment that is . or .., or a slash that is written %%2F; such paths are not passed on, as they may lead out of %s", t.Path)
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	c.Body, c.ContentType, c.Model, c.method = body, r.Header.Get("Content-Type"), t.Path, r.Method
	c.path = strings.TrimPrefix(path, "/v1") // as it was matched, not as it reads
	if r.URL.RawQuery != "" {
		c.path += "?" + r.URL.RawQuery
	}
	return nil
}

// maxEscapes is how often a path may have been escaped, one over the other.
const maxEscapes = 5

// leaves says whether somebody who reads the path another way than the gateway could be led to another one: by
// segments that go up, by slashes that are none until they are read, or by what ends a segment for some servers.
func leaves(escaped string) bool {
	for range maxEscapes {
		escaped = plainDots.Replace(escaped)
		for segment := range strings.SplitSeq(escaped, "/") {
			name, _, _ := strings.Cut(segment, ";")
			if name == "." || name == ".." {
				return true
			}
		}
		read := unescaped(escaped)
		if plain := plainDots.Replace(read); strings.Count(plain, "/") != strings.Count(escaped, "/") || strings.ContainsFunc(read, unsafeInPath) || !utf8.ValidString(read) {
			return true // a character in more bytes than it takes, such as %C0%AE, is a dot to some
		}
		if read == escaped {
			return false
		}
		escaped = read
	}
	return true
}

// plainDots writes wide dots and slashes as those who normalize a path read them.
var plainDots = strings.NewReplacer("\uff0e", ".", "\u2024", ".", "\u2025", "..", "\uff0f", "/", "\u2215", "/", "\u2044", "/")

// unescaped reads the escapes of a path as a lenient server does: one that is none stays, and the others are read all the same.
func unescaped(path string) string {
	read := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if b, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				read, i = append(read, byte(b)), i+2
				continue
			}
		}
		read = append(read, path[i])
	}
	return string(read)
}

func unsafeInPath(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }
