package safedial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startListener counts connections to a port of loopback, IPv4 and IPv6.
func startListener(t *testing.T) (port string, accepted *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", ":0") //nolint:gosec // all addresses of this machine, to catch every way in
	if err != nil {
		t.Fatal(err)
	}
	accepted = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port, accepted
}

// spellings are ways to write an address of this machine or its network. The test's name server
// answers 127.0.0.1 to whatever is not a literal address.
func spellings() []string {
	hosts := []string{
		"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001",
		"0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST", "loopback.example", "①②⑦.⓪.⓪.①", "127。0。0。1",
		"::1", "0:0:0:0:0:0:0:1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1",
		"64:ff9b:1::7f00:1", "2002:7f00:1::", "::1%lo", "fe80::1%lo", "169.254.169.254", "::ffff:a9fe:a9fe", "0xa9fea9fe", "2852039166",
	}
	for i := range 256 {
		hosts = append(hosts, fmt.Sprintf("127.%d.%d.%d", i, 255-i, i|1), fmt.Sprintf("::ffff:127.0.%d.1", i))
	}
	return hosts
}

func TestDialer_noSpellingConnects(t *testing.T) {
	port, accepted := startListener(t)
	dialer := NewDialer(Options{})
	dialer.Resolver = startDNS(t, "127.0.0.1")
	for _, host := range spellings() {
		conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			conn.Close()
			t.Errorf("%s: connected to %s", host, conn.RemoteAddr())
			continue
		}
		denied, unknown := new(DeniedError), new(net.DNSError)
		if !errors.As(err, &denied) && !errors.As(err, &unknown) {
			t.Errorf("%s: %v, want it denied after the look-up, or no name at all", host, err)
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// A name that was public when the route was made and is loopback when the gateway connects.
func TestDialer_rebinding(t *testing.T) {
	port, accepted := startListener(t)
	dialer := NewDialer(Options{})
	dialer.Resolver = startDNS(t, "93.184.216.34", "127.0.0.1")

	first, err := dialer.Resolver.LookupNetIP(t.Context(), "ip4", "rebind.example")
	if err != nil || len(first) != 1 || Check(first[0], false) != nil {
		t.Fatalf("first look-up = %v, %v, want a public address", first, err)
	}
	_, err = dialer.DialContext(t.Context(), "tcp", net.JoinHostPort("rebind.example", port))
	denied := new(DeniedError)
	if !errors.As(err, &denied) || denied.Address != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("second look-up: %v, want 127.0.0.1 denied", err)
	}
	if accepted.Load() != 0 {
		t.Error("connected")
	}
}

func TestDialer_otherNetworks(t *testing.T) {
	port, _ := startListener(t)
	dialer := NewDialer(Options{AllowPrivate: true})
	if conn, err := dialer.DialContext(t.Context(), "udp", "127.0.0.1:"+port); err == nil {
		conn.Close()
		t.Error("udp is allowed")
	}
	if err := checkDial("unix", "/run/some.sock", true); !errors.As(err, new(*DeniedError)) {
		t.Errorf("unix socket: %v", err)
	}
	conn, err := dialer.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatalf("private addresses are allowed, but: %v", err)
	}
	conn.Close()
}

func get(t *testing.T, client *http.Client, target string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

func TestClient_targets(t *testing.T) {
	for name, test := range map[string]struct {
		options  Options
		target   string
		lookedUp bool
	}{
		"http":                      {Options{}, "http://1.1.1.1/", false},
		"odd port":                  {Options{}, "https://1.1.1.1:25/", false},
		"port of http over https":   {Options{}, "https://1.1.1.1:80/", false},
		"odd port for http":         {Options{AllowHTTP: true}, "http://1.1.1.1:6379/", false},
		"file":                      {Options{AllowHTTP: true, AllowPrivate: true}, "file:///etc/passwd", false},
		"gopher":                    {Options{AllowHTTP: true, AllowPrivate: true}, "gopher://127.0.0.1:6379/", false},
		"loopback":                  {Options{}, "https://127.0.0.1/", true},
		"loopback over http":        {Options{AllowHTTP: true}, "http://localhost:8080/", true},
		"loopback, user as a decoy": {Options{}, "https://example.com@127.0.0.1/", true},
		"metadata though private":   {Options{AllowHTTP: true, AllowPrivate: true}, "http://169.254.169.254/latest/", true},
		"mapped":                    {Options{}, "https://[::ffff:127.0.0.1]:8443/", true},
		"http though private":       {Options{AllowPrivate: true}, "http://127.0.0.1:1/", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, NewClient(test.options), test.target)
			denied := new(DeniedError)
			if !errors.As(err, &denied) || denied.Address.IsValid() != test.lookedUp {
				t.Errorf("error %v, want denied, after the look-up %v", err, test.lookedUp)
			}
		})
	}
}

func TestClient_followsNoRedirect(t *testing.T) {
	var inside atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		front := httptest.NewServer(http.RedirectHandler(target.URL, status))
		client := NewClient(Options{AllowPrivate: true, AllowHTTP: true})
		response, err := get(t, client, front.URL)
		if err != nil || response.StatusCode != status {
			t.Errorf("%d: answer %v, error %v, want the redirect itself", status, response, err)
		}
		front.Close()
	}
	if inside.Load() != 0 {
		t.Errorf("%d redirects were followed", inside.Load())
	}
}

// The environment is read once per process, so only the setting itself can be looked at.
func TestClient_noProxyFromEnvironment(t *testing.T) {
	guard, ok := NewClient(Options{}).Transport.(*guard)
	if !ok || guard.next.Proxy != nil {
		t.Error("a proxy would be asked, and judge addresses in our place")
	}
}

func TestClient_longAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		length, _ := strconv.Atoi(r.URL.Query().Get("length"))
		_, _ = io.WriteString(w, strings.Repeat("x", length))
	}))
	defer server.Close()
	client := NewClient(Options{AllowPrivate: true, AllowHTTP: true, MaxResponse: 1000})
	for length, want := range map[int]error{0: nil, 999: nil, 1000: nil, 1001: ErrTooLong, 1 << 20: ErrTooLong} {
		response, err := get(t, client, fmt.Sprintf("%s/?length=%d", server.URL, length))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if !errors.Is(err, want) || len(body) != min(length, 1000) {
			t.Errorf("answer of %d bytes: read %d, error %v, want error %v", length, len(body), err, want)
		}
	}
}

func TestClient_untrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failed handshake is what the test wants
	server.StartTLS()
	defer server.Close()
	client := NewClient(Options{AllowPrivate: true})
	if _, err := get(t, client, server.URL); err == nil {
		t.Error("a certificate that nobody vouches for is trusted")
	}
}
