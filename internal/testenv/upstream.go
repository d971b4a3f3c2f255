package testenv

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const (
	defaultCompletionTokens = 10
	defaultKeptRequests     = 10_000
	maxUpstreamBody         = 64 << 20
)

// HeaderFake carries instructions to the fake model server when
// [UpstreamOptions.ControlHeader] allows it.
const HeaderFake = "X-Fake"

// UpstreamOptions say what kind of model server to start. The zero value is a good one.
type UpstreamOptions struct {
	// Addr is the address to listen on; empty is a free port of 127.0.0.1.
	Addr string
	// APIKey, when set, is the only key that is let in, as a bearer token, x-api-key or api-key; anything else gets 401.
	APIKey string
	// Models are the models served, others get 404; empty serves every name and lists "fake-model".
	Models []string
	// Default is how requests without instructions are answered.
	Default Behaviour
	// ControlHeader obeys instructions in the header [HeaderFake] too. It is off because
	// a gateway does not pass unknown headers on: a test that relied on it would test nothing.
	ControlHeader bool
	// KeepRequests is how many requests are kept for [Upstream.Requests], the newest win.
	// 0 is ten thousand, negative keeps none, for benchmarks.
	KeepRequests int
}

// Upstream is a fake model server that speaks OpenAI's wires and Anthropic's, plain and streamed. Its answers depend on nothing but the request:
// see [Behaviour] for what a request can ask of it.
type Upstream struct {
	options UpstreamOptions
	server  *server
	release chan struct{}

	mu       sync.Mutex
	signal   signal
	standard Behaviour
	script   Script
	next     []Behaviour
	requests []*UpstreamRequest
	finished int
	running  int
	peak     int
	billed   Bill
	// kept are the responses by id, with their size in tokens; -1 is one that was deleted.
	kept map[string]int64
}

// NewUpstream starts a fake model server. Close it when done.
func NewUpstream(options UpstreamOptions) (*Upstream, error) {
	if options.KeepRequests == 0 {
		options.KeepRequests = defaultKeptRequests
	}
	u := &Upstream{options: options, standard: options.Default, release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", u.record((*call).chat))
	mux.HandleFunc("POST /v1/messages", u.record((*call).messages))
	mux.HandleFunc("POST /v1/messages/count_tokens", u.record((*call).countTokens))
	mux.HandleFunc("POST /v1/responses", u.record((*call).responses))
	mux.HandleFunc("/v1/responses/", u.record((*call).storedResponse))
	mux.HandleFunc("POST /v1/images/generations", u.record((*call).images))
	mux.HandleFunc("POST /v1/audio/speech", u.record((*call).speech))
	mux.HandleFunc("POST /v1/audio/transcriptions", u.record((*call).transcription))
	mux.HandleFunc("POST /v1/audio/translations", u.record((*call).transcription))
	mux.HandleFunc("POST /v1/completions", u.record((*call).completions))
	mux.HandleFunc("POST /v1/moderations", u.record((*call).moderations))
	mux.HandleFunc("POST /v1/embeddings", u.record((*call).embeddings))
	mux.HandleFunc("GET /v1/models", u.record((*call).models))
	mux.HandleFunc("/", u.record(unknownPath))
	server, err := startServer(options.Addr, mux)
	if err != nil {
		return nil, err
	}
	u.server = server
	return u, nil
}

// StartUpstream starts a fake model server that ends with the test.
func StartUpstream(t testing.TB, options UpstreamOptions) *Upstream {
	t.Helper()
	u, err := NewUpstream(options)
	if err != nil {
		t.Fatalf("start the fake model server: %s", err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// URL is the base URL of the API, "http://127.0.0.1:PORT/v1".
func (u *Upstream) URL() string { return "http://" + u.server.address() + "/v1" }

// Close stops the server and cuts the requests under way.
func (u *Upstream) Close() error { return u.server.close() }

// Behave changes how requests without instructions are answered from now on.
func (u *Upstream) Behave(b Behaviour) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.standard = b
}

// Next gives the coming requests, one each and in this order, a behaviour other than the default.
// It is how a retry is made to fare better than the first attempt.
func (u *Upstream) Next(behaviours ...Behaviour) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.next = append(u.next, behaviours...)
}

// Release lets all requests that hang now go on.
func (u *Upstream) Release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	close(u.release)
	u.release = make(chan struct{})
}

// call is one request on its way through the server.
type call struct {
	upstream  *Upstream
	w         http.ResponseWriter
	ctx       context.Context
	body      []byte
	behaviour Behaviour
	record    *UpstreamRequest
	release   <-chan struct{}
}

// record wraps a handler with everything that all paths share: the count of requests under
// way, the record of what came in, the key check and the faults before the first byte.
func (u *Upstream) record(handle func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpstreamBody))
		c := u.begin(w, r, body)
		defer u.end(c.record)
		switch {
		case err != nil:
			c.refuse(http.StatusBadRequest, "invalid_request_error", "", "the body could not be read: "+err.Error())
			return
		case u.options.APIKey != "" && presentedKey(r.Header) != u.options.APIKey:
			c.refuse(http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
			return
		}
		if err := c.instruct(u.options.ControlHeader, r.Header.Get(HeaderFake)); err != nil {
			c.refuse(http.StatusBadRequest, "invalid_request_error", "fake_instructions", err.Error())
			return
		}
		if c.stumble() {
			return
		}
		handle(c)
	}
}

// presentedKey is the key in the header that OpenAI, Anthropic or Azure looks at.
func presentedKey(header http.Header) string {
	for _, name := range []string{"X-Api-Key", "Api-Key"} {
		if key := header.Get(name); key != "" {
			return key
		}
	}
	key, _ := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	return key
}

func unknownPath(c *call) {
	c.refuse(http.StatusNotFound, "invalid_request_error", "unknown_url", "Unknown request URL: "+c.record.Method+" "+c.record.Path)
}
