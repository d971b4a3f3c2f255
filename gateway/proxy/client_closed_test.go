package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// start sends a request whose client hangs up when ctx ends.
func (b *bench) start(ctx context.Context, path, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.gateway.URL+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.secret)
	request.Header.Set("Content-Type", "application/json")
	return b.gateway.Client().Do(request)
}

// readUntil reads an answer until it has the mark, then hangs up.
func (b *bench) readUntil(s spoken, mark string) error {
	ctx, hangUp := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer hangUp()
	response, err := b.start(ctx, s.path, s.body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), mark) {
			return nil
		}
	}
	return fmt.Errorf("%d ended without it: %w", response.StatusCode, lines.Err())
}

// ended waits for the log line of a call that ended with the status, 0 is any.
func (b *bench) ended() map[string]any {
	b.t.Helper()
	until := time.Now().Add(20 * time.Second)
	for ; time.Now().Before(until); time.Sleep(time.Millisecond) { // awaited: the line comes after the client has gone
		for line := range strings.SplitSeq(b.logged(), "\n") {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == "request" && fields["reason"] != nil {
				return fields
			}
		}
	}
	b.t.Fatalf("no call ended with a reason: %s", b.logged())
	return nil
}

// scrape is what the metrics say once they have the call, which they get after the log.
func (b *bench) scrape() string {
	b.t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		recorder := httptest.NewRecorder()
		b.metrics.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if scraped := recorder.Body.String(); strings.Contains(scraped, "bursar_requests_total{") || time.Now().After(until) {
			return scraped
		}
	}
}

// Wherever a client hangs up, the log and the metrics say that it was the client, no deployment's health suffers, nobody
// else is asked, and nothing stays reserved.
func TestClientClosed_whereverItHangsUp(t *testing.T) {
	stream := `{"model":"spread",` + sayHi
	plain := strings.Replace(stream, `,"stream":true`, "", 1)
	held := named(`{"type":"message_start","message":{"id":"m","usage":{"input_tokens":9,"output_tokens":1}}}`)
	for name, test := range map[string]struct {
		path, body, provider string
		// behave is how the fake provider answers, play what another says in its place.
		behave testenv.Behaviour
		play   []string
		// read: the client reads until this has come, and hangs up then.
		read    string
		charged bool
		// failures are the provider's own.
		failures int64
	}{
		"a stream, before its first byte": {path: "/v1/chat/completions", body: stream, behave: testenv.Behaviour{Hang: true}, charged: true},
		"a plain call, before its answer": {path: "/v1/chat/completions", body: plain, behave: testenv.Behaviour{Hang: true, CompletionTokens: 3}, charged: true},
		"messages, before the first byte": {path: "/v1/messages", body: stream, provider: "anthropic", behave: testenv.Behaviour{Hang: true}, charged: true},
		"while the opening is kept back":  {path: "/v1/messages", body: stream, provider: "anthropic", play: []string{held, "hang"}, charged: true},
		"a stream, within":                {path: "/v1/chat/completions", body: stream, behave: testenv.Behaviour{HangAfter: 3, CompletionTokens: 9}, read: " the", charged: true},
		"a response, within":              {path: "/v1/responses", body: allSpoken["responses"].body, behave: testenv.Behaviour{HangAfter: 3, CompletionTokens: 9}, read: " the", charged: true},
		"messages, within":                {path: "/v1/messages", body: stream, provider: "anthropic", play: []string{held, anthropicContent, "hang"}, read: "FIRST", charged: true},
		"a chat to Anthropic, within":     {path: "/v1/chat/completions", body: stream, provider: "anthropic", play: []string{held, anthropicContent, "hang"}, read: "FIRST", charged: true},
		"a provider that fails meanwhile": {path: "/v1/chat/completions", body: plain, behave: testenv.Behaviour{Hang: true, Fail: 400}},
		"one that is down meanwhile":      {path: "/v1/chat/completions", body: plain, behave: testenv.Behaviour{Hang: true, Fail: 503}, failures: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var provider *player
			second := testenv.StartUpstream(t, testenv.UpstreamOptions{})
			b := newBench(t, func(b *bench) {
				b.metrics, b.hold, b.routing = metrics.New(metrics.Options{Version: "test"}), time.Hour, deployment.Routing{AllowedFails: new(0)}
				address := b.upstream.URL()
				if test.play != nil {
					provider = plays(t, test.play...)
					address = provider.URL
				}
				for i, address := range []string{address, second.URL()} {
					d := b.deployment("spread", address)
					d.ID, d.Weight = string(rune('a'+i)), int64(1-i)
					if test.provider != "" {
						d.Provider = test.provider
					}
					b.more = append(b.more, d)
				}
			})
			b.upstream.Behave(test.behave)
			if test.read != "" {
				if err := b.readUntil(spoken{path: test.path, body: test.body}, test.read); err != nil {
					t.Fatal(err)
				}
			} else {
				ctx, hangUp := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					response, err := b.start(ctx, test.path, test.body)
					if err == nil {
						response.Body.Close()
					}
					done <- err
				}()
				if provider != nil {
					<-provider.played
				} else if err := b.upstream.WaitRunning(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				hangUp()
				if err := <-done; err == nil {
					t.Error("the client was answered")
				}
				if test.body == plain {
					b.awaitGone()
					b.upstream.Release()
				}
			}
			if line := b.ended(); line["reason"] != "client_closed" {
				t.Errorf("the log says %v", line)
			}
			if scraped := b.scrape(); !strings.Contains(scraped, `reason="client_closed"`) || strings.Contains(scraped, "upstream_error") {
				t.Errorf("the metrics say\n%s", scraped)
			}
			if a := b.state("a"); a.Failures != test.failures || a.Cooling != (test.failures > 0) || len(second.Requests()) != 0 {
				t.Errorf("it counts against the deployment: %+v, %d asked elsewhere", a, len(second.Requests()))
			}
			if spent := b.spent(); spent.Reserved != 0 || (spent.Settled > 0) != test.charged {
				t.Errorf("spent %+v", spent)
			}
		})
	}
}

