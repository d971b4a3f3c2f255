package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// object is one of JSON.
type object = map[string]any

// scriptedProvider answers every call with what it was told last, for reports that no well-behaved server makes.
type scriptedProvider struct {
	*httptest.Server
	mu            sync.Mutex
	plain, stream string
}

func startScriptedProvider(t *testing.T) *scriptedProvider {
	p := &scriptedProvider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is cut is no request for a stream
		p.mu.Lock()
		kind, answer := "application/json", p.plain
		if gjson.GetBytes(body, "stream").Bool() {
			kind, answer = "text/event-stream", p.stream
		}
		p.mu.Unlock()
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, answer) // the gateway sees what is missing
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *scriptedProvider) says(plain object, events string) {
	encoded, err := json.Marshal(plain)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plain, p.stream = string(encoded), events
}

// tongue is a dialect as a client speaks it and a provider answers it.
type tongue struct {
	provider, path string
	// request wants the model's name and whether the answer streams.
	request string
	// answer is a whole answer around its usage and service tier; stream are the events of the same one.
	answer func(usage object, service any) object
	stream func(first, last object, service any) []object
}

var tongues = map[string]tongue{
	"chat": {
		"openai", "/v1/chat/completions", `{"model":%q,"stream":%v,"max_tokens":100000,"messages":[{"role":"user","content":"Hello"}]}`,
		func(usage object, service any) object {
			said := object{"index": 0, "message": object{"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
			return object{"id": "c", "object": "chat.completion", "choices": []any{said}, "usage": usage, "service_tier": service}
		},
		choicesStream(object{"index": 0, "delta": object{"role": "assistant", "content": "Hi"}}),
	},
	"completions": {
		"openai", "/v1/completions", `{"model":%q,"stream":%v,"max_tokens":100000,"prompt":"Hello"}`,
		func(usage object, service any) object {
			return object{"id": "c", "object": "text_completion", "choices": []any{object{"index": 0, "text": "Hi", "finish_reason": "stop"}}, "usage": usage, "service_tier": service}
		},
		choicesStream(object{"index": 0, "text": "Hi"}),
	},
	"responses": {
		"openai", "/v1/responses", `{"model":%q,"stream":%v,"max_output_tokens":100000,"input":"Hello"}`,
		func(usage object, service any) object {
			return object{"id": "r", "object": "response", "status": "completed", "output": []any{}, "usage": usage, "service_tier": service}
		},
		func(_, last object, service any) []object {
			return []object{
				{"type": "response.created", "response": object{"id": "r", "usage": nil, "service_tier": "auto"}},
				{"type": "response.in_progress", "response": object{"id": "r", "service_tier": service}},
				{"type": "response.output_text.delta", "delta": "Hi"},
				{"type": "response.completed", "response": object{"id": "r", "status": "completed", "output": []any{}, "usage": last}},
			}
		},
	},
	"messages":         {"anthropic", "/v1/messages", anthropicRequest, messageAnswer, messageStream},
	"a translated one": {"anthropic", "/v1/chat/completions", anthropicRequest, messageAnswer, messageStream},
}

const anthropicRequest = `{"model":%q,"stream":%v,"max_tokens":100000,"messages":[{"role":"user","content":"Hello"}]}`

func choicesStream(said object) func(first, last object, service any) []object {
	return func(first, last object, service any) []object {
		return []object{
			{"choices": []any{said}, "usage": first, "service_tier": service},
			{"choices": []any{}, "usage": last},
			nil, // the end mark
		}
	}
}

func messageAnswer(usage object, service any) object {
	usage["service_tier"] = service
	content := []any{object{"type": "text", "text": "Hi"}}
	return object{"id": "m", "type": "message", "model": "c", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": usage}
}

func messageStream(first, last object, service any) []object {
	first["service_tier"] = service
	return []object{
		{"type": "message_start", "message": object{"id": "m", "model": "c", "usage": first}},
		{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}},
		{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": "Hi"}},
		{"type": "content_block_stop", "index": 0},
		{"type": "message_delta", "delta": object{"stop_reason": "end_turn"}, "usage": last},
		{"type": "message_stop"},
	}
}

// sse writes events as they go over the wire.
func sse(events []object) string {
	var stream strings.Builder
	for _, event := range events {
		data, err := json.Marshal(event)
		if err != nil {
			panic(err)
		}
		if event == nil {
			data = []byte("[DONE]")
		}
		if kind, typed := event["type"]; typed {
			fmt.Fprintf(&stream, "event: %v\n", kind)
		}
		fmt.Fprintf(&stream, "data: %s\n\n", data)
	}
	return stream.String()
}

// spokenTo are models of every provider in the tongues, at the scripted one, for a price.
func (p *scriptedProvider) spokenTo(price *api.ModelPrice) []config.Model {
	var models []config.Model
	for _, provider := range []string{"openai", "anthropic"} {
		models = append(models, config.Model{
			ID: provider, Name: provider, Upstream: provider, BaseURL: p.URL + "/v1", UpstreamModel: "some-model", Price: price, MaxOutputTokens: 100_000,
		})
	}
	return models
}

// costOf makes the call and returns what the gateway says that it costs.
func (g *gateway) costOf(t interface{ Fatalf(string, ...any) }, key string, said tongue, stream bool) string {
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL()+said.path, strings.NewReader(fmt.Sprintf(said.request, said.provider, stream)))
	if err != nil {
		t.Fatalf("%v", err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	cost := response.Header.Get("x-bursar-cost-usd")
	if stream {
		cost = response.Trailer.Get("x-bursar-cost-usd")
	}
	if err != nil || response.StatusCode != http.StatusOK || cost == "" {
		t.Fatalf("%s, streamed %v: %d, %q USD, %v: %s", said.path, stream, response.StatusCode, cost, err, text)
	}
	return cost
}
