package upstream

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// request is what a provider is sent.
type request struct {
	method string
	// base and path, which may have a query, make up the address.
	base, path string
	header     []headerLine
	body       []byte
}

type headerLine struct{ name, value string }

// newRequest makes a request with what all dialects send.
func newRequest(call Call, base, path string, body []byte) *request {
	r := &request{method: call.method(), base: base, path: path, body: body, header: make([]headerLine, 0, 4)}
	if len(body) > 0 {
		r.set("Content-Type", call.contentType())
	}
	r.set("User-Agent", "bursar")
	return r
}

// set gives a header its value; the name is canonical.
func (r *request) set(name, value string) {
	for i := range r.header {
		if r.header[i].name == name {
			r.header[i].value = value
			return
		}
	}
	r.header = append(r.header, headerLine{name, value})
}

// plain is the request as [http.Transport] takes it.
func (r *request) plain(ctx context.Context) (*http.Request, error) {
	plain, err := http.NewRequestWithContext(ctx, r.method, r.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for _, line := range r.header {
		plain.Header.Set(line.name, line.value)
	}
	return plain, nil
}

// target is where the requests with one base go.
type target struct {
	// direct: plain HTTP without a proxy in between.
	direct bool
	// proxied: a proxy of the environment stands in between.
	proxied bool
	// addr is what to connect to, host what the Host header says, prefix where paths begin.
	addr, host, prefix string
}

// target reads a base once. There are as many as places that serve models.
func (c *Client) target(base string) *target {
	if known, ok := c.targets.Load(base); ok {
		found, _ := known.(*target)
		return found
	}
	found := readTarget(base)
	c.targets.Store(base, found)
	return found
}

func readTarget(base string) *target {
	to, err := url.Parse(base)
	if err != nil {
		return &target{}
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to}); proxy != nil || err != nil {
		return &target{proxied: true}
	}
	if to.Scheme != "http" || to.User != nil || strings.ContainsAny(base, "?#%") {
		return &target{}
	}
	port := to.Port()
	if port == "" {
		port = "80"
	}
	return &target{direct: true, addr: net.JoinHostPort(to.Hostname(), port), host: to.Host, prefix: to.Path}
}

// plainPath says whether a path stands in a request as it is.
func plainPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c > '~' || strings.IndexByte("%#\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return strings.HasPrefix(path, "/")
}
