package ledgerexport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Body is what an HTTP receiver gets.
type Body struct {
	// Type is always "ledger.rows".
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Rows      `json:"data"`
}

// Rows are ledger rows in order. Receivers tell a row that comes again by its seq or its id.
type Rows struct {
	FirstSeq int64             `json:"first_seq"`
	LastSeq  int64             `json:"last_seq"`
	Rows     []api.LedgerEntry `json:"rows"`
}

// HTTP posts batches as Standard Webhooks (https://www.standardwebhooks.com).
type HTTP struct {
	client    *http.Client
	url       string
	key       []byte
	userAgent string
}

// NewHTTP returns a target that posts to an address through client, which must follow no redirects. A secret,
// as alert routes take it, signs; nil does not.
func NewHTTP(client *http.Client, address string, secret *string, version string) (*HTTP, error) {
	target := &HTTP{client: client, url: address, userAgent: "bursar/" + version}
	if secret == nil {
		return target, nil
	}
	key, err := api.WebhookSecretBytes(*secret)
	if err != nil {
		return nil, fmt.Errorf("secret %w", err)
	}
	target.key = key
	return target, nil
}

// Deliver implements [Target]: only a 2xx answer is an arrival. Errors hold no part of the address but the host.
func (h *HTTP) Deliver(ctx context.Context, rows []api.LedgerEntry) error {
	first, last := rows[0].Seq, rows[len(rows)-1].Seq
	now := time.Now()
	body, err := json.Marshal(Body{
		Type: "ledger.rows", Timestamp: now.UTC(), Data: Rows{FirstSeq: first, LastSeq: last, Rows: rows},
	})
	if err != nil {
		return fmt.Errorf("write rows %d to %d as JSON: %w", first, last, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be read")
	}
	id, timestamp := fmt.Sprintf("ledger_%d_%d", first, last), strconv.FormatInt(now.Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", h.userAgent)
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", timestamp)
	if h.key != nil {
		request.Header.Set("webhook-signature", api.SignWebhook(h.key, id, timestamp, body))
	}
	response, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("post rows %d to %d to %s: %w", first, last, request.URL.Host, withoutAddress(err))
	}
	response.Body.Close() // unread: the status has said it all
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	refused := fmt.Errorf("%s answered rows %d to %d with status %d", request.URL.Host, first, last, response.StatusCode)
	return &Delayed{After: api.RetryAfter(response.Header, now), Err: refused}
}

// withoutAddress takes the whole address off an error of net/http: it may hold a token.
func withoutAddress(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
