package client

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func setRetries(rest *resty.Client, options Options) {
	rest.SetRetryCount(max(0, cmp.Or(options.RetryMax, defaultRetryMax))).
		SetRetryWaitTime(cmp.Or(options.RetryWait, defaultRetryWait)).
		SetRetryMaxWaitTime(maxRetryWait).
		SetRetryAfter(retryAfter).
		AddRetryCondition(worthRepeating)
}

// worthRepeating is the same for reads and writes: creates carry an Idempotency-Key,
// updates and deletes come to the same end when repeated.
func worthRepeating(response *resty.Response, err error) bool {
	if err != nil {
		return true
	}
	switch response.StatusCode() {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusBadGateway: // of a proxy; the gateway's own is about somebody behind it, such as a webhook
		return api.CodeOf(refusal(response)) != api.Upstream
	default:
		return false
	}
}

// retryAfter is the time the gateway asks to wait; zero leaves it to the backoff.
func retryAfter(_ *resty.Client, response *resty.Response) (time.Duration, error) {
	value := response.Header().Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, nil
	}
	if moment, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(moment)), nil
	}
	return 0, nil
}
