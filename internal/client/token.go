package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ErrNoToken is for a call that was not sent, as there is no token to send with it.
var ErrNoToken = errors.New("there is no token")

// TokenError is a gateway's refusal of who came with a token and not with an admin key. It is told in the gateway's words.
type TokenError struct{ cause error }

func (e *TokenError) Error() string { return e.cause.Error() }

// Unwrap returns the gateway's error.
func (e *TokenError) Unwrap() error { return e.cause }

// authorize puts the token of this moment on a request. With an admin key there is nothing to do.
func (c *Client) authorize(ctx context.Context, request *resty.Request) error {
	if c.token == nil {
		return nil
	}
	token, err := c.token(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoToken, err)
	}
	request.SetAuthToken(token)
	return nil
}

// byToken notes that it was a token that was refused.
func (c *Client) byToken(err error) error {
	refused, ok := errors.AsType[*api.Error](err)
	if c.token == nil || !ok || refused.Status != http.StatusUnauthorized && refused.Status != http.StatusForbidden {
		return err
	}
	return &TokenError{err}
}
