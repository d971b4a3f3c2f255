package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
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
	parse func(c *asked.Call, object httpx.Object) error
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
	// apart: the prompt is not the body's text; what the call can use stands in [asked.Call.Most].
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
	openAIEndpoint(endpoint{path: "/chat/completions", wire: upstream.Chat, parse: asked.Chat, capped: true}),
	openAIEndpoint(endpoint{path: "/completions", wire: upstream.Completions, parse: asked.Completions, capped: true}),
	openAIEndpoint(endpoint{path: "/embeddings", wire: upstream.Plain, parse: asked.Input}),
	openAIEndpoint(endpoint{path: "/moderations", wire: upstream.Plain, parse: asked.Input, defaultModel: "omni-moderation-latest"}),
	openAIEndpoint(endpoint{path: "/images/generations", wire: upstream.Images, parse: asked.Images}),
	openAIEndpoint(endpoint{path: "/audio/speech", wire: upstream.Speech, parse: asked.Speech, binary: true}),
	openAIEndpoint(endpoint{
		path: "/audio/transcriptions", wire: upstream.Transcription, read: readForm,
		apart: true, text: true, maxBody: asked.MaxForm,
	}),
	openAIEndpoint(endpoint{
		path: "/audio/translations", wire: upstream.Transcription, read: readForm,
		apart: true, text: true, maxBody: asked.MaxForm,
	}),
	openAIEndpoint(endpoint{
		path: "/responses", wire: upstream.Responses, parse: asked.Responses, voice: responsesVoice, capped: true,
		settled: (*Proxy).rememberResponse,
	}),
	storedEndpoint(endpoint{path: storedPath}),
	storedEndpoint(endpoint{path: storedPath, method: http.MethodDelete, settled: (*Proxy).forgetDeleted}),
	storedEndpoint(endpoint{path: storedPath + "/input_items", settled: (*Proxy).rememberListed}),
	storedEndpoint(endpoint{path: storedPath + "/cancel", method: http.MethodPost}),
	anthropicEndpoint(endpoint{path: upstream.PathMessages, parse: asked.Messages, capped: true}),
	anthropicEndpoint(endpoint{path: upstream.PathCountTokens, parse: asked.CountTokens, free: true}),
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
	e.prefixes, e.voice, e.wire, e.header = anthropicPrefixes, anthropicVoice, upstream.Messages, asked.MessagesHeaders
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
	e := c.endpoint
	reader := asked.Reader{Parse: e.parse, Words: e.voice.words(), Header: e.header, DefaultModel: e.defaultModel, Free: e.free}
	return reader.Read(&c.Call, body, r.Header)
}

// readForm reads a form with a sound in it.
func readForm(_ *Proxy, w http.ResponseWriter, r *http.Request, c *call) error {
	kind := r.Header.Get("Content-Type")
	boundary, err := asked.FormBoundary(kind)
	if err != nil {
		return err
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return c.ReadForm(body, kind, boundary)
}
