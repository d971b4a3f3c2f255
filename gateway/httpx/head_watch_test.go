package httpx_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// watching serves over a [httpx.Listener] what [httpx.OneLength] lets through, and answers with what it read.
func watching(t *testing.T) string {
	t.Helper()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	})
	server := httptest.NewUnstartedServer(httpx.Chain(echo, httpx.Identify(nil), httpx.OneLength(slog.New(slog.DiscardHandler))))
	server.Listener = httpx.Listener{Listener: server.Listener}
	server.Config.ConnContext = httpx.ConnContext
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// say sends text in pieces over a connection and returns the statuses and bodies of all answers until it is closed.
func say(t *testing.T, addr, text string, piece int) (answers []string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for text != "" {
			n := min(piece, len(text))
			if _, err := io.WriteString(conn, text[:n]); err != nil {
				return
			}
			text = text[n:]
		}
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return answers
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return answers
		}
		answers = append(answers, fmt.Sprintf("%d %s", answer.StatusCode, body))
	}
}

func TestOneLength(t *testing.T) {
	addr := watching(t)
	const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
	next := "POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"both": {
			"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"400"},
		},
		"both, the other way, in odd letters": {
			"POST /a HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING:chunked\r\ncontent-length:5\r\n\r\n0\r\n\r\n" + hidden, []string{"400"},
		},
		"both, of HTTP/1.0": {
			"POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"400"},
		},
		"both, with ends of lines that are only half": {
			"POST /a HTTP/1.1\nHost: a\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\r\n\r\n" + hidden, []string{"400"},
		},
		"both, in the second request": {
			next + "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"", "400"},
		},
		"a head within a body is none": {
			"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 53\r\n\r\n\r\n\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + next + next,
			[]string{"200 POST /a", "200 POST /next body", "200 POST /next body"},
		},
		"chunks end the connection": {
			"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + hidden, []string{"200 POST /a abc"},
		},
		"long headers": {
			"POST /a HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 1\r\n\r\nb" + next,
			[]string{"200 POST /a b", "200 POST /next body"},
		},
	} {
		for _, piece := range []int{1, 7, 1 << 20} {
			got := say(t, addr, test.text, piece)
			if len(got) > 0 && strings.HasPrefix(got[0], "400") && test.want[0] == "" {
				got = append([]string{""}, got...) // the one before may have been read together with it
			}
			fits := len(got) == len(test.want)
			for i := range got {
				fits = fits && strings.HasPrefix(got[i], test.want[i])
			}
			if !fits {
				t.Errorf("%s, %d bytes at a time: %q, want %q", name, piece, got, test.want)
			}
		}
	}
}
