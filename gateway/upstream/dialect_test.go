package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// Where each dialect sends a call, and with which credential.
func TestSend_addressAndCredential(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	client := upstream.NewClient(nil, nil)
	defer client.Close()
	for name, test := range map[string]struct {
		deployment upstream.Deployment
		path       string
		wire       upstream.Wire
		address    string
		header     string
		value      string
	}{
		"openai": {
			deployment: upstream.Deployment{Provider: "openai", BaseURL: "/v1", UpstreamModel: "m"}, path: "/chat/completions", wire: upstream.Chat,
			address: "/v1/chat/completions", header: "Authorization", value: "Bearer secret",
		},
		"azure, by deployment": {
			deployment: upstream.Deployment{Provider: "azure", UpstreamModel: "my gpt", APIVersion: "2024-10-21"}, path: "/embeddings", wire: upstream.Plain,
			address: "/openai/deployments/my%20gpt/embeddings?api-version=2024-10-21", header: "Api-Key", value: "secret",
		},
		"azure, by name": {
			deployment: upstream.Deployment{Provider: "azure", BaseURL: "/openai/v1", UpstreamModel: "my-gpt"}, path: "/chat/completions", wire: upstream.Chat,
			address: "/openai/v1/chat/completions", header: "Api-Key", value: "secret",
		},
		"azure, responses": {
			deployment: upstream.Deployment{Provider: "azure", UpstreamModel: "my-gpt", APIVersion: "preview"}, path: "/responses", wire: upstream.Plain,
			address: "/openai/responses?api-version=preview", header: "Api-Key", value: "secret",
		},
		"anthropic": {
			deployment: upstream.Deployment{Provider: "anthropic", BaseURL: "/v1", UpstreamModel: "m"}, path: "/messages", wire: upstream.Messages,
			address: "/v1/messages", header: "X-Api-Key", value: "secret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := test.deployment
			d.BaseURL, d.APIKey = server.URL+d.BaseURL, "secret"
			response, err := client.Send(t.Context(), d, upstream.Call{Wire: test.wire, Path: test.path, Body: []byte(`{}`), OutputCap: 5})
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got.URL.RequestURI() != test.address || got.Header.Get(test.header) != test.value {
				t.Errorf("%s with %v", got.URL.RequestURI(), got.Header)
			}
			carried := 0
			for _, name := range []string{"Authorization", "Api-Key", "X-Api-Key"} {
				carried += len(got.Header.Values(name))
			}
			if carried != 1 {
				t.Errorf("the credential is sent %d times: %v", carried, got.Header)
			}
		})
	}
}
