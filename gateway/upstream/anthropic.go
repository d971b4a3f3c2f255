package upstream

import (
	"mime"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	anthropicProvider = "anthropic"
	anthropicVersion  = "2023-06-01"
	pathChat          = "/chat/completions"
)

// anthropic speaks Anthropic's API: its own routes as they are, chat completions translated both ways.
type anthropic struct{}

func (anthropic) request(d Deployment, call Call) (*request, error) {
	switch call.Path {
	case PathMessages, PathCountTokens:
		body, err := call.rewritten(d)
		if err != nil {
			return nil, err
		}
		return newAnthropicRequest(d, call, call.Path, body), nil
	case pathChat:
		body, err := chatToMessages(d, call)
		if err != nil {
			return nil, err
		}
		return newAnthropicRequest(d, call, PathMessages, body), nil
	default:
		return nil, unserved(call, "Anthropic's API")
	}
}

func newAnthropicRequest(d Deployment, call Call, path string, body []byte) *request {
	request := newRequest(call, d.BaseURL, path, body)
	request.set("Anthropic-Version", anthropicVersion)
	for name, values := range call.Header { // each in one piece
		request.set(name, values[0])
	}
	if d.APIKey != "" {
		request.set("X-Api-Key", d.APIKey)
	}
	return request
}

func (anthropic) answer(call Call, response *http.Response) *http.Response {
	switch {
	case call.Path != pathChat:
	case call.Stream && !isWhole(response):
		response.Body = newChatStream(response.Body)
	default:
		response.Body = &wholeAnswer{body: response.Body}
	}
	return response
}

// isWhole says whether a whole answer has come, though a stream may have been asked for.
func isWhole(response *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return kind == "application/json"
}

// unserved refuses a route that a provider does not have.
func unserved(call Call, dialect string) *api.Error {
	return api.Errorf(api.Invalid, "the model is served by a provider that speaks %s, which has no %s; ask for another model, or use another route", dialect, call.Path)
}
