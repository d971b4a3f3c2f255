package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ErrNoAnswer is wrapped by errors of calls that got no answer at all:
// nobody listens, the name does not resolve, the connection broke or took too long.
// Whether the call took effect is then unknown.
var ErrNoAnswer = errors.New("no answer from the gateway")

func noAnswer(ctx context.Context, endpoint string, err error) error {
	if errors.Is(err, errNotSent) || isLost(err) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w at %s: %w", ErrNoAnswer, endpoint, ctx.Err())
	}
	// The URL names the path and query only; the method and address would be said twice.
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err
	}
	return fmt.Errorf("%w at %s: %w", ErrNoAnswer, endpoint, err)
}

// refusal rebuilds the gateway's error. Only a 404 whose type says so is [api.NotFound]:
// proxies answer 404 for their own reasons, and a lost resource is worse than an error.
func refusal(response *resty.Response) error {
	status := response.StatusCode()
	var body api.ErrorBody
	if err := json.Unmarshal(response.Body(), &body); err != nil || body.Error.Type == "" {
		return foreignAnswer(response)
	}
	refused := &api.Error{
		Code:    api.Code(body.Error.Type),
		Message: body.Error.Message,
		Status:  status,
		Header:  response.Header(),
	}
	if body.Error.Param != nil {
		refused.Param = *body.Error.Param
	}
	if refused.Code == api.NotFound && status != http.StatusNotFound {
		refused.Code = api.Internal
	}
	return refused
}

// foreignAnswer does not quote the body: it is not the gateway's, so nobody knows what it repeats.
func foreignAnswer(response *resty.Response) error {
	return &api.Error{
		Code:   api.Internal,
		Status: response.StatusCode(),
		Header: response.Header(),
		Message: fmt.Sprintf("%s %s was answered with %s and not in the gateway's own words; is the endpoint a Bursar gateway, and is there a proxy in front of it?",
			response.Request.Method, response.Request.RawRequest.URL.Path, response.Status()),
	}
}

// whole is for an answer without what every answer of the gateway has, such as the {} of some other program: taken as
// it is, objects would look cleared, or gone.
func whole(err error, has bool, asked string) error {
	if err != nil || has {
		return err
	}
	return &api.Error{
		Code:    api.Internal,
		Status:  http.StatusOK,
		Message: asked + " was answered without what was asked for; is the endpoint a Bursar gateway of a fitting version?",
	}
}

func decode(response *resty.Response, result any) error {
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(response.Body(), result); err != nil {
		// The decoder's text is left out: it quotes parts of the answer, which may carry a new secret.
		return &api.Error{
			Code:   api.Internal,
			Status: response.StatusCode(),
			Message: fmt.Sprintf("%s %s was answered with something that cannot be read; is the endpoint a Bursar gateway of a fitting version?",
				response.Request.Method, response.Request.RawRequest.URL.Path),
		}
	}
	return nil
}
