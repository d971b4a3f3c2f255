package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealth_asksTheGateway(t *testing.T) {
	gateway := gatewayWithATeam(t)
	host := strings.TrimPrefix(gateway, "http://")
	_, port, _ := strings.Cut(host, ":")
	broken := filepath.Join(t.TempDir(), "gateway.yaml") // a file that is being edited makes no gateway unwell
	if err := os.WriteFile(broken, []byte("listen: ':"+port+"'\nmodles: 3\nmodels: [{name: a, api_key: '${NOT_SET_ANYWHERE}'}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"draining","reason":"the gateway was told to stop"}`)
	}))
	t.Cleanup(away.Close)
	for _, test := range []struct {
		arguments []string
		listen    string
		code      int
		want      string
	}{
		{[]string{"--url", gateway}, "", 0, `"status":"healthy"`},
		{[]string{"--url", gateway, "--live"}, "", 0, "I'm alive!"},
		{nil, host, 0, `"status":"healthy"`},
		{nil, ":" + port, 0, `"status":"healthy"`},
		{nil, "0.0.0.0:" + port, 0, `"status":"healthy"`},
		{[]string{"--config", broken}, "", 0, `"status":"healthy"`},
		{[]string{"--url", away.URL}, "", 1, "answers 503: draining, the gateway was told to stop"},
		{[]string{"--url", "http://127.0.0.1:1"}, "", 1, "connection refused"},
		{nil, "nonsense", 1, "listen"},
	} {
		t.Setenv("BURSAR_LISTEN", test.listen)
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"health"}, test.arguments...), &out, &errs)
		if text := out.String() + errs.String(); code != test.code || !strings.Contains(text, test.want) {
			t.Errorf("%v with %q: code %d, %s", test.arguments, test.listen, code, text)
		}
	}
}
