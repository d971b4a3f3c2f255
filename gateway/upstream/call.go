package upstream

import (
	"fmt"
	"net/http"
)

// Call is one request to a provider, as the client made it.
type Call struct {
	Wire Wire
	// Method is POST if empty.
	Method string
	// Path is the route's at OpenAI, or at Anthropic for its own, such as "/chat/completions".
	Path string
	// Body is the client's; the dialect rewrites it. ContentType is JSON if empty.
	Body        []byte
	ContentType string
	// OutputCap bounds one choice in tokens; 0 is none.
	OutputCap int64
	Stream    bool
	// Header are the client's headers that go along.
	Header http.Header
	// Trace are headers that name the trace that the call is part of; nil is none.
	Trace http.Header
}

func (c Call) method() string {
	if c.Method == "" {
		return http.MethodPost
	}
	return c.Method
}

func (c Call) contentType() string {
	if c.ContentType == "" {
		return "application/json"
	}
	return c.ContentType
}

// rewritten is the body as the deployment gets it in the call's own wire.
func (c Call) rewritten(d Deployment) ([]byte, error) {
	if len(c.Body) == 0 {
		return nil, nil
	}
	return c.Wire.Rewrite(c.Body, d, c.OutputCap, c.Stream)
}

// dialect is how one kind of provider is spoken to.
type dialect interface {
	// request words the call. An [api.Error] says why the provider cannot serve it.
	request(d Deployment, call Call) (*request, error)
	// answer turns a successful answer into one in the call's wire.
	answer(call Call, response *http.Response) *http.Response
}

var dialects = map[string]dialect{
	"openai":          openAI{},
	azureProvider:     azure{},
	anthropicProvider: anthropic{},
}

const azureProvider = "azure"

func dialectOf(d Deployment) (dialect, error) {
	found, known := dialects[d.Provider]
	if !known {
		return nil, fmt.Errorf("%s speaks a dialect that is not known", d.Provider)
	}
	return found, nil
}
