package httpx_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// pipes is a listener for connections without a system between them.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, open := <-p; open {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// Who reads on gets everything, however slowly; who reads nothing holds an answer for no longer than a minute.
func TestListener_clientsHaveToRead(t *testing.T) {
	whole := bytes.Repeat([]byte("answer "), 1<<20)
	for name, test := range map[string]struct {
		pause time.Duration // before each 64 KB
		whole bool
	}{
		"reads at once": {0, true}, "reads slowly": {50 * time.Second, true}, "reads nothing": {time.Hour, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			listener := make(pipes)
			var took time.Duration
			server := &http.Server{ConnContext: httpx.ConnContext, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				began := time.Now()
				_, _ = w.Write(whole)
				took = time.Since(began)
			})}
			go func() { _ = server.Serve(httpx.Listener{Listener: listener}) }()
			client, theirs := net.Pipe()
			listener <- theirs
			_, _ = io.WriteString(client, "GET / HTTP/1.0\r\n\r\n")
			got := 0
			for buffer := make([]byte, 64<<10); ; {
				time.Sleep(test.pause)
				n, err := io.ReadFull(client, buffer)
				if got += n; err != nil {
					break
				}
			}
			_ = server.Close()
			synctest.Wait()
			if isWhole := got > len(whole); isWhole != test.whole || !test.whole && took > 2*time.Minute {
				t.Errorf("%s: %d of %d bytes, held for %s", name, got, len(whole), took)
			}
		})
	}
}
