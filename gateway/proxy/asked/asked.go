// Package asked reads what a call asks for, in the words of each dialect.
//
// It promises that what admission goes by is read or refused, never guessed: fields of another kind, in another
// spelling, or by which a caller would get around what the gateway decides. It must never know who calls, what models
// are served, or what anything costs.
package asked

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// Call is what a client asks for.
type Call struct {
	Body []byte
	// Header are the client's headers that go along.
	Header http.Header
	// ContentType is the body's, JSON if empty.
	ContentType string
	// PathModel is the model that the path names, as Azure's clients do; it outranks the body's.
	PathModel string
	// Model is what the client wrote for the model's name.
	Model  string
	Stream bool
	// WantsUsage: the client asked for usage on its stream itself.
	WantsUsage bool
	// ClientCap is the output cap the client set, 0 when it set none.
	ClientCap int64
	Choices   int64
	// Inputs is how many prompts the call has, at least 1.
	Inputs int64
	// Attribution is what the caller says the call is for.
	Attribution
	// Previous is the stored response that the call goes on from.
	Previous string
	// Unstored: the provider is asked not to keep the response.
	Unstored bool
	// Most is what the call can use at most besides the tokens that stand in its body, and Made what a provider that
	// took it has used, where no answer says.
	Most, Made pricing.Usage
	// Unbounded is the most completion tokens of an answer that no cap bounds.
	Unbounded int64
	// Holds is what the body holds besides text.
	Holds content.Found
	// Work is what the call lets its provider do by itself.
	Work hosted.Work
}

// New is a call of which nothing has been read yet. pathModel is the model that its path names, "" for none.
func New(pathModel string) Call {
	return Call{Choices: 1, Inputs: 1, Work: hosted.Work{Rounds: 1, Readings: 1}, PathModel: pathModel}
}

// Reader reads the JSON bodies of one route.
type Reader struct {
	// Parse reads what admission needs in the route's own words: whether the answer streams, the output cap.
	Parse func(c *Call, object httpx.Object) error
	// Words are those that tools are offered in.
	Words hosted.Dialect
	// Header are names of the client's headers that go along to the provider.
	Header []string
	// DefaultModel is asked for when the client names none; "" makes the name required.
	DefaultModel string
	// Free calls make their provider do nothing that costs.
	Free bool
}

// Read reads a body. Its errors are [api.Invalid] and name the field.
func (r Reader) Read(c *Call, body []byte, header http.Header) error {
	object, err := httpx.ParseObject(body)
	if err != nil {
		return err
	}
	if err := checkNames(object); err != nil {
		return err
	}
	c.Body, c.Header, c.Attribution = body, r.passed(header), attributionOf(object, header)
	if err := c.parseModel(object, r.DefaultModel); err != nil {
		return err
	}
	c.Holds = content.Find(body)
	if err := c.parseService(object); err != nil {
		return err
	}
	if !r.Free {
		if err := c.parseWork(object, r.Words); err != nil {
			return err
		}
	}
	if err := r.Parse(c, object); err != nil {
		return err
	}
	c.expectSummary()
	return nil
}

// passed picks the headers that go along, each in one piece.
func (r Reader) passed(header http.Header) http.Header {
	var passed http.Header
	for _, name := range r.Header {
		if values := header.Values(name); len(values) > 0 {
			if passed == nil {
				passed = http.Header{}
			}
			passed.Set(name, strings.Join(values, ","))
		}
	}
	return passed
}

// parseModel reads the model; the path's outranks the body's.
func (c *Call) parseModel(object httpx.Object, otherwise string) error {
	var model string
	if err := parseFields(object, field{"model", &model, isString}); err != nil {
		return err
	}
	return c.takeModel(cmp.Or(c.PathModel, model, otherwise))
}

// takeModel keeps a name that can be one. What is longer than any is kept nowhere: logs and traces repeat what is asked for.
func (c *Call) takeModel(model string) error {
	if model == "" {
		return api.FieldErrorf("model", "is required: the name of a model; GET /v1/models lists them")
	}
	if len(model) > maxModelName {
		return api.FieldErrorf("model", "is %d characters long, at most %d are allowed", len(model), maxModelName)
	}
	c.Model = strings.ToValidUTF8(model, "\uFFFD")
	return refuseSecretModel(model)
}

const (
	maxChoices   = 128
	maxModelName = 255
	// maxCap is the largest output cap that is taken at its word; no model says more.
	maxCap = 1 << 24
)

// limitOutput takes the smallest of the output caps that the client gives.
func (c *Call) limitOutput(name string, given *int64) error {
	switch {
	case given == nil:
	case *given < 1:
		return api.FieldErrorf(name, "must be at least 1. Received: %d", *given)
	case c.ClientCap == 0 || *given < c.ClientCap:
		c.ClientCap = min(*given, maxCap)
	}
	return nil
}

func (c *Call) countChoices(name string, given *int64) error {
	if given == nil {
		return nil
	}
	if *given < 1 || *given > maxChoices {
		return api.FieldErrorf(name, "must be between 1 and %d. Received: %d", maxChoices, *given)
	}
	c.Choices = *given
	return nil
}

// expectSummary reserves for what the provider sums up of a conversation that is long enough for it: it is read
// once more, and what is written besides the answer may be as long.
func (c *Call) expectSummary() {
	from := c.Work.SummaryFrom
	if from == 0 || c.Holds.Unweighed == nil && tokens.BoundOf("", c.Body, &c.Holds) < from {
		return
	}
	c.Work.Readings++
	c.Choices *= 2
}
