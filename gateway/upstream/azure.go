package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// azure speaks OpenAI's API as Azure serves it: the model is a deployment in the path, or, at a base
// URL that ends with /openai/v1, a name in the body.
type azure struct{}

func (azure) request(ctx context.Context, d Deployment, call Call) (*http.Request, error) {
	if call.Path == PathMessages || call.Path == PathCountTokens {
		return nil, unserved(call, "Azure OpenAI's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	request, err := newRequest(ctx, call, azureAddress(d, call.Path), body)
	if err != nil {
		return nil, err
	}
	if d.APIKey != "" {
		request.Header.Set("Api-Key", d.APIKey)
	}
	return request, nil
}

func (azure) answer(_ Call, response *http.Response) *http.Response { return response }

// azureAddress is where a route stands. Of the older API, responses alone do not name the deployment.
func azureAddress(d Deployment, path string) string {
	address := d.BaseURL
	switch {
	case strings.HasSuffix(d.BaseURL, "/openai/v1"):
		address += path
	case strings.HasPrefix(path, "/responses"):
		address += "/openai" + path
	default:
		address += "/openai/deployments/" + url.PathEscape(d.UpstreamModel) + path
	}
	if d.APIVersion != "" {
		address += "?api-version=" + url.QueryEscape(d.APIVersion)
	}
	return address
}
