package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/webhook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// token stands in every address under test and must stand nowhere else.
const token = "T0KEN"

// received is one request as a receiver sees it.
type received struct {
	header http.Header
	body   []byte
}

// inbox keeps what arrives and lets a handler answer.
type inbox struct {
	mu       sync.Mutex
	requests []received
	server   *httptest.Server
}

func startInbox(t *testing.T, answer http.HandlerFunc) *inbox {
	t.Helper()
	box := &inbox{}
	box.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		box.mu.Lock()
		box.requests = append(box.requests, received{r.Header.Clone(), body})
		box.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(box.server.Close)
	return box
}

func (b *inbox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

func route(target string, secret *string) api.AlertRoute {
	route := api.NewAlertRoute("route_1")
	route.Webhook = &api.WebhookTarget{URL: target + "/hooks/" + token + "?key=" + token, Secret: secret}
	return route
}

func event() api.AlertEvent {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return api.AlertEvent{
		ID: "event_1", Type: api.EventBudgetSoftLimit, Severity: "warning", CreatedAt: start.Add(time.Hour),
		Message: "Team marketing has spent 80% of its budget", TeamID: "marketing", Threshold: 0.8,
		Spend: money.Nano(80_000_000_000), MaxBudget: money.Nano(100_000_000_000), PeriodStart: &start,
	}
}

func one(event api.AlertEvent) alert.Message { return alert.Message{Events: []api.AlertEvent{event}} }

func newTarget(t *testing.T) *webhook.Target {
	t.Helper()
	client := safedial.NewClient(safedial.Options{AllowPrivate: true, AllowHTTP: true})
	return webhook.New(post.New(client, "1.2.3"))
}

func ok(http.ResponseWriter, *http.Request) {}

func TestSend_verifiesWithTheStandardLibrary(t *testing.T) {
	raw := "a secret that is long enough"
	encoded := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	fromText, _ := standardwebhooks.NewWebhookRaw([]byte(raw))
	fromBase64, err := standardwebhooks.NewWebhook(encoded)
	if err != nil {
		t.Fatal(err)
	}
	for secret, verifier := range map[string]*standardwebhooks.Webhook{raw: fromText, encoded: fromBase64} {
		box := startInbox(t, ok)
		outcome := newTarget(t).Send(t.Context(), route(box.server.URL, &secret), one(event()))
		if outcome.Result != alert.Sent || outcome.Status != "200 OK" {
			t.Fatalf("outcome %+v", outcome)
		}
		got := box.all()[0]
		if err := verifier.Verify(got.body, got.header); err != nil {
			t.Errorf("signature: %v", err)
		}
		if verifier.Verify(append(got.body, ' '), got.header) == nil {
			t.Error("a changed body verifies")
		}
	}
}

func TestSend_headersAndBody(t *testing.T) {
	box := startInbox(t, ok)
	newTarget(t).Send(t.Context(), route(box.server.URL, nil), one(event()))
	got := box.all()[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "bursar/1.2.3", "Webhook-Id": "event_1", "Webhook-Signature": "",
	} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	var body webhook.Body
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Type != api.EventBudgetSoftLimit || !body.Timestamp.Equal(event().CreatedAt) || body.Data.TeamID != "marketing" {
		t.Errorf("body %s", got.body)
	}
	if !strings.Contains(string(got.body), `"timestamp":"2026-11-01T01:00:00Z"`) {
		t.Errorf("body %s has no RFC 3339 timestamp", got.body)
	}
}

func TestSend_attemptsAreAlike(t *testing.T) {
	box := startInbox(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	target := newTarget(t)
	target.Send(t.Context(), route(box.server.URL, nil), one(event()))
	target.Send(t.Context(), route(box.server.URL, nil), one(event()))
	first, second := box.all()[0], box.all()[1]
	if first.header.Get("webhook-id") != second.header.Get("webhook-id") || string(first.body) != string(second.body) {
		t.Errorf("attempts differ: %v %s, %v %s", first.header, first.body, second.header, second.body)
	}
}

// Receivers may refuse more than 20 kB; the longest fields that can be stored must fit.
func TestSend_shortBody(t *testing.T) {
	box := startInbox(t, ok)
	target := newTarget(t)
	for _, filler := range []string{"x", "<", "\x00", "é", "€", "😀", "\xff", "\u2028"} {
		id := strings.Repeat(filler, 255/len(filler))
		long := event()
		long.TeamID, long.TeamAlias, long.KeyID, long.BudgetID, long.Scope = id, id, id, id, "team:"+id
		long.Message = strings.Repeat(filler, 5000)
		outcome := target.Send(t.Context(), route(box.server.URL, nil), one(long))
		all := box.all()
		body := all[len(all)-1].body
		if outcome.Result != alert.Sent || len(body) >= 20_000 || !json.Valid(body) {
			t.Errorf("text of %q: outcome %+v, body of %d bytes", filler, outcome, len(body))
		}
	}
}

func TestSend_statuses(t *testing.T) {
	for status, want := range map[int]alert.Result{
		200: alert.Sent, 202: alert.Sent, 204: alert.Sent, 299: alert.Sent,
		301: alert.Failed, 302: alert.Failed, 307: alert.Failed, 308: alert.Failed, 401: alert.Failed, 403: alert.Failed,
		400: alert.Refused, 413: alert.Refused, 415: alert.Refused, 422: alert.Refused, 404: alert.Failed, 429: alert.Failed, 500: alert.Failed, 502: alert.Failed, 503: alert.Failed, 410: alert.Gone,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			box := startInbox(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
				w.WriteHeader(status)
				fmt.Fprint(w, "body with a "+token)
			})
			outcome := newTarget(t).Send(t.Context(), route(box.server.URL, nil), one(event()))
			if outcome.Result != want || !strings.HasPrefix(outcome.Status, fmt.Sprint(status)) || len(box.all()) != 1 {
				t.Errorf("outcome %+v after %d requests, want %s", outcome, len(box.all()), want)
			}
			assertDiscreet(t, outcome, box.server.URL)
		})
	}
}

