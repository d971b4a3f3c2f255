package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// longestPoll is the longest pause between two looks at whether the gateway is back.
const longestPoll = 2 * time.Second

// LostError is for a call that cannot succeed because the gateway is away or refuses the admin key. All of a client have
// one cause, which the first call met; calls after it are not sent.
type LostError struct {
	cause error
	told  *atomic.Bool
}

func (e *LostError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.cause }

func isLost(err error) bool {
	_, ok := errors.AsType[*LostError](err)
	return ok
}

// Tell says true the first time that it is asked of any of a client's errors: one message does for all of them.
func (e *LostError) Tell() bool { return !e.told.Swap(true) }

// reach is whether the gateway can be reached. One that has answered is waited for while it restarts, all calls together
// for no longer than maxWait; one that never has is not.
type reach struct {
	maxWait time.Duration
	told    atomic.Bool
	// gone is closed when the gateway is given up.
	gone chan struct{}

	mu       sync.Mutex
	answered bool
	// since is when the gateway was missed first since its last answer.
	since time.Time
	cause error
}

func newReach(maxWait time.Duration) *reach {
	return &reach{maxWait: maxWait, gone: make(chan struct{})}
}

// lost is why no call is sent any more; nil while calls are.
func (r *reach) lost() error {
	select {
	case <-r.gone:
		return &LostError{cause: r.cause, told: &r.told}
	default:
		return nil
	}
}

// giveUp makes err, which no call can escape, that of all calls.
func (r *reach) giveUp(err error) error {
	r.mu.Lock()
	if r.cause == nil {
		r.cause = err
		close(r.gone)
	}
	r.mu.Unlock()
	return r.lost()
}

func (r *reach) isAnswering() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered, r.since = true, time.Time{}
}

// waits says whether the gateway is still waited for.
func (r *reach) waits() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.answered {
		return false
	}
	if r.since.IsZero() {
		r.since = time.Now()
	}
	return time.Since(r.since) < r.maxWait
}

// pause says false when the gateway was given up, or ctx ended, in the meantime.
func (r *reach) pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.gone:
		return false
	case <-ctx.Done():
		return false
	}
}

// failsAll says whether every other call would fail as this one has.
func failsAll(err error) bool {
	refused, ok := errors.AsType[*api.Error](err)
	return ok && refused.Status == http.StatusUnauthorized || isUnreachable(err) || errors.Is(err, ErrNoToken)
}

// isUnreachable is for a request that was never sent: nobody listens there, the name does not resolve, or who answers
// does not speak TLS that is trusted.
func isUnreachable(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return isBadTLS(err)
}

func isBadTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return untrusted || alert || errors.Is(err, http.ErrSchemeMismatch)
}

// reachable sends a request, and again while a gateway that has answered before restarts.
func (c *Client) reachable(ctx context.Context, request *resty.Request, method, path string) (*resty.Response, error) {
	for poll := c.rest.RetryWaitTime; ; poll = min(2*poll, longestPoll) {
		response, err := request.Execute(method, path)
		if err == nil {
			c.reach.isAnswering()
			return response, nil
		}
		if !isUnreachable(err) || isBadTLS(err) || c.rest.RetryCount == 0 || !c.reach.waits() || !c.reach.pause(ctx, poll) {
			return response, err
		}
	}
}

// Probe asks once whether the gateway is there and takes the admin key. It returns a [LostError] when it is not or does
// not, and nothing for what may pass.
func (c *Client) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	once := func(*resty.Response, error) bool { return false }
	request := c.rest.R().SetContext(ctx).AddRetryCondition(once)
	if err := c.authorize(ctx, request); err != nil {
		return c.reach.giveUp(err)
	}
	response, err := request.Get("/key/info")
	switch {
	case err == nil && response.StatusCode() == http.StatusUnauthorized:
		err = refusal(response)
	case err == nil:
		c.reach.isAnswering()
		return nil
	case ctx.Err() != nil || !isUnreachable(err):
		return nil
	default:
		err = noAnswer(ctx, c.rest.BaseURL, err)
	}
	return c.reach.giveUp(newVeil(slices.Concat(c.secrets, []string{request.Token}), nil).over(c.byToken(err)))
}
