// Package upstream speaks to the model providers.
//
// It promises that a request reaches only the address its deployment was configured with,
// carrying only that deployment's credential, and that every answer is read with bounds.
// It must never know of teams, limits or prices.
package upstream

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/compressed"
)

// Deployment is one place that serves a model.
type Deployment struct {
	// Model is the name clients ask for; UpstreamModel the name the provider knows.
	Model         string
	UpstreamModel string
	// Provider is the dialect's name, such as "openai".
	Provider string
	// BaseURL ends before "/chat/completions", and for Azure's older API before "/openai/deployments".
	BaseURL string
	// APIVersion is Azure's; empty sends none.
	APIVersion string
	// APIKey is the provider's credential; empty sends none.
	APIKey string
	// Guarded: the address was given through the API, and may lead to public addresses and the client's networks only.
	Guarded bool
}

// Host names the deployment in logs and ledger rows: the provider and its host.
func (d Deployment) Host() string {
	return d.Provider + "/" + hostOf(d.BaseURL)
}

// Client sends requests to deployments over pooled connections.
type Client struct {
	// open goes where the configuration file says, guarded where the API may lead.
	open, guarded lane
	// targets are those of all base URLs.
	targets sync.Map
}

// Timeouts of one exchange. Streams have no total bound: silence ends them, not length.
const (
	dialTimeout      = 10 * time.Second
	firstByteTimeout = 5 * time.Minute
	// idleConnections are as many as calls may have been under way at once: opening one to a provider anew costs more than
	// the rest of a call. One that nobody needs is closed after idleConnectionLife.
	idleConnections    = 2048
	idleConnectionLife = 90 * time.Second
)

// lane is how some of the deployments are reached.
type lane struct {
	http   *http.Client
	direct *direct
}

// Control judges an address right before it is connected to, as [net.Dialer] has it; nil judges none.
type Control = func(ctx context.Context, network, address string, conn syscall.RawConn) error

// NewClient returns a client that asks open about deployments of the configuration file and guarded about the others.
// It follows no redirects: a provider that moves is the operator's to configure, and a credential must not travel
// after it.
func NewClient(open, guarded Control) *Client {
	return &Client{open: newLane(open), guarded: newLane(guarded)}
}

func newLane(control Control) lane {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, ControlContext: control}
	return lane{direct: &direct{dialer: dialer, idle: map[string][]*directConn{}}, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConns:          idleConnections,
			MaxIdleConnsPerHost:   idleConnections,
			IdleConnTimeout:       idleConnectionLife,
			TLSHandshakeTimeout:   dialTimeout,
			ResponseHeaderTimeout: firstByteTimeout,
			DisableCompression:    true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// laneTo is how the deployment is reached. Behind a proxy of the operator's, it is the proxy that says where to.
func (c *Client) laneTo(to *target, d Deployment) lane {
	if d.Guarded && !to.proxied {
		return c.guarded
	}
	return c.open
}

// Send makes the call at the deployment. The caller closes the answer's body; an answer with status 200
// is in the call's wire. Its error is an [api.Error]; see [Retryable] and [MayBill].
func (c *Client) Send(ctx context.Context, d Deployment, call Call) (*http.Response, error) {
	spoken, err := dialectOf(d)
	if err != nil {
		return nil, unreachable(err, false)
	}
	request, err := spoken.request(d, call)
	if err != nil {
		return nil, unspeakable(err, d)
	}
	for name := range call.Trace {
		request.set(name, call.Trace.Get(name))
	}
	response, sent, err := c.exchange(ctx, d, request)
	if err != nil {
		return nil, unreachable(fmt.Errorf("send to %s: %w", d.Host(), err), sent)
	}
	compressed.ExpandAnswer(response) // nobody asked for it, yet some proxies compress whatever passes them
	if response.StatusCode != http.StatusOK {
		return response, nil
	}
	return spoken.answer(call, response), nil
}

// exchange sends the request and returns its answer with the body yet to be read; sent says whether the
// server has taken the request whole.
func (c *Client) exchange(ctx context.Context, d Deployment, r *request) (response *http.Response, sent bool, err error) {
	to := c.target(r.base)
	lane := c.laneTo(to, d)
	if to.direct && plainPath(r.path) {
		return lane.direct.exchange(ctx, to, r)
	}
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { wrote.Store(info.Err == nil) }}
	plain, err := r.plain(httptrace.WithClientTrace(ctx, trace))
	if err != nil {
		return nil, false, err
	}
	response, err = lane.http.Do(plain)
	return response, wrote.Load(), err
}

// Close ends idle connections.
func (c *Client) Close() {
	for _, lane := range []lane{c.open, c.guarded} {
		lane.direct.close()
		lane.http.CloseIdleConnections()
	}
}
