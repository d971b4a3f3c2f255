package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// endpoint is one route of the data path: what the gateway must understand of its requests,
// and the wire its answers come in. Everything else is the upstream's to judge.
type endpoint struct {
	// path follows one of the prefixes here, and the base URL at the provider.
	path     string
	prefixes []string
	// method is POST if empty.
	method string
	wire   upstream.Wire
	// parse reads from a JSON body what admission needs: whether the answer streams, the output cap.
	parse func(c *call, object httpx.Object) error
	// read replaces the reading of a JSON body.
	read func(p *Proxy, w http.ResponseWriter, r *http.Request, c *call) error
	// settled is told of the answer, or of a stream's last event, once its cost is recorded.
	settled func(p *Proxy, ctx context.Context, c *call, answer []byte)
	// voice words what went wrong.
	voice voice
	// header are names of the client's headers that go along to the provider.
	header []string
	// free calls count as requests and cost nothing.
	free bool
	// defaultModel is asked for when the client names none; "" makes the name required.
	defaultModel string
	// capped: the answer is made of tokens that an output cap bounds.
	capped bool
	// apart: the prompt is not the body's text; what the call can use stands in [call.most].
	apart bool
	// binary: the answer is passed on as it comes and not read; text: it may be other text than JSON.
	binary, text bool
	// opaque: a binary answer may be of any kind.
	opaque bool
	// maxBody is the largest request in bytes, [maxBody] if 0.
	maxBody int64
}

// endpoints are the routes by which models are called.
var endpoints = []*endpoint{
	openAIEndpoint(endpoint{path: "/chat/completions", wire: upstream.Chat, parse: parseChat, capped: true}),
	openAIEndpoint(endpoint{path: "/completions", wire: upstream.Completions, parse: parseCompletions, capped: true}),
	openAIEndpoint(endpoint{path: "/embeddings", wire: upstream.Plain, parse: parseInput}),
	openAIEndpoint(endpoint{path: "/moderations", wire: upstream.Plain, parse: parseInput, defaultModel: "omni-moderation-latest"}),
	openAIEndpoint(endpoint{path: "/images/generations", wire: upstream.Images, parse: parseImages}),
	openAIEndpoint(endpoint{path: "/audio/speech", wire: upstream.Speech, parse: parseSpeech, binary: true}),
	openAIEndpoint(endpoint{
		path: "/audio/transcriptions", wire: upstream.Transcription, read: (*Proxy).readTranscription,
		apart: true, text: true, maxBody: maxSound,
	}),
	openAIEndpoint(endpoint{
		path: "/audio/translations", wire: upstream.Transcription, read: (*Proxy).readTranscription,
		apart: true, text: true, maxBody: maxSound,
	}),
	openAIEndpoint(endpoint{
		path: "/responses", wire: upstream.Responses, parse: parseResponses, voice: responsesVoice, capped: true,
		settled: (*Proxy).rememberResponse,
	}),
	storedEndpoint(endpoint{path: storedPath}),
	storedEndpoint(endpoint{path: storedPath, method: http.MethodDelete, settled: (*Proxy).forgetDeleted}),
	storedEndpoint(endpoint{path: storedPath + "/input_items", settled: (*Proxy).rememberListed}),
	storedEndpoint(endpoint{path: storedPath + "/cancel", method: http.MethodPost}),
	anthropicEndpoint(endpoint{path: upstream.PathMessages, parse: parseMessages, capped: true}),
	anthropicEndpoint(endpoint{path: upstream.PathCountTokens, parse: parseCountTokens, free: true}),
}

func openAIEndpoint(e endpoint) *endpoint {
	e.prefixes = openAIPrefixes
	if e.voice.body == nil {
		e.voice = openAIVoice
	}
	return &e
}

// storedEndpoint is about a response that a provider keeps.
func storedEndpoint(e endpoint) *endpoint {
	if e.method == "" {
		e.method = http.MethodGet
	}
	e.prefixes, e.voice, e.wire, e.free, e.read = basePrefixes, openAIVoice, upstream.Responses, true, (*Proxy).readStored
	return &e
}

func anthropicEndpoint(e endpoint) *endpoint {
	e.prefixes, e.voice, e.wire, e.header = anthropicPrefixes, anthropicVoice, upstream.Messages, messagesHeaders
	return &e
}

// succeeds says whether an answer with the status is one that the client gets, and that costs. What the gateway
// does not understand may as well have made something, or have nothing to say.
func (e *endpoint) succeeds(status int) bool {
	return status == http.StatusOK || e.opaque && status > http.StatusOK && status < http.StatusMultipleChoices
}

