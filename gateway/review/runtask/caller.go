package runtask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

const (
	// callTimeout bounds one call, with its repetitions.
	callTimeout = time.Minute
	// repeats is how often a call is made again that the host could not take.
	repeats = 3
	// mostRedirects is how far a plan may be looked for: HCP Terraform sends on once, to where its files are.
	mostRedirects = 3
)

// caller calls the hosts that it may.
type caller struct {
	hosts    []string
	mostPlan int
	http     *resty.Client
}

func newCaller(options Options) *caller {
	c := &caller{hosts: options.Hosts, mostPlan: options.MostPlan}
	if c.mostPlan == 0 {
		c.mostPlan = DefaultMostPlan
	}
	wait := options.wait
	if wait == 0 {
		wait = time.Second
	}
	// resty repeats what a host cannot take now, with Retry-After.
	c.http = resty.NewWithClient(&http.Client{Transport: options.Transport, Timeout: callTimeout, CheckRedirect: c.mayFollow}).
		SetLogger(silent{}).SetResponseBodyLimit(c.mostPlan).SetRetryCount(repeats).SetRetryWaitTime(wait).SetRetryMaxWaitTime(20 * time.Second).
		AddRetryCondition(func(answer *resty.Response, _ error) bool {
			return answer.StatusCode() == http.StatusTooManyRequests || answer.StatusCode() >= http.StatusInternalServerError
		})
	return c
}

// silent keeps addresses out of the log: some open what they lead to.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// allowed says why an address may not be called.
func (c *caller) allowed(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "":
		return errors.New("is no address")
	case parsed.Scheme != "https":
		return errors.New("is not an https address")
	case parsed.User != nil:
		return errors.New("carries a user or password")
	case !slices.ContainsFunc(c.hosts, func(host string) bool { return strings.EqualFold(host, parsed.Host) }):
		return fmt.Errorf("leads to %q, which is none of the hosts that this server may call (--host)", parsed.Host)
	default:
		return nil
	}
}

// mayFollow holds redirects to the same hosts. Another one than the first does not see the token.
func (c *caller) mayFollow(next *http.Request, before []*http.Request) error {
	if len(before) > mostRedirects {
		return errors.New("the host sends on too often")
	}
	if err := c.allowed(next.URL.String()); err != nil {
		return fmt.Errorf("the host sends on to an address that %w", err)
	}
	if next.URL.Host != before[0].URL.Host {
		next.Header.Del("Authorization") // net/http keeps it where only the port differs
	}
	return nil
}

// plan fetches the plan in JSON.
func (c *caller) plan(ctx context.Context, asked request) (io.Reader, error) {
	if err := c.allowed(asked.PlanURL); err != nil {
		return nil, fmt.Errorf("plan_json_api_url %w", err)
	}
	answer, err := c.http.R().SetContext(ctx).SetAuthToken(asked.AccessToken).Get(asked.PlanURL)
	switch {
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return nil, fmt.Errorf("it is larger than %d MB (--most-plan-mb)", c.mostPlan>>20)
	case err != nil:
		return nil, plain(err)
	case answer.StatusCode() == http.StatusNoContent:
		return nil, errors.New("the run has no plan in JSON")
	case answer.StatusCode() != http.StatusOK:
		return nil, fmt.Errorf("the host answers %s", answer.Status())
	default:
		return bytes.NewReader(answer.Body()), nil
	}
}

// plain is an error without the address that was called.
func plain(err error) error {
	if called, ok := errors.AsType[*url.Error](err); ok {
		return called.Err
	}
	return err
}

// tell says the run what became of its task.
func (c *caller) tell(ctx context.Context, asked request, told result) error {
	body, err := json.Marshal(told.payload(asked.Capabilities.Outcomes))
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	answer, err := c.http.R().SetContext(ctx).SetAuthToken(asked.AccessToken).SetHeader("Content-Type", "application/vnd.api+json").
		SetBody(body).Patch(asked.CallbackURL)
	switch {
	case err != nil:
		return plain(err)
	case answer.StatusCode() != http.StatusOK:
		return fmt.Errorf("the host answers %s", answer.Status())
	default:
		return nil
	}
}
