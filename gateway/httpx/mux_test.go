package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A WebSocket that is tried first is told to go on over HTTP; without one the same request is a wrong method.
func TestMux_refusesWebSockets(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	for name, test := range map[string]struct {
		path    string
		upgrade string
		status  int
		want    string
	}{
		"a WebSocket":           {"/thing/new", "websocket", 426, "speaks HTTP, not WebSocket: send the request with POST"},
		"in capitals":           {"/thing/new", "WebSocket", 426, "send the request with POST"},
		"none":                  {"/thing/new", "", 405, "this route takes POST"},
		"another protocol":      {"/thing/new", "h2c", 405, "this route takes POST"},
		"where there is no way": {"/nothing", "websocket", 404, "no such route"},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest("GET", test.path, http.NoBody)
			if test.upgrade != "" {
				request.Header.Set("Connection", "Upgrade")
				request.Header.Set("Upgrade", test.upgrade)
			}
			response, _ := serve(t, nothing, request)
			detail := errorOf(t, response)
			if response.StatusCode != test.status || !strings.Contains(detail.Message, test.want) {
				t.Errorf("%d %+v", response.StatusCode, detail)
			}
			if upgrade := response.Header.Get("Upgrade"); (upgrade == "HTTP/1.1") != (test.status == http.StatusUpgradeRequired) {
				t.Errorf("Upgrade: %q", upgrade)
			}
		})
	}
}
