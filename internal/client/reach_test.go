package client_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// nobody is an address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	return "http://" + testenv.FreeAddress(t)
}

func newClient(t *testing.T, options client.Options) *client.Client {
	t.Helper()
	options.AdminKey = adminKey
	c, err := client.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whoever is not there, or refuses the key, fails all calls with one cause, and the usual pauses between repetitions are
// not waited for.
func TestReach_oneFailureIsThatOfAllCalls(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	var asked atomic.Int32
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		answer := failed(http.StatusUnauthorized, "auth_error", "no such key")
		w.WriteHeader(answer.status)
		_, _ = w.Write([]byte(answer.body))
	}))
	defer refusing.Close()
	for name, endpoint := range map[string]string{
		"nobody listens": nobody(t), "no such name": "http://gateway.invalid", "no TLS": "https" + plain.URL[len("http"):],
		"not trusted": untrusted.URL, "wrong key": refusing.URL,
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, client.Options{Endpoint: endpoint, RetryWait: time.Hour})
			told := 0
			for range 20 {
				_, err := c.GetTeam(t.Context(), "a")
				lost, ok := errors.AsType[*client.LostError](err)
				if !ok {
					t.Fatalf("got %v", err)
				}
				if lost.Tell() {
					told++
				}
			}
			if told != 1 {
				t.Errorf("told %d times", told)
			}
		})
	}
	if asked.Load() != 1 {
		t.Errorf("the key was tried %d times", asked.Load())
	}
}

// A create that was never sent has made nothing.
func TestReach_aCreateThatWasNotSentIsNotUnanswered(t *testing.T) {
	c := newClient(t, client.Options{Endpoint: nobody(t)})
	for range 2 {
		_, err := c.CreateTeam(t.Context(), "a", api.TeamFields{})
		if _, unanswered := errors.AsType[*client.UnansweredError](err); unanswered || !errors.Is(err, client.ErrNoAnswer) {
			t.Errorf("got %v", err)
		}
	}
}

// restarting is a gateway whose address can be closed and opened again.
type restarting struct {
	t       *testing.T
	address string
	server  *httptest.Server
}

func startRestarting(t *testing.T) *restarting {
	t.Helper()
	r := &restarting{t: t, address: testenv.FreeAddress(t)}
	r.start()
	return r
}

func (r *restarting) start() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte(`{"team_id":"a"}`))
	}))
	_ = r.server.Listener.Close()
	r.server.Listener = listener
	r.server.Start()
}

func TestReach_aGatewayThatRestartsIsWaitedFor(t *testing.T) {
	gateway := startRestarting(t)
	c := newClient(t, client.Options{Endpoint: "http://" + gateway.address, RetryWait: 5 * time.Millisecond})
	if _, err := c.GetTeam(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	gateway.server.Close()
	var waiting sync.WaitGroup
	for range 5 {
		waiting.Go(func() {
			if _, err := c.GetTeam(t.Context(), "a"); err != nil {
				t.Errorf("was not waited for: %v", err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	<-ctx.Done() // some have met that nobody listens
	gateway.start()
	defer gateway.server.Close()
	waiting.Wait()
}

func TestReach_aGatewayThatStaysAwayIsGivenUp(t *testing.T) {
	gateway := startRestarting(t)
	c := newClient(t, client.Options{Endpoint: "http://" + gateway.address, RetryWait: time.Millisecond, MaxWait: 20 * time.Millisecond})
	if _, err := c.GetTeam(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	gateway.server.Close()
	for range 2 {
		_, err := c.GetTeam(t.Context(), "a")
		if _, lost := errors.AsType[*client.LostError](err); !lost {
			t.Errorf("got %v", err)
		}
	}
}

func TestProbe_tellsWhatNoCallCanEscape(t *testing.T) {
	if err := newClient(t, client.Options{Endpoint: nobody(t)}).Probe(t.Context()); !errors.Is(err, client.ErrNoAnswer) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := startFake(t, failed(http.StatusUnauthorized, "auth_error", "no such key")).client(t).Probe(t.Context()); api.CodeOf(err) != api.Unauthenticated {
		t.Errorf("wrong key: %v", err)
	}
	for name, passing := range map[string]answer{
		"an own key": ok(`{}`), "not found": failed(http.StatusNotFound, "not_found_error", "no"), "may not": failed(http.StatusForbidden, "permission_error", "no"),
		"busy": failed(http.StatusServiceUnavailable, "store_unavailable_error", "no"), "cut": {drop: true},
	} {
		gateway := startFake(t, passing)
		if err := gateway.client(t).Probe(t.Context()); err != nil || gateway.count() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, gateway.count())
		}
	}
}

// certificateOf is the server's own, in PEM.
func certificateOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestNew_trustsTheCertificatesThatItIsGiven(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"team_id":"a"}`)) }))
	defer server.Close()
	if _, err := newClient(t, client.Options{Endpoint: server.URL, CAPEM: certificateOf(server)}).GetTeam(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if _, err := client.New(client.Options{Endpoint: server.URL, AdminKey: adminKey, CAPEM: "none"}); !errors.Is(err, client.ErrNoCertificate) {
		t.Errorf("got %v", err)
	}
}

func TestNew_sendsHeadersAndNeverShowsThem(t *testing.T) {
	const secret = "canary-of-a-header"
	var got atomic.Value
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("CF-Access-Client-Secret"))
		answer := failed(http.StatusForbidden, "permission_error", "not with "+secret)
		w.WriteHeader(answer.status)
		_, _ = w.Write([]byte(answer.body))
	}))
	defer echo.Close()
	_, err := newClient(t, client.Options{Endpoint: echo.URL, Headers: map[string]string{"CF-Access-Client-Secret": secret}}).GetTeam(t.Context(), "a")
	if err == nil || strings.Contains(err.Error(), "canary") || got.Load() != secret {
		t.Errorf("sent %v, got %v", got.Load(), err)
	}
	for name, value := range map[string]string{"a b": "x", "Authorization": "x", "If-Match": "x", "X-Ours": "canary\n"} {
		if err := client.CheckHeaders(map[string]string{name: value}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
