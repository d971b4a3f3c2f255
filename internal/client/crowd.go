package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// crowdedFor is how long after a 429 requests go one at a time.
const crowdedFor = 10 * time.Second

// crowd makes requests go one at a time after the gateway, or a proxy before it, has said that there are too many.
// Left to themselves, the ten that Terraform has under way would wait equally long and meet the same limit together
// again, until one of them has been refused too often. Whose turn it is keeps it while waiting, so the next is its.
type crowd struct {
	turn chan struct{}
	// until is when requests need no turn any more, in nanoseconds since 1970.
	until atomic.Int64
}

func newCrowd() *crowd { return &crowd{turn: make(chan struct{}, 1)} }

// errNotSent is for a request whose turn did not come in its time.
var errNotSent = errors.New("not sent, as the gateway is busy and others came first")

func (c *crowd) is() bool { return time.Now().UnixNano() < c.until.Load() }

func (c *crowd) noted() { c.until.Store(time.Now().Add(crowdedFor).UnixNano()) }

func (c *crowd) enter(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *crowd) leave() { <-c.turn }

// send sends a request, and again while there are too many, as often as a call may be repeated.
func (c *Client) send(ctx context.Context, request *resty.Request, method, path string) (*resty.Response, error) {
	inTurn := false
	defer func() {
		if inTurn {
			c.crowd.leave()
		}
	}()
	if c.crowd.is() {
		if err := c.crowd.enter(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", errNotSent, err)
		}
		inTurn = true
	}
	for attempt := 0; ; attempt++ {
		if err := c.reach.lost(); err != nil {
			return nil, err
		}
		response, err := c.reachable(ctx, request, method, path)
		if err != nil || response.StatusCode() != http.StatusTooManyRequests {
			return response, err
		}
		c.crowd.noted()
		again := time.Now().Add(pause(response, c.rest.RetryWaitTime, attempt))
		if attempt >= c.rest.RetryCount || !inTurn && c.crowd.enter(ctx) != nil {
			return response, nil
		}
		if inTurn = true; !sleepUntil(ctx, again) {
			return response, nil
		}
	}
}

// pause is how long to wait after a 429: what it asks for, or longer each time.
func pause(response *resty.Response, first time.Duration, attempt int) time.Duration {
	asked := response.Header().Get("Retry-After") != ""
	if asked {
		return min(api.RetryAfter(response.Header(), time.Now()), maxRetryWait)
	}
	return min(first<<min(attempt, 16), maxRetryWait)
}

// sleepUntil says whether the moment came before ctx ended.
func sleepUntil(ctx context.Context, moment time.Time) bool {
	timer := time.NewTimer(time.Until(moment))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
