package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

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

// unreachedCause marks a request that no provider has heard of.
type unreachedCause struct{ error }

func (u unreachedCause) Unwrap() error { return u.error }

// Unreached says whether no provider has heard of the request.
func Unreached(err error) bool {
	var cause unreachedCause
	return errors.As(err, &cause)
}

// unreachable words a failure to get any answer.
func unreachable(err error, sent bool) *api.Error {
	if sent {
		return api.Errorf(api.Upstream, "the model's provider took the request and gave no answer; the prompt was charged").
			WithCause(retryableCause{unansweredCause{err}})
	}
	return api.Errorf(api.Upstream, "the model's provider could not be reached; nothing was charged").WithCause(retryableCause{unreachedCause{err}})
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
	return refusal{
		status: response.StatusCode, header: response.Header, detail: gjson.GetBytes(bytes.TrimSpace(body), "error"),
		cause: errors.New("upstream answered " + response.Status),
	}.word()
}

// RefusedInStream words an error that a stream has begun with, as if it had come in place of the stream.
func RefusedInStream(header http.Header, event Event) *api.Error {
	return refusedWith(header, event.Data, "upstream began its stream with an error")
}

// RefusedWhole words an error that came with status 200 in place of a whole answer.
func RefusedWhole(header http.Header, answer []byte) *api.Error {
	return refusedWith(header, answer, "upstream answered 200 with nothing but an error")
}

// refusedWith words an error that came without a status of its own.
func refusedWith(header http.Header, said []byte, how string) *api.Error {
	detail := errorOf(said)
	status := statusOfError(detail)
	return refusal{status: status, header: header, detail: detail, cause: fmt.Errorf("%s (%d)", how, status)}.word()
}

// refusal is what a provider says when it does not answer.
type refusal struct {
	status int
	header http.Header
	detail gjson.Result
	cause  error
}

func (r refusal) word() *api.Error {
	switch {
	case r.stopped():
		return api.Errorf(api.Upstream, "the model's provider refuses the gateway's key, which has expired or has spent its budget there; nothing was charged, the operator must see to models[].api_key").
			WithCause(retryableCause{r.cause})
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return api.Errorf(api.Upstream, "the model's provider refused the gateway's credentials; the operator must mend models[].api_key").WithCause(retryableCause{r.cause})
	case r.status == http.StatusTooManyRequests:
		return r.busy()
	case r.status >= 500 || r.status == http.StatusRequestTimeout:
		return r.failed()
	case r.status >= 400:
		return r.passedOn()
	default:
		return api.Errorf(api.Upstream, "the model's provider answered with a status that makes no sense here (%d)", r.status).WithCause(r.cause)
	}
}

// stopped says whether a LiteLLM proxy refuses the gateway's own key. It answers 400 or 429, as if the client's request were
// wrong or patience would help, and its text tells the key's digest and what it has spent.
func (r refusal) stopped() bool {
	switch r.detail.Get("type").Str {
	case "budget_exceeded", "expired_key":
		return r.detail.Get("code").String() == strconv.Itoa(r.status)
	default:
		return false
	}
}

// busy passes a provider's own rate limit on, and says that it is the provider's.
func (r refusal) busy() *api.Error {
	refused := api.Errorf(api.RateLimited, "the model's provider is limiting the gateway; nothing was charged, try again later").WithCause(retryableCause{r.cause})
	refused.Header = http.Header{"X-Bursar-Denied-By": {"upstream"}}
	r.passWait(refused)
	return refused
}

// passWait passes on how long a provider wants to be left alone.
func (r refusal) passWait(refused *api.Error) {
	for _, name := range []string{"Retry-After", "Retry-After-Ms"} {
		if wait := r.header.Get(name); wait != "" {
			refused.Header.Set(name, wait)
		}
	}
}

// statusOverloaded is Anthropic's status for a provider that has too much to do; its clients know it.
const statusOverloaded = 529

func (r refusal) failed() *api.Error {
	failure := api.Errorf(api.Upstream, "the model's provider failed (%d); nothing was charged", r.status).WithCause(retryableCause{r.cause})
	failure.Header = http.Header{}
	r.passWait(failure)
	switch r.status {
	case statusOverloaded:
		failure.Status, failure.Message = r.status, "the model's provider is overloaded (529); nothing was charged, try again later"
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failure.Status = r.status
	}
	return failure
}

// passedOn keeps the provider's message, status and code: it is about the client's own request.
func (r refusal) passedOn() *api.Error {
	message := r.detail.Get("message").String()
	if message == "" {
		message = "the model's provider refused the request without saying why"
	}
	refused := api.Errorf(api.Invalid, "%s", message).WithCause(r.cause)
	refused.Status = r.status
	if kind := r.detail.Get("type").String(); kind != "" && kind != "error" {
		refused.Code = api.Code(kind)
	}
	refused.Param = r.detail.Get("param").String()
	if code := r.detail.Get("code"); code.Type == gjson.String {
		refused.BodyCode = code.Str
	}
	return refused
}
