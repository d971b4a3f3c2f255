package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxErrorBody bounds what is read of an upstream's error.
const maxErrorBody = 64 << 10

// retryableCause marks failures after which another deployment may do better.
type retryableCause struct{ error }

func (r retryableCause) Unwrap() error { return r.error }

// Retryable says whether the failure is the deployment's and not the request's.
func Retryable(err error) bool {
	var cause retryableCause
	return errors.As(err, &cause)
}

// unansweredCause marks a request that was sent whole and never answered.
type unansweredCause struct{ error }

func (u unansweredCause) Unwrap() error { return u.error }

// MayBill says whether the provider may have worked for the request and bill for it, though it gave no answer.
func MayBill(err error) bool {
	var cause unansweredCause
	return errors.As(err, &cause)
}

// unreachable words a failure to get any answer.
func unreachable(err error, sent bool) *api.Error {
	if sent {
		return api.Errorf(api.Upstream, "the model's provider took the request and gave no answer; the prompt was charged").
			WithCause(retryableCause{unansweredCause{err}})
	}
	return api.Errorf(api.Upstream, "the model's provider could not be reached; nothing was charged").WithCause(retryableCause{err})
}

// unspeakable words a request that could not be put in the provider's terms.
func unspeakable(err error, d Deployment) *api.Error {
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return refused
	}
	return api.Errorf(api.Invalid, "the request body cannot be forwarded").WithCause(fmt.Errorf("make request for %s: %w", d.Host(), err))
}

// Unanswered words an answer that broke off before its first byte.
func Unanswered(err error) *api.Error { return unreachable(err, true) }

// Broken words an answer that began and did not end well.
func Broken(err error) *api.Error {
	return api.Errorf(api.Upstream, "the model's provider broke off its answer; what it produced was charged").WithCause(err)
}

// Refused words an answer other than 200. What the provider says about the client's request
// is passed on; what it says about the gateway's credentials or its own trouble is not.
func Refused(response *http.Response) *api.Error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	status := response.StatusCode
	cause := errors.New("upstream answered " + response.Status)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return api.Errorf(api.Upstream, "the model's provider refused the gateway's credentials; the operator must mend models[].api_key").WithCause(retryableCause{cause})
	case status == http.StatusTooManyRequests:
		return busy(response, cause)
	case status >= 500 || status == http.StatusRequestTimeout:
		return failed(response, cause)
	case status >= 400:
		return passedOn(status, body, cause)
	default:
		return api.Errorf(api.Upstream, "the model's provider answered with a status that makes no sense here (%d)", status).WithCause(cause)
	}
}

// busy passes a provider's own rate limit on, and says that it is the provider's.
func busy(response *http.Response, cause error) *api.Error {
	refused := api.Errorf(api.RateLimited, "the model's provider is limiting the gateway; nothing was charged, try again later").WithCause(retryableCause{cause})
	refused.Header = http.Header{"X-Bursar-Denied-By": {"upstream"}}
	passWait(refused, response)
	return refused
}

// passWait passes on how long a provider wants to be left alone.
func passWait(refused *api.Error, response *http.Response) {
	if wait := response.Header.Get("Retry-After"); wait != "" {
		refused.Header.Set("Retry-After", wait)
	}
}

func failed(response *http.Response, cause error) *api.Error {
	status := response.StatusCode
	failure := api.Errorf(api.Upstream, "the model's provider failed (%d); nothing was charged", status).WithCause(retryableCause{cause})
	failure.Header = http.Header{}
	passWait(failure, response)
	switch status {
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failure.Status = status
	}
	return failure
}

// passedOn keeps the provider's message and status: it is about the client's own request.
func passedOn(status int, body []byte, cause error) *api.Error {
	detail := gjson.GetBytes(bytes.TrimSpace(body), "error")
	message := detail.Get("message").String()
	if message == "" {
		message = "the model's provider refused the request without saying why"
	}
	refused := api.Errorf(api.Invalid, "%s", message).WithCause(cause)
	refused.Status = status
	if kind := detail.Get("type").String(); kind != "" {
		refused.Code = api.Code(kind)
	}
	refused.Param = detail.Get("param").String()
	return refused
}
