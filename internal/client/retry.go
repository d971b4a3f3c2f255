package client

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func setRetries(rest *resty.Client, options Options) {
	rest.SetRetryCount(max(0, cmp.Or(options.RetryMax, defaultRetryMax))).
		SetRetryWaitTime(cmp.Or(options.RetryWait, defaultRetryWait)).
		SetRetryMaxWaitTime(maxRetryWait).
		SetRetryAfter(func(_ *resty.Client, response *resty.Response) (time.Duration, error) {
			return api.RetryAfter(response.Header(), time.Now()), nil
		})
}

// mostBroken is how often one call takes 500 for an answer. A fault that passes has passed by then, and one that stays
// is reported within seconds.
const mostBroken = 3

// attempts are those of one call.
type attempts struct {
	// broken is how many were answered with 500.
	broken int
}

// again says whether to send a request once more. It is the same for reads and writes: creates carry an
// Idempotency-Key; updates carry the revision, and one that came through all the same is refused as stale when it
// is repeated, by an object that is as wanted; deletes come to the same end.
func (a *attempts) again(response *resty.Response, err error) bool {
	if err != nil {
		return !isUnreachable(err) // whoever may be back is waited for elsewhere
	}
	if response.StatusCode() == http.StatusInternalServerError {
		a.broken++
		return a.broken < mostBroken
	}
	// Too many requests are a matter between all of them: send repeats those.
	return response.StatusCode() != http.StatusTooManyRequests && mayPass(response)
}

// mayPass says whether the same request may be answered otherwise a little later.
func mayPass(response *resty.Response) bool {
	switch response.StatusCode() {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusBadGateway: // of a proxy; the gateway's own is about somebody behind it, such as a webhook
		return api.CodeOf(refusal(response)) != api.Upstream
	default:
		return false
	}
}

// after says how often it was tried, when that was more than once.
func after(attempts int, err error) error {
	if attempts < 2 {
		return err
	}
	return fmt.Errorf("after %d attempts: %w", attempts, err)
}

// watchForLoss returns a question to ask after the call: may an attempt have taken effect without being answered?
func watchForLoss(request *resty.Request) (lost func() bool) {
	seen := false
	request.AddRetryCondition(func(response *resty.Response, err error) bool {
		seen = seen || err != nil && !isUnreachable(err) || err == nil && response.StatusCode() >= http.StatusInternalServerError
		return false
	})
	return func() bool { return seen }
}
