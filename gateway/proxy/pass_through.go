package proxy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
	if len(t.Teams) > 0 && !slices.Contains(t.Teams, team) {
		return api.Errorf(api.Forbidden, "the route %s is not open to this team; the operator can add it to pass_through[].teams", t.Path)
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	c.body, c.contentType, c.model, c.method = body, r.Header.Get("Content-Type"), t.Path, r.Method
	asked := url.URL{Path: strings.TrimPrefix(r.URL.Path, "/v1"), RawQuery: r.URL.RawQuery}
	c.path = asked.String()
	return nil
}
