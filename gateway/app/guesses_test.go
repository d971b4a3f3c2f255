package app_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Guesses have an end at /metrics as on the admin API, by the address that a trusted proxy names; who has a key that is
// right gets in, and the audit log and the log say where a change came from.
func TestGateway_guessesAreCountedByTheAddressBehindTrustedProxies(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.MetricsKey, c.FailuresAllowed = "sk-metrics-of-the-test-are-here", 2
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	g := start(t, c)
	from := func(address, method, path, key, body string) int {
		status, _, _ := g.doWith(method, path, key, body, http.Header{"X-Forwarded-For": {"198.51.100.99, " + address}})
		return status
	}
	const wrong = "sk-nobody-knows-this-one-at-all"
	for try, want := range []int{401, 401, 429} {
		if status := from("203.0.113.1", "GET", "/metrics", wrong, ""); status != want {
			t.Errorf("guess %d: %d, want %d", try, status, want)
		}
	}
	for name, got := range map[string][2]int{
		"the admin API, from there":   {from("203.0.113.1", "GET", "/team/list", wrong, ""), 429},
		"from elsewhere":              {from("203.0.113.2", "GET", "/metrics", wrong, ""), 401},
		"the collector, from there":   {from("203.0.113.1", "GET", "/metrics", c.MetricsKey, ""), 200},
		"the admin key, from there":   {from("203.0.113.1", "POST", "/team/new", adminKey, `{"team_id":"a"}`), 200},
		"a call of models, elsewhere": {from("203.0.113.3", "POST", "/v1/chat/completions", wrong, hello), 401},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
	if _, _, audit := g.do("GET", "/audit", adminKey, ""); !strings.Contains(audit, `"203.0.113.1"`) {
		t.Errorf("the audit log does not know the address: %s", audit)
	}
	await(t, awaitLong, "the log to say where calls came from", func() bool {
		return said(g.log.String(), `"pattern":"POST /team/new"`, `"address":"203.0.113.1"`) &&
			said(g.log.String(), `"msg":"request"`, `"address":"203.0.113.3"`)
	})
}

// said says whether one line of a log has all the words.
func said(log string, words ...string) bool {
	for line := range strings.Lines(log) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			return true
		}
	}
	return false
}
