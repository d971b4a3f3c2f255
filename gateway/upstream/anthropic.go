package upstream

import (
	"context"
	"maps"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	anthropicProvider = "anthropic"
	anthropicVersion  = "2023-06-01"
)

// anthropic speaks Anthropic's API: its own routes as they are, chat completions translated both ways.
type anthropic struct{}

func (anthropic) request(ctx context.Context, d Deployment, call Call) (*http.Request, error) {
	switch call.Path {
	case PathMessages, PathCountTokens:
	default:
		return nil, unserved(call, "Anthropic's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	return newAnthropicRequest(ctx, d, call, call.Path, body)
}

func newAnthropicRequest(ctx context.Context, d Deployment, call Call, path string, body []byte) (*http.Request, error) {
	request, err := newRequest(ctx, call, d.BaseURL+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Anthropic-Version", anthropicVersion)
	maps.Copy(request.Header, call.Header)
	if d.APIKey != "" {
		request.Header.Set("X-Api-Key", d.APIKey)
	}
	return request, nil
}

func (anthropic) answer(_ Call, response *http.Response) *http.Response { return response }

// unserved refuses a route that a provider does not have.
func unserved(call Call, dialect string) *api.Error {
	return api.Errorf(api.Invalid, "the model is served by a provider that speaks %s, which has no %s; ask for another model, or use another route", dialect, call.Path)
}
