package upstream

import (
	"bytes"
	"context"
	"net/http"
	"strings"
)

const openAIHost = "api.openai.com"

// openAI speaks OpenAI's API to OpenAI and to everything compatible with it.
type openAI struct{}

func (openAI) request(ctx context.Context, d Deployment, call Call) (*http.Request, error) {
	if hostOf(d.BaseURL) == openAIHost && (call.Path == PathMessages || call.Path == PathCountTokens) {
		return nil, unserved(call, "OpenAI's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	request, err := newRequest(ctx, call, d.BaseURL+call.Path, body)
	if err != nil {
		return nil, err
	}
	if d.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+d.APIKey)
	}
	return request, nil
}

func (openAI) answer(_ Call, response *http.Response) *http.Response { return response }

// newRequest makes a request with what all dialects send.
func newRequest(ctx context.Context, call Call, address string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method(), address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", call.contentType())
	}
	request.Header.Set("User-Agent", "bursar")
	return request, nil
}

// hostOf is the host and port in an address; it is asked several times a call and looks no further.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	return address[strings.LastIndexByte(address, '@')+1:]
}