// assertDiscreet checks that an outcome names the host and nothing else of the address, and tells of the answer only in
// the field for it.
func assertDiscreet(t *testing.T, outcome alert.Outcome, address string) {
	t.Helper()
	if outcome.Receiver != strings.TrimPrefix(address, "http://") {
		t.Errorf("receiver %q, want the host of %s", outcome.Receiver, address)
	}
	outcome.Answer = ""
	for _, secret := range []string{token, "hooks", "SSH"} {
		if strings.Contains(fmt.Sprintf("%+v", outcome), secret) {
			t.Errorf("outcome %+v tells %q", outcome, secret)
		}
	}
}

func TestSend_retryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":     0,
		"120":  2 * time.Minute,
		"-5":   0,
		"soon": 0,
		"1e9":  0,
		time.Now().UTC().Add(time.Hour).Format(http.TimeFormat):  time.Hour,
		time.Now().UTC().Add(-time.Hour).Format(http.TimeFormat): 0,
		"99999999999999999999": 0,
	} {
		box := startInbox(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		outcome := newTarget(t).Send(t.Context(), route(box.server.URL, nil), one(event()))
		if outcome.RetryAfter > want || outcome.RetryAfter < min(want, want/2+time.Minute) {
			t.Errorf("Retry-After %q is read as %s, want %s", header, outcome.RetryAfter, want)
		}
	}
}

func TestSend_hangs(t *testing.T) {
	release := make(chan struct{})
	box := startInbox(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	outcome := newTarget(t).Send(ctx, route(box.server.URL, nil), one(event()))
	if outcome.Result != alert.Failed || outcome.Status != "no answer in time" {
		t.Errorf("outcome %+v", outcome)
	}
	assertDiscreet(t, outcome, box.server.URL)
}

// A receiver that answers and never ends its body has still answered.
func TestSend_endlessBody(t *testing.T) {
	release := make(chan struct{})
	box := startInbox(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		<-release
	})
	defer close(release)
	if outcome := newTarget(t).Send(t.Context(), route(box.server.URL, nil), one(event())); outcome.Result != alert.Sent {
		t.Errorf("outcome %+v", outcome)
	}
}

// startRaw runs a server that reads a little and then does as told with the connection.
func startRaw(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			do(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

func TestSend_noAnswer(t *testing.T) {
	reset := startRaw(t, func(conn net.Conn) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	})
	hangup := startRaw(t, func(net.Conn) {})
	talks := startRaw(t, func(conn net.Conn) { fmt.Fprintf(conn, "HTTP/1.1 500 my %s is\r\n\r\n", token) })
	banner := startRaw(t, func(conn net.Conn) { fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.9\r\n") })
	refused, _ := net.Listen("tcp", "127.0.0.1:0")
	refused.Close()
	for address, want := range map[string]string{
		talks:                               "500 Internal Server Error",
		reset:                               "connection reset by peer",
		hangup:                              "connection ended without an HTTP answer",
		banner:                              "connection ended without an HTTP answer",
		"http://" + refused.Addr().String(): "connection refused",
	} {
		outcome := newTarget(t).Send(t.Context(), route(address, nil), one(event()))
		if outcome.Result != alert.Failed || outcome.Status != want {
			t.Errorf("outcome %+v, want %q", outcome, want)
		}
		assertDiscreet(t, outcome, address)
	}
}

func TestSend_neverLeavesForDeniedTargets(t *testing.T) {
	box := startInbox(t, ok)
	for name, test := range map[string]struct {
		options safedial.Options
		target  string
		want    string
	}{
		"http":     {safedial.Options{}, box.server.URL, "target is not allowed: only https is"},
		"loopback": {safedial.Options{}, "https://127.0.0.1:8443", "address 127.0.0.1 is not allowed: it is loopback"},
		"metadata": {safedial.Options{AllowPrivate: true, AllowHTTP: true}, "http://169.254.169.254", "address 169.254.169.254 is not allowed: it is link-local"},
	} {
		client := safedial.NewClient(test.options)
		outcome := webhook.New(post.New(client, "1.2.3")).Send(t.Context(), route(test.target, nil), one(event()))
		if outcome.Result != alert.Failed || outcome.Status != test.want {
			t.Errorf("%s: outcome %+v, want %q", name, outcome, test.want)
		}
	}
	if len(box.all()) != 0 {
		t.Error("a denied target was called")
	}
}

func TestSend_certificateNobodyVouchesFor(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failed handshake is what the test wants
	server.StartTLS()
	defer server.Close()
	outcome := newTarget(t).Send(t.Context(), route(server.URL, nil), one(event()))
	if !strings.HasPrefix(outcome.Status, "certificate is not trusted: ") {
		t.Errorf("outcome %+v", outcome)
	}
}

func TestSend_badRoute(t *testing.T) {
	short := "short"
	for name, bad := range map[string]api.AlertRoute{
		"no webhook":  api.NewAlertRoute("route_1"),
		"bad address": route("http://[::1", nil),
		"bad secret":  route("http://127.0.0.1:1", &short),
	} {
		outcome := newTarget(t).Send(t.Context(), bad, one(event()))
		if outcome.Result != alert.Failed || outcome.Status == "" || strings.Contains(outcome.Status, token) || strings.Contains(outcome.Status, `"short"`) {
			t.Errorf("%s: outcome %+v", name, outcome)
		}
	}
}
