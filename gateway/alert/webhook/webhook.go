// Package webhook posts alert events as Standard Webhooks (https://www.standardwebhooks.com), or with the
// body that receivers of LiteLLM's webhook alerts read.
//
// It promises that every attempt of an event has the same id and body and a signature of its own time, and that
// an answer counts by its status alone. It must never know when to try again.
package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxMessage is in bytes of text, of which JSON makes up to six each. All other fields of an event
// are short by their nature, so that the body stays below the 20 kB that receivers may rely on.
const maxMessage = 1500

var _ alert.Target = (*Target)(nil)

// Target posts to the webhook of a route.
type Target struct {
	client *post.Client
	now    func() time.Time
}

// New returns a target that posts through client.
func New(client *post.Client) *Target { return &Target{client: client, now: time.Now} }

// Body is what a receiver of the standard format gets.
type Body struct {
	Type string `json:"type"`
	// Version is that of the message's form, which the description of the API has for each type.
	Version   int            `json:"version"`
	Timestamp time.Time      `json:"timestamp"`
	Data      api.AlertEvent `json:"data"`
	// Links are where a person may go from there.
	Links []alert.Link `json:"links,omitempty"`
}

// Send posts the first event of a message: machines read these, so that each event goes by itself. Success is a 2xx
// answer; 410 says that the receiver wants no more, ever.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	target := route.Webhook
	if target == nil {
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no webhook"}
	}
	event := message.Event()
	body, err := encode(event, message.Links, target.Format)
	if err != nil {
		return alert.Outcome{Result: alert.Failed, Status: err.Error(), Receiver: post.Host(target.URL)}
	}
	headers, err := t.headers(target, event.ID, body)
	if err != nil {
		return alert.Outcome{Result: alert.Failed, Status: err.Error(), Receiver: post.Host(target.URL)}
	}
	outcome, _ := t.client.Bytes(ctx, target.URL, headers, body)
	return outcome
}

// headers are the route's own and those of Standard Webhooks, with a signature under each of the secrets.
func (t *Target) headers(target *api.WebhookTarget, id string, body []byte) (map[string]string, error) {
	timestamp := strconv.FormatInt(t.now().Unix(), 10)
	headers := maps.Clone(target.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers["webhook-id"], headers["webhook-timestamp"] = id, timestamp
	var signatures []string
	for _, secret := range []*string{target.Secret, target.SecondSecret} {
		if secret == nil {
			continue
		}
		key, err := api.WebhookSecretBytes(*secret)
		if err != nil {
			return nil, fmt.Errorf("webhook secret %w", err)
		}
		signatures = append(signatures, api.SignWebhook(key, id, timestamp, body))
	}
	if len(signatures) > 0 {
		headers["webhook-signature"] = strings.Join(signatures, " ")
	}
	return headers, nil
}

func encode(event api.AlertEvent, links []alert.Link, format string) ([]byte, error) {
	event.Message = post.Clip(event.Message, maxMessage)
	var body any = Body{Type: event.Type, Version: api.AlertVersion, Timestamp: event.CreatedAt.UTC(), Data: event, Links: links}
	if format == api.WebhookLiteLLM {
		body = litellmBody(event)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("event cannot be written as JSON: %w", err)
	}
	return encoded, nil
}
