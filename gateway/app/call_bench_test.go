package app_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// BenchmarkCall sends whole calls through a gateway with embedded stores, every limit on. The client and the provider
// allocate nothing, so that all that is allocated is the gateway's; that figure is the same on a busy machine.
func BenchmarkCall(b *testing.B) {
	for _, kind := range []struct{ name, more, answer string }{
		{"plain", "", benchAnswer()},
		{"stream", `,"stream":true,"stream_options":{"include_usage":true}`, benchStream()},
	} {
		b.Run(kind.name, func(b *testing.B) {
			gateway := benchGateway(b, answering(b, kind.answer))
			key := benchKey(b, gateway)
			body := fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":%q}],"max_tokens":64,"temperature":0.2%s}`,
				strings.Repeat("What does a call cost when nobody looks? ", 8), kind.more)
			request := fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
				key, len(body), body)
			client := benchClient(b, strings.TrimPrefix(gateway.URL(), "http://"))
			for range 100 { // pools are filled
				client.call(b, request)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				client.call(b, request)
			}
		})
	}
}

func benchGateway(b *testing.B, provider string) *app.App {
	b.Helper()
	settings, err := config.Load("", func(name string) string {
		return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": b.TempDir()}[name]
	})
	if err != nil {
		b.Fatal(err)
	}
	settings.UpstreamNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	price := 2 * money.USD
	settings.Models = []config.Model{{
		Name: "m", Upstream: "openai", BaseURL: provider, UpstreamModel: "m",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &price, Output: &price}},
	}}
	gateway, err := app.New(b.Context(), app.Options{Config: settings, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), Version: "test"})
	if err != nil {
		b.Fatal(err)
	}
	gateway.Start()
	b.Cleanup(func() {
		if err := gateway.Stop(b.Context()); err != nil && b.Context().Err() == nil {
			b.Errorf("stop: %v", err)
		}
	})
	return gateway
}

// benchKey makes a key of a team, with limits that are checked and never met.
func benchKey(b *testing.B, gateway *app.App) string {
	b.Helper()
	const limits = `"rpm_limit":100000000,"tpm_limit":100000000000,"max_parallel_requests":100000000`
	const budget = `"max_budget":1000000,"budget_duration":"30d"`
	var secret string
	for _, call := range []struct{ path, body string }{
		{"/team/new", `{"team_id":"t",` + limits + `,` + budget + `}`},
		{"/budget/new", `{"budget_id":"all","everything":true,` + budget + `}`},
		{"/key/generate", `{"team_id":"t",` + limits + `}`},
	} {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, gateway.URL()+call.path, strings.NewReader(call.body))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+adminKey)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatalf("%s: %d %s, %v", call.path, response.StatusCode, answer, err)
		}
		_, rest, _ := strings.Cut(string(answer), `"key":"`)
		secret, _, _ = strings.Cut(rest, `"`)
	}
	return secret
}

// answering is a provider that answers every request with the same bytes, and its address.
func answering(b *testing.B, answer string) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				reader := bufio.NewReaderSize(conn, 16<<10)
				for skipMessage(reader) == nil {
					if _, err := io.WriteString(conn, answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/v1"
}

type rawClient struct {
	net.Conn
	reader *bufio.Reader
}

func benchClient(b *testing.B, addr string) *rawClient {
	b.Helper()
	conn, err := net.DialTimeout("tcp", addr, 20*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &rawClient{conn, bufio.NewReaderSize(conn, 16<<10)}
}

func (c *rawClient) call(b *testing.B, request []byte) {
	if _, err := c.Write(request); err != nil {
		b.Fatal(err)
	}
	if err := skipMessage(c.reader); err != nil {
		b.Fatal(err)
	}
}

// skipMessage reads one request, or an answer that must be 200, to its end.
func skipMessage(reader *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case first && bytes.HasPrefix(line, []byte("HTTP/")) && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")):
			return errors.New(string(line))
		case bytes.EqualFold(name, []byte("Content-Length")):
			for _, digit := range bytes.TrimSpace(value) {
				length = 10*length + int(digit-'0')
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err := reader.Discard(length)
		return err
	}
	for empty := false; ; { // the last chunk is followed by trailers and an empty line
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 && empty {
			return nil
		}
		empty = empty || bytes.Equal(line, []byte("0\r\n"))
	}
}

func benchAnswer() string {
	body := fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":90,"completion_tokens":60,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
		strings.Repeat("It costs what it costs. ", 30))
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func benchStream() string {
	var answer strings.Builder
	answer.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := func(data string) { fmt.Fprintf(&answer, "%x\r\n%s\r\n", len(data), data) }
	const event = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"m","choices":[%s],"usage":%s}` + "\n\n"
	for range 20 {
		chunk(fmt.Sprintf(event, `{"index":0,"delta":{"content":"It costs "},"finish_reason":null}`, "null"))
	}
	chunk(fmt.Sprintf(event, "", `{"prompt_tokens":90,"completion_tokens":40,"total_tokens":130}`))
	chunk("data: [DONE]\n\n")
	return answer.String() + "0\r\n\r\n"
}
