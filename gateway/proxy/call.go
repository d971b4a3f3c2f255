package proxy

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/pricing"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// call is one request on its way through the gateway.
type call struct {
	// id is the reservation's and the ledger row's.
	id        string
	requestID string
	started   time.Time
	subject   *policy.Subject
	// spokenFor is the team that the identifier header names, "" for the key's own.
	spokenFor string

	body   []byte
	model  string
	stream bool
	// wantsUsage: the client asked for usage on its stream itself.
	wantsUsage bool
	// clientCap is the output cap the client set, 0 when it set none.
	clientCap int64
	choices   int64

	served      Model
	bounds      bounds
	decision    quota.Decision
	deployment  Deployment
	upstreamFor time.Duration
	// overhead is what the gateway itself took, known when the call has ended.
	overhead time.Duration

	usage  pricing.Usage
	cost   money.Nano
	reason string
	// produced counts the bytes of text that a stream has brought so far.
	produced atomic.Int64
}

func (p *Proxy) newCall(r *http.Request) *call {
	return &call{id: ulid.Make().String(), requestID: httpx.RequestID(r.Context()), started: p.Now(), choices: 1}
}

// outputCap is what one choice may produce.
func (c *call) outputCap() int64 { return max(1, c.decision.OutputTokens/c.choices) }

// readBody reads and checks what the gateway must understand of a chat completion;
// everything else is the upstream's to judge.
func readBody(w http.ResponseWriter, r *http.Request, c *call) error {
	body, err := httpx.ReadBody(r)
	if err != nil {
		return err
	}
	// The request is here whole: from now on the answer may take as long as it takes.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	object, err := httpx.ParseObject(body)
	if err != nil {
		return err
	}
	c.body = body
	return c.parse(object)
}

func (c *call) parse(object httpx.Object) error {
	if err := checkNames(object); err != nil {
		return err
	}
	var messages []json.RawMessage
	var options *struct {
		IncludeUsage bool `json:"include_usage"`
	}
	var maxTokens, maxCompletionTokens, choices *int64
	for _, field := range []struct {
		name   string
		target any
		kind   string
	}{
		{"model", &c.model, "a string"},
		{"messages", &messages, "a list"},
		{"stream", &c.stream, "true or false"},
		{"stream_options", &options, "an object"},
		{"max_tokens", &maxTokens, "a whole number"},
		{"max_completion_tokens", &maxCompletionTokens, "a whole number"},
		{"n", &choices, "a whole number"},
	} {
		if raw, given := object[field.name]; given && json.Unmarshal(raw, field.target) != nil {
			return api.FieldErrorf(field.name, "must be %s", field.kind)
		}
	}
	if c.model == "" {
		return api.FieldErrorf("model", "is required: the name of a model; GET /v1/models lists them")
	}
	if len(messages) == 0 {
		return api.FieldErrorf("messages", "is required: a list with at least one message")
	}
	if len(c.model) > maxModelName {
		return api.FieldErrorf("model", "is %d characters long, at most %d are allowed", len(c.model), maxModelName)
	}
	c.wantsUsage = options != nil && options.IncludeUsage
	return c.parseCaps(maxTokens, maxCompletionTokens, choices)
}

const (
	maxChoices   = 128
	maxModelName = 255
	// maxCap is the largest output cap that is taken at its word; no model says more.
	maxCap = 1 << 24
)

func (c *call) parseCaps(maxTokens, maxCompletionTokens, choices *int64) error {
	for name, value := range map[string]*int64{"max_tokens": maxTokens, "max_completion_tokens": maxCompletionTokens} {
		switch {
		case value == nil:
		case *value < 1:
			return api.FieldErrorf(name, "must be at least 1. Received: %d", *value)
		case c.clientCap == 0 || *value < c.clientCap:
			c.clientCap = min(*value, maxCap)
		}
	}
	if choices != nil {
		if *choices < 1 || *choices > maxChoices {
			return api.FieldErrorf("n", "must be between 1 and %d. Received: %d", maxChoices, *choices)
		}
		c.choices = *choices
	}
	return nil
}
