package upstream_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// wireServer hands every connection, and its number, to a script.
func wireServer(t *testing.T, script func(number int, conn net.Conn, reader *bufio.Reader)) upstream.Deployment {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for number := 1; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				script(number, conn, bufio.NewReader(conn))
			})
		}
	})
	return upstream.Deployment{
		Model: "m", UpstreamModel: "m", Provider: "openai", BaseURL: "http://" + listener.Addr().String() + "/v1", APIKey: "sk-up",
	}
}

// readRequest reads one request whole.
func readRequest(reader *bufio.Reader) (string, error) {
	request, err := http.ReadRequest(reader)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(request.Body)
	return string(body), err
}

const plainOK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

func newClient(t *testing.T) *upstream.Client {
	t.Helper()
	client := upstream.NewClient(nil, nil)
	t.Cleanup(client.Close)
	return client
}

func chatCall(body string) upstream.Call {
	return upstream.Call{Path: "/chat/completions", Body: []byte(body), Wire: upstream.Chat}
}

// ask sends a call and reads its answer to the end.
func ask(t *testing.T, client *upstream.Client, to upstream.Deployment, body string) (string, error) {
	t.Helper()
	response, err := client.Send(t.Context(), to, chatCall(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return string(answer), err
}

func TestDirect_keepsItsConnection(t *testing.T) {
	to := wireServer(t, func(number int, conn net.Conn, reader *bufio.Reader) {
		for n := 1; ; n++ {
			body, err := readRequest(reader)
			if err != nil {
				return
			}
			answer := fmt.Sprintf("%d/%d %s", number, n, body)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(answer), answer)
		}
	})
	client := newClient(t)
	for n, body := range []string{"{}", `{"long":"` + strings.Repeat("x", 100<<10) + `"}`, `{"n":3}`} {
		got, err := ask(t, client, to, body)
		if err != nil || !strings.HasPrefix(got, fmt.Sprintf("1/%d {", n+1)) || !strings.Contains(got, strings.TrimSuffix(body, "}")[1:]) {
			t.Errorf("call %d: %.40q, %v", n+1, got, err)
		}
	}
}

// What is left of an answer that nobody read to its end would be taken for the beginning of the next one.
func TestDirect_leavesAConnectionWithAnUnreadAnswer(t *testing.T) {
	const half = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"
	rest := make(chan struct{})
	to := wireServer(t, func(number int, conn net.Conn, reader *bufio.Reader) {
		if _, err := readRequest(reader); err != nil {
			return
		}
		if number > 1 {
			_, _ = io.WriteString(conn, plainOK)
			return
		}
		_, _ = io.WriteString(conn, half)
		<-rest // it comes when the connection has long been given back
		if _, err := readRequest(reader); err == nil {
			t.Error("a second request came behind an answer that was not read")
		}
	})
	client := newClient(t)
	response, err := client.Send(t.Context(), to, chatCall("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	close(rest)
	if got, err := ask(t, client, to, "{}"); err != nil || got != "{}" {
		t.Errorf("the next answer is %q, %v", got, err)
	}
}

func TestDirect_takesANewConnectionWhenTheServerHasEndedTheOldOne(t *testing.T) {
	ended := make(chan struct{}, 10)
	to := wireServer(t, func(number int, conn net.Conn, reader *bufio.Reader) {
		defer func() { ended <- struct{}{} }()
		if _, err := readRequest(reader); err == nil {
			_, _ = io.WriteString(conn, plainOK)
		}
		_ = conn.Close()
	})
	client := newClient(t)
	for n := range 5 {
		if _, err := ask(t, client, to, "{}"); err != nil {
			t.Errorf("call %d: %v", n+1, err)
		}
		<-ended
	}
}

func TestDirect_saysWhetherTheRequestMayBeBilled(t *testing.T) {
	silent := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
		_, _ = readRequest(reader)
	})
	if _, err := ask(t, newClient(t), silent, "{}"); !upstream.MayBill(err) {
		t.Errorf("a request that was taken and not answered: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := upstream.Deployment{Model: "m", UpstreamModel: "m", Provider: "openai", BaseURL: "http://" + listener.Addr().String()}
	_ = listener.Close()
	if _, err := ask(t, newClient(t), nobody, "{}"); err == nil || upstream.MayBill(err) || !upstream.Retryable(err) {
		t.Errorf("a request to nobody: %v", err)
	}
}

func TestDirect_endsWithItsContext(t *testing.T) {
	closed := make(chan struct{})
	to := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
		if _, err := readRequest(reader); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}
		_, _ = io.Copy(io.Discard, reader)
		close(closed)
	})
	ctx, cancel := context.WithCancel(t.Context())
	response, err := newClient(t).Send(ctx, to, chatCall("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	half := make([]byte, 4)
	if _, err := io.ReadFull(response.Body, half); err != nil || string(half) != "half" {
		t.Fatalf("%q, %v", half, err)
	}
	cancel()
	if _, err := response.Body.Read(half); !errors.Is(err, context.Canceled) {
		t.Errorf("read after the context's end: %v", err)
	}
	_ = response.Body.Close()
	<-closed // The provider learns that nobody listens any more.
}

func TestDirect_hearsARefusalOfALongRequest(t *testing.T) {
	to := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
		if _, err := reader.ReadString('\n'); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			_, _ = io.CopyN(io.Discard, reader, 1<<20)
		}
	})
	response, err := newClient(t).Send(t.Context(), to, chatCall(`{"a":"`+strings.Repeat("x", 8<<20)+`"}`))
	if err != nil {
		// The refusal may be overtaken by the reset of the connection, as with any client.
		if upstream.MayBill(err) {
			t.Errorf("a request that was not sent whole is said to be billed: %v", err)
		}
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestDirect_oddAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer, want string
		fails, stays bool // stays: the connection is good for another request
	}{
		"informational first":      {answer: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plainOK, want: "{}", stays: true},
		"to the end of the stream": {answer: "HTTP/1.1 200 OK\r\n\r\nuntil the end", want: "until the end"},
		"HTTP/1.0":                 {answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", want: "{}"},
		"endless headers":          {answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Long: "+strings.Repeat("y", 1000)+"\r\n", 1100) + "\r\n", fails: true},
		"no HTTP":                  {answer: "SSH-2.0-OpenSSH\r\n", fails: true},
		"nothing but hints":        {answer: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10), fails: true},
		"half a body":              {answer: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", want: "half", fails: true},
		"more than announced":      {answer: plainOK + "HTTP/1.1 200 OK\r\n", want: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			to := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
				for again := true; again; again = test.stays {
					if _, err := readRequest(reader); err != nil {
						return
					}
					_, _ = io.WriteString(conn, test.answer)
				}
			})
			client := newClient(t)
			for range 2 {
				got, err := ask(t, client, to, "{}")
				if got != test.want || (err != nil) != test.fails {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
}

func TestDirect_sendsWhatIsConfiguredAndNothingElse(t *testing.T) {
	var seen bytes.Buffer
	to := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
		if _, err := readRequest(bufio.NewReader(io.TeeReader(reader, &seen))); err == nil {
			_, _ = io.WriteString(conn, plainOK)
		}
	})
	if _, err := ask(t, newClient(t), to, "{}"); err != nil {
		t.Fatal(err)
	}
	want := "POST /v1/chat/completions HTTP/1.1\r\nHost: " + strings.TrimSuffix(strings.TrimPrefix(to.BaseURL, "http://"), "/v1") +
		"\r\nContent-Length: 13\r\nContent-Type: application/json\r\nUser-Agent: bursar\r\nAuthorization: Bearer sk-up\r\n\r\n{\"model\":\"m\"}"
	if got := seen.String(); got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestDirect_writesOneRequestWhateverIsInIt(t *testing.T) {
	heads := make(chan string, 10)
	to := wireServer(t, func(_ int, conn net.Conn, reader *bufio.Reader) {
		for {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			body, _ := io.ReadAll(request.Body)
			heads <- fmt.Sprintf("%s %s %s %v %s", request.Method, request.RequestURI, request.Host, request.Header["Authorization"], body)
			_, _ = io.WriteString(conn, plainOK)
		}
	})
	host := strings.TrimPrefix(strings.TrimSuffix(to.BaseURL, "/v1"), "http://")
	to.APIKey = "sk\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1"
	for _, want := range []struct{ path, target string }{
		{"/chat/completions", "/v1/chat/completions"},
		{"/responses/a%2Fb", "/v1/responses/a%2Fb"},
		{"/responses/a?b=c", "/v1/responses/a?b=c"},
	} {
		response, err := newClient(t).Send(t.Context(), to, upstream.Call{Path: want.path, Body: []byte("{}"), Wire: upstream.Chat})
		if strings.Contains(want.path, "%") && err != nil {
			continue // left to net/http, which refuses such a header
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		expected := fmt.Sprintf("POST %s %s [Bearer sk  X-Evil: 1    GET /evil HTTP/1.1] {\"model\":\"m\"}", want.target, host)
		if got := <-heads; got != expected {
			t.Errorf("%s: the server saw %q, want %q", want.path, got, expected)
		}
	}
}

func TestDirect_keepsTheConnectionsOfManyCalls(t *testing.T) {
	t.Parallel()
	const calls = 600
	var opened atomic.Int64
	var arrived sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait() // all calls are under way at once
		_, _ = w.Write([]byte("{}"))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := newClient(t)
	for range 2 {
		arrived.Add(calls)
		var asking sync.WaitGroup
		for range calls {
			asking.Go(func() {
				if _, err := ask(t, client, upstream.Deployment{Provider: "openai", BaseURL: server.URL}, "{}"); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
	}
	if got := opened.Load(); got != calls {
		t.Errorf("twice %d calls at once opened %d connections", calls, got)
	}
}