// read reads the request and what the gateway must understand of it.
func (p *Proxy) read(w http.ResponseWriter, r *http.Request, c *call) error {
	if c.endpoint.read != nil {
		return c.endpoint.read(p, w, r, c)
	}
	return readObject(w, r, c)
}

// readObject reads a JSON body.
func readObject(w http.ResponseWriter, r *http.Request, c *call) error {
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
	if err := checkNames(object); err != nil {
		return err
	}
	c.body, c.header, c.attributed = body, c.endpoint.passedHeader(r.Header), attributionOf(object, r.Header)
	if err := c.parseModel(object); err != nil {
		return err
	}
	c.holds = content.Find(body)
	if err := c.parseExtras(object); err != nil {
		return err
	}
	if err := c.endpoint.parse(c, object); err != nil {
		return err
	}
	c.expectSummary()
	return nil
}

// passedHeader picks the headers that go along, each in one piece.
func (e *endpoint) passedHeader(header http.Header) http.Header {
	var passed http.Header
	for _, name := range e.header {
		if values := header.Values(name); len(values) > 0 {
			if passed == nil {
				passed = http.Header{}
			}
			passed.Set(name, strings.Join(values, ","))
		}
	}
	return passed
}

// field is a member of a request and where its value goes.
type field struct {
	name   string
	target any
	// kind is what the value must be, for people.
	kind string
}

// Kinds of fields, as they are told to people.
const (
	isString = "a string"
	isList   = "a list"
	isBool   = "true or false"
	isObject = "an object"
	isWhole  = "a whole number"
)

// parseFields reads the fields that are given and says which is of the wrong kind.
func parseFields(object httpx.Object, fields ...field) error {
	for _, field := range fields {
		raw, given := object[field.name]
		if given && !readPlain(raw, field.target) && json.Unmarshal(raw, field.target) != nil {
			return api.FieldErrorf(field.name, "must be %s", field.kind)
		}
	}
	return nil
}

// readPlain reads the values that nearly all requests have; others are left to encoding/json.
func readPlain(raw json.RawMessage, target any) bool {
	switch target := target.(type) {
	case *string:
		if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
			return false
		}
		*target = string(raw[1 : len(raw)-1])
		return true
	case *bool:
		*target = string(raw) == "true"
		return *target || string(raw) == "false"
	case **int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err == nil {
			*target = &n
		}
		return err == nil
	case *filled:
		*target = len(raw) > 2 && raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) > 0
		return len(raw) > 1 && raw[0] == '['
	default:
		return false
	}
}

// filled says whether a list has anything in it. What it is, is the upstream's to judge.
type filled bool

// UnmarshalJSON takes a list, or null for an empty one.
func (f *filled) UnmarshalJSON(raw []byte) error {
	var list []json.RawMessage
	err := json.Unmarshal(raw, &list)
	*f = len(list) > 0
	return err
}

func (c *call) parseModel(object httpx.Object) error {
	if err := parseFields(object, field{"model", &c.model, isString}); err != nil {
		return err
	}
	if c.pathModel != "" {
		c.model = c.pathModel
	}
	if c.model == "" {
		c.model = c.endpoint.defaultModel
	}
	return checkModelName(c.model)
}

func checkModelName(model string) error {
	if model == "" {
		return api.FieldErrorf("model", "is required: the name of a model; GET /v1/models lists them")
	}
	if len(model) > maxModelName {
		return api.FieldErrorf("model", "is %d characters long, at most %d are allowed", len(model), maxModelName)
	}
	return refuseSecretModel(model)
}

const (
	maxChoices   = 128
	maxModelName = 255
	// maxCap is the largest output cap that is taken at its word; no model says more.
	maxCap = 1 << 24
)

// limitOutput takes the smallest of the output caps that the client gives.
func (c *call) limitOutput(name string, given *int64) error {
	switch {
	case given == nil:
	case *given < 1:
		return api.FieldErrorf(name, "must be at least 1. Received: %d", *given)
	case c.clientCap == 0 || *given < c.clientCap:
		c.clientCap = min(*given, maxCap)
	}
	return nil
}

func (c *call) countChoices(name string, given *int64) error {
	if given == nil {
		return nil
	}
	if *given < 1 || *given > maxChoices {
		return api.FieldErrorf(name, "must be between 1 and %d. Received: %d", maxChoices, *given)
	}
	c.choices = *given
	return nil
}
