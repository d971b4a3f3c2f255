// Package webhook posts alert events as Standard Webhooks (https://www.standardwebhooks.com).
//
// It promises that every attempt of an event has the same id and body and a signature of its own time, that
// an answer counts by its status alone, and that nothing of an answer's body or of the address
// beyond its host is repeated to anybody. It must never know when to try again.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxMessage is in bytes of text, of which JSON makes up to six each. All other fields of an event
// are short by their nature, so that the body stays below the 20 kB that receivers may rely on.
const maxMessage = 1500

var _ alert.Target = (*Target)(nil)

// Target posts to the webhook of a route.
type Target struct {
	client    *http.Client
	userAgent string
	now       func() time.Time
}

// New returns a target that posts through client, which must follow no redirects, and names
// itself with the gateway's version.
func New(client *http.Client, version string) *Target {
	return &Target{client: client, userAgent: "bursar/" + version, now: time.Now}
}

// Body is what a receiver gets.
type Body struct {
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"`
	Data      api.AlertEvent `json:"data"`
}

// Send posts the event. Success is a 2xx answer; 410 says that the receiver wants no more, ever.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, event api.AlertEvent) alert.Outcome {
	failed := func(status string) alert.Outcome {
		return alert.Outcome{Result: alert.Failed, Status: status, Receiver: receiver(route)}
	}
	request, err := t.request(ctx, route, event)
	if err != nil {
		return failed(err.Error())
	}
	response, err := t.client.Do(request)
	if err != nil {
		return failed(describe(err))
	}
	response.Body.Close() // unread: the status has said it all
	outcome := failed(statusText(response.StatusCode))
	outcome.RetryAfter = api.RetryAfter(response.Header, t.now())
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		outcome.Result = alert.Sent
	case response.StatusCode == http.StatusGone:
		outcome.Result = alert.Gone
	}
	return outcome
}

// request builds one attempt. Its errors hold no part of the address.
func (t *Target) request(ctx context.Context, route api.AlertRoute, event api.AlertEvent) (*http.Request, error) {
	if route.Webhook == nil {
		return nil, fmt.Errorf("alert route has no webhook")
	}
	body, err := encode(event)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, route.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("address cannot be read")
	}
	timestamp := strconv.FormatInt(t.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", t.userAgent)
	request.Header.Set("webhook-id", event.ID)
	request.Header.Set("webhook-timestamp", timestamp)
	if route.Webhook.Secret == nil {
		return request, nil
	}
	key, err := api.WebhookSecretBytes(*route.Webhook.Secret)
	if err != nil {
		return nil, fmt.Errorf("webhook secret %w", err)
	}
	request.Header.Set("webhook-signature", api.SignWebhook(key, event.ID, timestamp, body))
	return request, nil
}

func encode(event api.AlertEvent) ([]byte, error) {
	event.Message = clip(event.Message, maxMessage)
	body, err := json.Marshal(Body{Type: event.Type, Timestamp: event.CreatedAt.UTC(), Data: event})
	if err != nil {
		return nil, fmt.Errorf("event cannot be written as JSON: %w", err)
	}
	return body, nil
}

// receiver is the host of the address, for logs; the rest may carry a token.
func receiver(route api.AlertRoute) string {
	if route.Webhook == nil {
		return ""
	}
	parsed, err := url.Parse(route.Webhook.URL)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// statusText is our own name for a status; the receiver's could say anything.
func statusText(code int) string {
	return fmt.Sprintf("%d %s", code, http.StatusText(code))
}

// clip cuts text to at most limit bytes, between runes.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
