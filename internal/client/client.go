// Package client speaks the gateway's admin API.
//
// It promises that a call either did what it says or returns an error that tells which:
// what the gateway refused is an *api.Error with the gateway's own code, a gateway that
// cannot be reached wraps [ErrNoAnswer], and nothing else passes for either. Calls that
// may be repeated safely are repeated. It must never know of Terraform, and never put
// the admin key or a request body into an error or a log.
package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
	"golang.org/x/net/http/httpguts"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	defaultRetryMax  = 4
	defaultRetryWait = 500 * time.Millisecond
	defaultTimeout   = 30 * time.Second
	maxRetryWait     = time.Minute
	defaultMaxWait   = 30 * time.Second
	dialTimeout      = 4 * time.Second
	probeTimeout     = 5 * time.Second
	maxResponseBytes = 64 << 20
	pageSize         = 1000
	anyRevision      = 0
)

// Options say which gateway to talk to and how.
type Options struct {
	// Endpoint is the gateway's address, such as "https://bursar.example.com".
	Endpoint string
	// AdminKey opens the admin API.
	AdminKey string
	// Token gives a token that opens the admin API instead of AdminKey, for each call; nil where there is a key.
	Token func(ctx context.Context) (string, error)
	// Actor is the person or program the audit log names; empty leaves it to the gateway.
	Actor string
	// Reason is kept in the audit log with every change; empty sends none.
	Reason string
	// ApprovedReview is the id of the approved review that every change is part of; empty for none.
	ApprovedReview string
	// ManagedBy is the configuration that the program keeps objects by; nil for none.
	ManagedBy *api.ManagedBy
	// UserAgent names the program in the gateway's log.
	UserAgent string
	// CAPEM are certificates in PEM that are trusted besides those of the machine; empty for none.
	CAPEM string
	// Headers are sent with every request, for what stands before the gateway. Their values may be secret.
	Headers map[string]string
	// RetryMax is how often a call is repeated after 429, 502, 503, 504 or a broken
	// connection, and at most how often after 500. Zero is 4, a negative number is never.
	RetryMax int
	// RetryWait is the pause before the first repetition, doubled for each further one
	// unless the gateway names a time in Retry-After. Zero is half a second.
	RetryWait time.Duration
	// MaxWait is how long a gateway that has answered before is waited for while nobody listens at its address, as when
	// it restarts. Zero is 30 seconds, a negative time is not at all.
	MaxWait time.Duration
	// Timeout is for a single attempt. Zero is 30 seconds.
	Timeout time.Duration
}

// Client calls one gateway. It is safe for use by several goroutines.
type Client struct {
	rest   *resty.Client
	estate *Estate
	checks changeChecks
	crowd  *crowd
	reach  *reach
	// token is nil where an admin key is sent.
	token func(ctx context.Context) (string, error)
	// secrets are what no error may show: the admin key and the values of headers.
	secrets []string
}

