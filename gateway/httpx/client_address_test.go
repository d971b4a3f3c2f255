package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// Only proxies that the operator trusts say whom they speak for, and only about the one before them.
func TestIdentify_clientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, test := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:99", nil, "192.0.2.1"},
		{"192.0.2.1:99", []string{"203.0.113.9"}, "192.0.2.1"},
		{"10.1.1.1:99", nil, "10.1.1.1"},
		{"10.1.1.1:99", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.1.1.1:99", []string{"198.51.100.7, 203.0.113.9"}, "203.0.113.9"},
		{"10.1.1.1:99", []string{"198.51.100.7", "203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		{"10.1.1.1:99", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		{"10.1.1.1:99", []string{"203.0.113.9, nonsense, 10.2.2.2"}, "10.2.2.2"},
		{"10.1.1.1:99", []string{""}, "10.1.1.1"},
		{"10.1.1.1:99", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"10.1.1.1:99", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"[::ffff:10.1.1.1]:99", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"[fd00::1%eth0]:99", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[2001:db8::1]:99", []string{"203.0.113.9"}, "2001:db8::1"},
		{"@", []string{"203.0.113.9"}, "@"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = test.peer
		for _, value := range test.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		var got string
		httpx.Identify(trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = httpx.Of(r.Context()).Address
		})).ServeHTTP(httptest.NewRecorder(), r)
		if got != test.want {
			t.Errorf("%s, forwarded for %q: %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}