// awaitGone waits until the gateway's server has noticed that no client is left.
func (b *bench) awaitGone() {
	b.t.Helper()
	for until := time.Now().Add(20 * time.Second); b.leftBehind.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			b.t.Fatal("the server never noticed")
		}
	}
}

func TestClientClosed_beforeItsRequestIsWhole(t *testing.T) {
	b := newBench(t, func(b *bench) { b.metrics = metrics.New(metrics.Options{Version: "test"}) })
	connection, err := net.Dial("tcp", b.gateway.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(connection, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 500\r\n\r\n{\"model\":", b.secret)
	_ = connection.Close()
	if line := b.ended(); line["reason"] != "client_closed" || line["status"] != 499.0 {
		t.Errorf("the log says %v", line)
	}
	if !strings.Contains(b.scrape(), `reason="client_closed"`) {
		t.Error(b.scrape())
	}
}

// A call that waits for others to settle is not one that was refused.
func TestClientClosed_whileItWaits(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.metrics = metrics.New(metrics.Options{Version: "test"})
		b.team.MaxBudget = new(1000 * perToken)
		b.wait = time.Hour
	})
	holding := make(chan answer, 1)
	go func() { holding <- b.post(say("m", "hang completion_tokens=5", `,"max_tokens":700`)) }()
	if err := b.upstream.WaitRunning(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := b.start(ctx, "/v1/chat/completions", say("m", "completion_tokens=5", `,"max_tokens":700`))
		done <- err
	}()
	for until := time.Now().Add(20 * time.Second); b.asked.Load() < 2 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	hangUp()
	if err := <-done; err == nil {
		t.Error("a call whose client hung up was answered")
	}
	if line := b.ended(); line["reason"] != "client_closed" || line["status"] != 499.0 {
		t.Errorf("the log says %v", line)
	}
	b.upstream.Release()
	if got := <-holding; got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestClientClosed_withinSound(t *testing.T) {
	release := make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		_, _ = w.Write([]byte("sound"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	t.Cleanup(func() { close(release); provider.Close() })
	b := newBench(t, func(b *bench) {
		b.metrics = metrics.New(metrics.Options{Version: "test"})
		d := b.deployment("spread", provider.URL)
		d.ID, d.Price = "a", b.price(pricing.List{Characters: new(15 * money.USD)})
		b.more = append(b.more, d)
	})
	ctx, hangUp := context.WithCancel(t.Context())
	response, err := b.start(ctx, "/v1/audio/speech", `{"model":"spread","input":"hello","voice":"x"}`)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	hangUp()
	response.Body.Close()
	if line := b.ended(); line["reason"] != "client_closed" {
		t.Errorf("the log says %v", line)
	}
	if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerSettle || b.state("a").Failures != 0 {
		t.Errorf("ledger %+v, %+v", rows, b.state("a"))
	}
}