// New returns a client of the gateway; it does not call it.
// The error says what is wrong with the endpoint or the admin key, without repeating the key.
func New(options Options) (*Client, error) {
	endpoint, err := CheckEndpoint(options.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := CheckAdminKey(options.AdminKey); err != nil && options.Token == nil {
		return nil, err
	}
	transport, err := newTransport(options.CAPEM)
	if err != nil {
		return nil, err
	}
	if err := CheckHeaders(options.Headers); err != nil {
		return nil, err
	}
	rest := resty.NewWithClient(&http.Client{
		Timeout:   cmp.Or(options.Timeout, defaultTimeout),
		Transport: transport,
		// A redirect would carry a change to a place nobody configured, or turn it into a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	rest.SetBaseURL(endpoint).
		SetAuthToken(options.AdminKey).
		SetDisableWarn(true).
		SetLogger(silent{}).
		SetResponseBodyLimit(maxResponseBytes)
	rest.SetHeaders(options.Headers)
	setHeaders(rest, options)
	setRetries(rest, options)
	c := &Client{rest: rest, crowd: newCrowd(), reach: newReach(cmp.Or(options.MaxWait, defaultMaxWait)), token: options.Token}
	c.secrets = append(slices.Collect(maps.Values(options.Headers)), options.AdminKey)
	c.estate = newEstate(c)
	return c, nil
}

// newTransport is Go's own, but that it does not wait long for an address at which nobody is.
func newTransport(caPEM string) (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // Go's own since it has one
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	if caPEM == "" {
		return transport, nil
	}
	trusted, err := x509.SystemCertPool()
	if err != nil {
		trusted = x509.NewCertPool() // a machine without any
	}
	if !trusted.AppendCertsFromPEM([]byte(caPEM)) {
		return nil, ErrNoCertificate
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// ErrNoCertificate is for a text that was to be certificates.
var ErrNoCertificate = errors.New("there is no certificate in PEM in it, -----BEGIN CERTIFICATE-----")

// ownHeaders are the client's, or belong to a single request.
var ownHeaders = []string{"authorization", "host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key", "if-match", "x-api-key"}

// CheckHeaders refuses headers that cannot be sent with every request, without repeating a value.
func CheckHeaders(headers map[string]string) error {
	for name, value := range headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return fmt.Errorf("%q is no name of a header", name)
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			return fmt.Errorf("the header %s is set by the client itself", name)
		case !httpguts.ValidHeaderFieldValue(value):
			return fmt.Errorf("the value of the header %s holds a line break or another character that no header may have", name)
		}
	}
	return nil
}

// Estate reads objects of the gateway, many with few requests. It is one for all users of the client.
func (c *Client) Estate() *Estate { return c.estate }

func setHeaders(rest *resty.Client, options Options) {
	for name, value := range map[string]string{
		"Accept":               "application/json",
		"User-Agent":           cmp.Or(options.UserAgent, "bursar-client"),
		api.HeaderActor:        headerText(options.Actor),
		api.HeaderChangeReason: headerText(options.Reason),
		api.HeaderManagedBy:    managedBy(options.ManagedBy),

		api.HeaderApprovedReview: headerText(options.ApprovedReview),
	} {
		if value != "" {
			rest.SetHeader(name, value)
		}
	}
}

func managedBy(by *api.ManagedBy) string {
	if by == nil {
		return ""
	}
	encoded, err := json.Marshal(by)
	if err != nil {
		return "" // four texts are always JSON
	}
	return string(encoded)
}

// headerText makes free text fit for a header: line breaks, common in reasons taken from
// commit messages, would make net/http refuse the whole request.
func headerText(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// CheckEndpoint returns the endpoint without a trailing slash, or an error that says
// what is wrong with it.
func CheckEndpoint(endpoint string) (string, error) {
	parsed, err := url.Parse(endpoint)
	switch {
	case endpoint == "":
		return "", errors.New("the endpoint is empty; it is the gateway's address, such as https://bursar.example.com")
	case err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https"):
		return "", errors.New("the endpoint is not an http or https address such as https://bursar.example.com")
	case parsed.User != nil:
		return "", errors.New("the endpoint must not carry a user or password; the admin key is given separately")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return "", errors.New("the endpoint must not carry a query or fragment")
	}
	return strings.TrimRight(endpoint, "/"), nil
}

// CheckAdminKey returns an error when the key cannot be one, without repeating it.
func CheckAdminKey(key string) error {
	if key == "" {
		return errors.New("the admin key is empty")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the admin key holds a space, a line break or another character that no key has; was it copied whole?")
	}
	return nil
}

// call sends one request and decodes its answer into result, unless that is nil. No error of it holds the admin key
// or a secret that the request carries.
func (c *Client) call(ctx context.Context, request *resty.Request, method, path string, result any) error {
	err := c.exchange(ctx, request, method, path, result)
	err = newVeil(slices.Concat(c.secrets, []string{request.Token}), request.Body).over(c.byToken(err))
	if err != nil && ctx.Err() == nil && failsAll(err) {
		return c.reach.giveUp(err)
	}
	return err
}

func (c *Client) exchange(ctx context.Context, request *resty.Request, method, path string, result any) error {
	if err := c.authorize(ctx, request); err != nil {
		return err
	}
	request.AddRetryCondition(new(attempts).again)
	response, err := c.send(ctx, request.SetContext(ctx), method, path)
	if err != nil {
		return after(request.Attempt, noAnswer(ctx, c.rest.BaseURL, err))
	}
	if response.StatusCode() == http.StatusOK {
		return decode(response, result)
	}
	if !mayPass(response) {
		return refusal(response)
	}
	if ended := ctx.Err(); ended != nil {
		return noAnswer(ctx, c.rest.BaseURL, ended) // it would have been asked again
	}
	return after(request.Attempt, refusal(response))
}

func (c *Client) get(ctx context.Context, path string, query map[string]string, result any) error {
	return c.call(ctx, c.rest.R().SetQueryParams(query), http.MethodGet, path, result)
}

// ask is a post that only reads.
func (c *Client) ask(ctx context.Context, path string, body, result any) error {
	return c.call(ctx, c.rest.R().SetBody(body), http.MethodPost, path, result)
}

func (c *Client) post(ctx context.Context, path string, body, result any) error {
	return c.change(ctx, c.rest.R().SetBody(body), path, result)
}

// change forgets what was listed, whether or not an answer came: the change may have been made.
func (c *Client) change(ctx context.Context, request *resty.Request, path string, result any) error {
	defer c.estate.forget()
	return c.call(ctx, request, http.MethodPost, path, result)
}

// create sends the same Idempotency-Key with every repetition, so that an object whose
// answer was lost on the way is answered again, not made twice. When no answer comes at all,
// the error is an [UnansweredError].
func (c *Client) create(ctx context.Context, path string, body, result any) error {
	id := rand.Text()
	request := c.rest.R().SetBody(body).SetHeader(api.HeaderIdempotencyKey, id).SetHeader(api.HeaderRequestID, id)
	lost := watchForLoss(request)
	return unanswered(c.change(ctx, request, path, result), id, lost())
}

// update is refused with [api.Stale] when the object is no longer at the revision.
func (c *Client) update(ctx context.Context, path string, body any, revision int64, result any) error {
	request := c.rest.R().SetBody(body)
	if revision != anyRevision {
		request.SetHeader(api.HeaderIfMatch, strconv.Quote(strconv.FormatInt(revision, 10)))
	}
	return c.change(ctx, request, path, result)
}

// silent keeps resty from writing to standard error: Terraform shows that to people.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// creating names what is made, whose id may be left to the gateway.
func creating(noun, id string) string {
	if id == "" {
		return "create " + noun
	}
	return "create " + noun + " " + strconv.Quote(id)
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
