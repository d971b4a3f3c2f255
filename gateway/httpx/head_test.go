package httpx_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// served answers with a head of its own: over a [httpx.Listener], or over the standard library's.
func served(t *testing.T, ours bool, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	if ours {
		server.Listener = httpx.Listener{Listener: server.Listener}
		server.Config.ConnContext = httpx.ConnContext
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// talk sends requests over one connection and returns what came back for each, the body included.
func talk(t *testing.T, addr string, requests ...string) (answers []*http.Response, bodies []string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, request := range requests {
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(reader, nil)
		for err == nil && answer.StatusCode == http.StatusContinue {
			if len(answer.Header) > 0 {
				t.Errorf("the provisional answer has headers: %v", answer.Header)
			}
			answer, err = http.ReadResponse(reader, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		answers, bodies = append(answers, answer), append(bodies, string(body))
	}
	return answers, bodies
}

func TestHead_arrivesWithItsAnswerAndNoOther(t *testing.T) {
	for _, ours := range []bool{true, false} {
		t.Run(fmt.Sprint("own listener ", ours), func(t *testing.T) {
			addr := served(t, ours, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/x-test")
				if r.URL.Path != "/plain" {
					var head httpx.Head
					head.Set("x-one", "a\r\nX-Evil: b")
					head.Int("X-Number", 42)
					head.Float("X-Float", 0.5)
					head.Text("X-Long", strings.Repeat("h", 6000))
					head.WriteTo(w, r)
				}
				asked, _ := io.ReadAll(r.Body) // which may send a provisional answer
				_, _ = io.WriteString(w, strings.Repeat("b", 10*len(asked)))
				_ = http.NewResponseController(w).Flush()
				_, _ = io.WriteString(w, "end")
			})
			post := "POST /head HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("q", 1000)
			expecting := "POST /head HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n0123456789"
			answers, bodies := talk(t, addr, post, "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n", expecting, "GET /head HTTP/1.0\r\n\r\n")
			for i, body := range bodies {
				header := answers[i].Header
				want := []string{strings.Repeat("b", 10_000) + "end", "end", strings.Repeat("b", 100) + "end", "end"}[i]
				if body != want || header.Get("Content-Type") != "text/x-test" || answers[i].StatusCode != http.StatusOK {
					t.Errorf("answer %d: %d bytes, %v", i, len(body), header)
				}
				wanted := map[string]string{"X-One": "a  X-Evil: b", "X-Number": "42", "X-Float": "0.5", "X-Long": strings.Repeat("h", 6000), "X-Evil": ""}
				for name, value := range wanted {
					if i == 1 {
						value = ""
					}
					if got := strings.Join(header.Values(name), "|"); got != value {
						t.Errorf("answer %d: %s is %.60q, want %.60q", i, name, got, value)
					}
				}
			}
		})
	}
}
