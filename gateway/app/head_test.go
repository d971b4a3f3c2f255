package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// HEAD is GET without the body, for whoever asks: the status, the kind and length of the answer are the same.
func TestHead_answersLikeGet(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	made := g.admin("POST", "/key/generate", `{}`)
	key, _ := made["key"].(string)
	stored := func() string {
		_, _, body := g.do("POST", "/v1/responses", key, `{"model":"gpt-4.1-mini","input":"hi","store":true}`)
		_, after, _ := strings.Cut(body, `"id":"`)
		id, _, _ := strings.Cut(after, `"`)
		return id
	}()
	for _, path := range []string{
		"/", "/docs", "/openapi.json", "/health/liveliness", "/health/readiness", "/v1/models", "/models", "/v1/models/gpt-4.1-mini",
		"/v1/models/nothing", "/v1/responses/" + stored, "/v1/responses/nothing", "/key/info", "/team/list", "/v1/chat/completions",
		"/v1/messages", "/nothing",
	} {
		for _, caller := range []string{key, adminKey, "sk-nobody"} {
			status, header, _ := g.do(http.MethodGet, path, caller, "")
			headStatus, headHeader, body := g.do(http.MethodHead, path, caller, "")
			if headStatus != status || body != "" {
				t.Errorf("HEAD %s: %d %q, GET %d", path, headStatus, body, status)
			}
			for _, name := range []string{"Content-Type", "Allow"} {
				if got, want := headHeader.Get(name), header.Get(name); got != want {
					t.Errorf("HEAD %s: %s %q, GET %q", path, name, got, want)
				}
			}
		}
	}
	if status, _, body := g.do("GET", "/v1/responses/"+stored, key, ""); status != http.StatusOK {
		t.Errorf("the stored response: %d %s", status, body)
	}
}

// A wrong method on a route of models is told the right one, and a WebSocket to go on over HTTP: Codex tries one
// first, and takes anything but 426 for a failure that it repeats.
func TestMethods_ofTheDataPathAreItsOwnToRefuse(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for _, path := range []string{"/v1/responses", "/responses", "/openai/v1/responses", "/v1/chat/completions", "/v1/messages", "/anthropic/v1/messages"} {
		status, header, body := g.do("GET", path, "sk-nobody", "")
		if status != http.StatusMethodNotAllowed || header.Get("Allow") != "POST" || !strings.Contains(body, "this route takes POST") {
			t.Errorf("GET %s: %d %s, Allow %q", path, status, body, header.Get("Allow"))
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Connection", "Upgrade")
		request.Header.Set("Upgrade", "websocket")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUpgradeRequired {
			t.Errorf("a WebSocket to %s: %d", path, response.StatusCode)
		}
	}
	if status, _, body := g.do("GET", "/team/new", adminKey, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET /team/new: %d %s", status, body)
	}
	if status, _, body := g.do("GET", "/v1/nothing", "sk-nobody", ""); status != http.StatusNotFound || !strings.Contains(body, "no such route") {
		t.Errorf("GET /v1/nothing: %d %s", status, body)
	}
}
