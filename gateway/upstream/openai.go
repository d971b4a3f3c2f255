package upstream

import (
	"net/http"
	"strings"
)

const openAIHost = "api.openai.com"

// openAI speaks OpenAI's API to OpenAI and to everything compatible with it.
type openAI struct{}

func (openAI) request(d Deployment, call Call) (*request, error) {
	if hostOf(d.BaseURL) == openAIHost && (call.Path == PathMessages || call.Path == PathCountTokens) {
		return nil, unserved(call, "OpenAI's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	request := newRequest(call, d.BaseURL, call.Path, body)
	if d.APIKey != "" {
		request.set("Authorization", "Bearer "+d.APIKey)
	}
	return request, nil
}

func (openAI) answer(_ Call, response *http.Response) *http.Response { return response }

// hostOf is the host and port in an address; it is asked several times a call and looks no further.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	return address[strings.LastIndexByte(address, '@')+1:]
}
