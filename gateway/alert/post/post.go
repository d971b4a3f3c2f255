// Package post makes one HTTP attempt at a receiver, for the targets that speak HTTP.
//
// It promises that an attempt's status tells nothing of the answer's body or of the address beyond its
// host, and that a receiver that never ends its answer holds nobody up. It must never know what is sent.
package post

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxAnswer is how much of an answer is read.
	maxAnswer = 16 << 10
	// shownAnswer is how many characters of it an admin is shown.
	shownAnswer = 200
	// answerTimeout is how long a receiver may take to end an answer that it has begun.
	answerTimeout = time.Second
)

// Client posts to receivers.
type Client struct {
	client    *http.Client
	userAgent string
	now       func() time.Time
}

// New returns one that posts through client, which must follow no redirects, and names itself with the
// gateway's version.
func New(client *http.Client, version string) *Client {
	return &Client{client: client, userAgent: "bursar/" + version, now: time.Now}
}

// JSON posts a body as JSON, with headers besides those that every message has. A 2xx answer is a success, 400, 413,
// 415 and 422 say that the receiver does not take this body, 410 that it takes none. The answer's body is returned as far as it was read.
func (c *Client) JSON(ctx context.Context, address string, headers map[string]string, body any) (alert.Outcome, []byte) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return alert.Outcome{Result: alert.Failed, Status: "message cannot be written as JSON: " + err.Error(), Receiver: Host(address)}, nil
	}
	return c.Bytes(ctx, address, headers, encoded)
}

// Bytes is JSON with a body that is written already.
func (c *Client) Bytes(ctx context.Context, address string, headers map[string]string, body []byte) (alert.Outcome, []byte) {
	outcome := alert.Outcome{Result: alert.Failed, Receiver: Host(address)}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		outcome.Status = "address cannot be read"
		return outcome, nil
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	response, err := c.client.Do(request) //nolint:bodyclose // read closes it
	if err != nil {
		outcome.Status = describe(err)
		return outcome, nil
	}
	answer := read(response.Body)
	outcome.Status = fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode)) // the receiver's own text could say anything
	outcome.RetryAfter = api.RetryAfter(response.Header, c.now())
	outcome.Answer = shown(answer)
	outcome.Result = resultOf(response.StatusCode)
	return outcome, answer
}

// resultOf is what a status means for the message: an address or a secret that is wrong can be put right while it waits for days,
// the message itself stays as it is.
func resultOf(status int) alert.Result {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return alert.Refused
	case http.StatusGone:
		return alert.Gone
	}
	if status >= 200 && status < 300 {
		return alert.Sent
	}
	return alert.Failed
}

// read takes what comes in time: the status has said the most of it already.
func read(body io.ReadCloser) []byte {
	patience := time.AfterFunc(answerTimeout, func() { body.Close() })
	defer patience.Stop()
	defer body.Close()
	answer, _ := io.ReadAll(io.LimitReader(body, maxAnswer))
	return answer
}

// shown is the start of an answer on one line.
func shown(answer []byte) string {
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(answer), "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(text); len(runes) > shownAnswer {
		return string(runes[:shownAnswer])
	}
	return text
}

// Host is that of an address, for logs; the rest may carry a token.
func Host(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// Clip cuts text to at most limit bytes, between runes.
func Clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
