package upstream

import (
	"net/http"
	"net/url"
	"strings"
)

// azure speaks OpenAI's API as Azure serves it: the model is a deployment in the path, or, at a base
// URL that ends with /openai/v1, a name in the body.
type azure struct{}

func (azure) request(d Deployment, call Call) (*request, error) {
	if call.Path == PathMessages || call.Path == PathCountTokens {
		return nil, unserved(call, "Azure OpenAI's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	request := newRequest(call, d.BaseURL, azurePath(d, call.Path), body)
	if d.APIKey != "" {
		request.set("Api-Key", d.APIKey)
	}
	return request, nil
}

func (azure) answer(_ Call, response *http.Response) *http.Response { return response }

// azurePath is where a route stands behind the base URL. Of the older API, responses alone do not name
// the deployment.
func azurePath(d Deployment, path string) string {
	switch {
	case strings.HasSuffix(d.BaseURL, "/openai/v1"):
	case strings.HasPrefix(path, "/responses"):
		path = "/openai" + path
	default:
		path = "/openai/deployments/" + url.PathEscape(d.UpstreamModel) + path
	}
	if d.APIVersion != "" {
		path += "?api-version=" + url.QueryEscape(d.APIVersion)
	}
	return path
}
