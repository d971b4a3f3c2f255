package httpx_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// said is what a client sends, after it waited.
type said struct {
	after time.Duration
	text  string
}

// Proxies open connections in advance and use them when they need one. A server that closes such a one after the few
// seconds that it allows a head may do so just while the first request is on its way, which is then lost.
func TestListener_aConnectionWaitsForItsFirstRequest(t *testing.T) {
	const request, unfinished = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "POST / HTTP/1.1\r\nHost:"
	for name, test := range map[string]struct {
		says  []said
		ended time.Duration // after the last word
		whole int           // requests that were answered
	}{
		"at once":                            {[]said{{0, request}}, 120 * time.Second, 1},
		"long after it was opened":           {[]said{{119 * time.Second, request}}, 120 * time.Second, 1},
		"a body that takes its time":         {[]said{{110 * time.Second, request[:len(request)-1]}, {29 * time.Second, "k"}}, 120 * time.Second, 1},
		"a body that takes too much":         {[]said{{110 * time.Second, request[:len(request)-1]}, {31 * time.Second, "k"}}, 0, 0},
		"nothing at all":                     {[]said{{0, ""}}, 125 * time.Second, 0},
		"a head that does not go on":         {[]said{{0, unfinished}}, 5 * time.Second, 0},
		"a late head that does not go on":    {[]said{{100 * time.Second, unfinished}}, 5 * time.Second, 0},
		"a second head that does not go on":  {[]said{{100 * time.Second, request}, {time.Second, unfinished}}, 5 * time.Second, 1},
		"a second one long after the first":  {[]said{{100 * time.Second, request}, {100 * time.Second, request}}, 120 * time.Second, 2},
		"a second body that takes too much":  {[]said{{100 * time.Second, request}, {time.Second, request[:len(request)-1]}, {31 * time.Second, "k"}}, 0, 1},
		"a second one that begins too late ": {[]said{{0, request}, {121 * time.Second, request}}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answered := 0
				listener := make(pipes)
				server := &http.Server{
					ConnContext: httpx.ConnContext, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
					Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if body, err := io.ReadAll(r.Body); err == nil && string(body) == "ok" {
							answered++
						}
					}),
				}
				go func() { _ = server.Serve(httpx.Listener{Listener: listener, Unused: 2 * time.Minute}) }()
				defer func() { _ = server.Close() }()
				client, theirs := net.Pipe()
				listener <- theirs
				ended := make(chan time.Time, 1)
				go func() {
					_, _ = io.Copy(io.Discard, bufio.NewReader(client))
					ended <- time.Now()
				}()
				for _, s := range test.says {
					time.Sleep(s.after)
					_, _ = io.WriteString(client, s.text)
				}
				last := time.Now()
				open := max((<-ended).Sub(last), 0)
				if answered != test.whole || open > test.ended || open < test.ended-2*time.Second {
					t.Errorf("%d requests were answered, want %d; then it was open for %s, want %s", answered, test.whole, open, test.ended)
				}
			})
		})
	}
}
