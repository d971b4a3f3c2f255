package proxy

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

var (
	// basePrefixes are what routes stand under: OpenAI's, Azure's newer one, and none, as LiteLLM has it.
	basePrefixes = []string{"/v1", "/openai/v1", ""}
	// openAIPrefixes are these and the older ones, by which Azure's clients name the model in the path.
	openAIPrefixes = slices.Concat(basePrefixes, []string{"/openai/deployments/{model}", "/engines/{model}"})
	// anthropicPrefixes are those of Anthropic's routes.
	anthropicPrefixes = []string{"/v1", "/anthropic/v1"}
)

// route is one entry of the data path's URL space, under each of its prefixes.
type route struct {
	method   string
	prefixes []string
	path     string
	handler  func(p *Proxy) http.Handler
}

// routes is the data path's whole URL space.
func routes() []route {
	list := []route{
		{"GET", basePrefixes, "/models", func(p *Proxy) http.Handler { return httpx.Handle(p.Logger, p.listModels) }},
		{"GET", basePrefixes, "/models/{model...}", func(p *Proxy) http.Handler { return httpx.Handle(p.Logger, p.showModel) }},
		{"GET", basePrefixes, "/usage/limits", func(p *Proxy) http.Handler { return httpx.Handle(p.Logger, p.showLimits) }},
	}
	for _, e := range endpoints {
		list = append(list, route{cmp.Or(e.method, http.MethodPost), e.prefixes, e.path, func(p *Proxy) http.Handler {
			return httpx.Chain(p.serve(e), httpx.LimitBody(cmp.Or(e.maxBody, maxBody)))
		}})
	}
	return list
}

// Register adds the data path's routes to the mux.
func (p *Proxy) Register(mux *httpx.Mux) {
	for _, route := range routes() {
		handler := route.handler(p)
		for _, prefix := range route.prefixes {
			mux.Handle(route.method+" "+prefix+route.path, handler)
		}
	}
	for _, t := range p.PassThrough {
		mux.Handle(t.pattern(), httpx.Chain(p.serve(t.endpoint()), httpx.LimitBody(maxBody)))
	}
}

// maxBody is the largest request body in bytes: images travel inline.
const maxBody = 20 << 20
