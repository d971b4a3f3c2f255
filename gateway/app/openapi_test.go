package app_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestDescription_isValidOpenAPI(t *testing.T) {
	document, err := app.Description("test")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if !loaded.IsOpenAPI31OrLater() {
		t.Errorf("version %s", loaded.OpenAPI)
	}
	if err := loaded.Validate(t.Context(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Error(err)
	}
}

func TestDescription_hasEveryRoute(t *testing.T) {
	a := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	described := map[string]bool{}
	for _, operation := range app.Operations() {
		described[operation.Pattern()] = true
		if operation.Summary == "" || operation.Tag == "" {
			t.Errorf("%s has no documentation; say it in the route of its noun", operation.Pattern())
		}
	}
	// Pages are for people.
	served := slices.DeleteFunc(a.App.Patterns(), func(pattern string) bool { return pattern == console.Root || pattern == "GET /{$}" })
	for _, route := range admin.Routes() {
		served = append(served, route.Pattern())
	}
	for _, pattern := range served {
		pattern = strings.ReplaceAll(pattern, "...}", "}") // OpenAPI has no word for the rest of a path
		if !described[pattern] {
			t.Errorf("%s is served and not described", pattern)
		}
	}
	if len(described) != len(served) {
		t.Errorf("%d routes are described, %d served", len(described), len(served))
	}
}

func TestDescription_isServedWithAPageToReadIt(t *testing.T) {
	a := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for path, want := range map[string][2]string{
		"/openapi.json":  {"application/json", `"openapi": "3.1.0"`},
		"/docs":          {"text/html; charset=utf-8", `src="/docs/page.js"`},
		"/docs/page.js":  {"text/javascript; charset=utf-8", `fetch("/openapi.json")`},
		"/docs/page.css": {"text/css; charset=utf-8", "main"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), want[1]) ||
			response.Header.Get("Content-Type") != want[0] {
			t.Errorf("%s: %d %s, %v", path, response.StatusCode, response.Header.Get("Content-Type"), err)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if strings.Contains(string(body), "://") && path != "/openapi.json" {
			t.Errorf("%s needs something from elsewhere", path)
		}
	}
}
