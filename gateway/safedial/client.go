package safedial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Defaults of [Options].
const (
	DefaultTimeout     = 15 * time.Second
	DefaultMaxResponse = 64 << 10
	dialTimeout        = 5 * time.Second
)

// Options say how far a client may go. The zero value is for public https receivers.
type Options struct {
	// AllowPrivate lets connections go to loopback, private and CGNAT addresses, and to any port.
	AllowPrivate bool
	// AllowHTTP lets targets be http, not only https.
	AllowHTTP bool
	// Timeout is for a whole exchange, name look-up to last byte; zero is [DefaultTimeout].
	Timeout time.Duration
	// MaxResponse is in bytes of body; reading more fails with [ErrTooLong]. Zero is [DefaultMaxResponse].
	MaxResponse int64
	// RootCAs vouch for receivers; nil is the system's.
	RootCAs *x509.CertPool
}

// ErrTooLong says that an answer was longer than [Options.MaxResponse].
var ErrTooLong = errors.New("answer is too long")

// NewDialer returns a dialer that judges each address after the look-up and right before it connects,
// so that a name that resolves differently the next time wins nothing.
func NewDialer(options Options) *net.Dialer {
	return &net.Dialer{
		Timeout: dialTimeout,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return checkDial(network, address, options.AllowPrivate)
		},
	}
}

func checkDial(network, address string, allowPrivate bool) error {
	if network != "tcp4" && network != "tcp6" {
		return denyTarget("its network is %s", network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return denyTarget("it has no literal address")
	}
	return Check(target.Addr(), allowPrivate)
}

// NewClient returns a client that dials with [NewDialer], follows no redirects (a 3xx is the
// answer), uses no proxy, keeps no cookies and reads short answers only. What it refuses itself
// comes back as a [*DeniedError].
func NewClient(options Options) *http.Client {
	return newClient(options, NewDialer(options))
}

func newClient(options Options, dialer *net.Dialer) *http.Client {
	transport := &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTimeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: options.RootCAs},
		MaxResponseHeaderBytes: 16 << 10,
		DisableKeepAlives:      true, // every request is judged anew
		DisableCompression:     true,
	}
	guard := &guard{next: transport, options: options}
	if guard.options.MaxResponse == 0 {
		guard.options.MaxResponse = DefaultMaxResponse
	}
	client := &http.Client{Transport: guard, CheckRedirect: stay, Timeout: options.Timeout}
	if client.Timeout == 0 {
		client.Timeout = DefaultTimeout
	}
	return client
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// guard refuses what is wrong before any look-up, and cuts long answers.
type guard struct {
	next    *http.Transport
	options Options
}

// RoundTrip checks the target, sends the request and bounds the answer's body.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.checkTarget(request.URL); err != nil {
		return nil, err
	}
	response, err := g.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: g.options.MaxResponse}
	return response, nil
}

func (g *guard) checkTarget(target *url.URL) error {
	allowed := []int{443, 8443}
	switch {
	case target.Scheme == "https":
	case target.Scheme == "http" && g.options.AllowHTTP:
		allowed = append(allowed, 80, 8080)
	case target.Scheme == "http":
		return denyTarget("only https is")
	default:
		return denyTarget("it is neither https nor http")
	}
	if g.options.AllowPrivate || target.Port() == "" {
		return nil
	}
	if port, err := strconv.Atoi(target.Port()); err != nil || !slices.Contains(allowed, port) {
		return denyTarget("its port is not one of %v", allowed)
	}
	return nil
}

// boundedBody fails once more than left bytes were read.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read reads on, one byte beyond the bound at most, to tell an answer that fits from one that does not.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLong
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrTooLong
	}
	return n, err
}
