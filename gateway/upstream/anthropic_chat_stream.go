package upstream

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// chatStream is a stream of Anthropic's that reads as one of chat completions.
type chatStream struct {
	body    io.Closer
	events  *EventReader
	pending []byte
	meter   messagesMeter

	id, model string
	created   int64
	// calls counts the tool calls that have begun; thought and signature are of the block under way.
	calls     int
	thought   strings.Builder
	signature string
	stop      string
	last      Reading
}

func newChatStream(body io.ReadCloser) *chatStream {
	return &chatStream{body: body, events: NewEventReader(body), created: time.Now().Unix()}
}

func (s *chatStream) Close() error { return s.body.Close() }

func (s *chatStream) Read(p []byte) (int, error) {
	for len(s.pending) == 0 {
		event, err := s.events.Next()
		if err != nil {
			return 0, err
		}
		s.translate(event)
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// translate turns one event into what a chat's stream says in its place, often nothing.
func (s *chatStream) translate(event Event) {
	if event.Data == nil {
		s.pending = append(s.pending, event.Raw...) // a comment keeps the connection alive
		return
	}
	reading := s.meter.Read(event)
	if reading.Counted {
		s.last = reading
	}
	data := gjson.ParseBytes(event.Data)
	switch data.Get("type").String() {
	case "ping":
		s.pending = append(s.pending, ": ping\n\n"...)
	case "message_start":
		s.id, s.model = data.Get("message.id").String(), data.Get("message.model").String()
		s.delta(map[string]any{"role": "assistant", "content": ""})
	case "content_block_start":
		s.begin(data.Get("content_block"))
	case "content_block_delta":
		s.add(data.Get("delta"))
	case "content_block_stop":
		s.endThought()
	case "message_delta":
		if reason := data.Get("delta.stop_reason").String(); reason != "" {
			s.stop = reason
		}
	case "message_stop":
		s.finish()
	case "error":
		s.send(map[string]any{"error": map[string]any{
			"message": data.Get("error.message").String(), "type": data.Get("error.type").String(), "param": nil, "code": nil,
		}})
	}
}

// begin starts a content block; of tool calls the name comes first and the arguments later.
func (s *chatStream) begin(block gjson.Result) {
	switch block.Get("type").String() {
	case "tool_use":
		call := chatToolCall{Index: new(s.calls), ID: block.Get("id").String(), Type: "function"}
		call.Function.Name = block.Get("name").String()
		s.calls++
		s.delta(map[string]any{"tool_calls": []chatToolCall{call}})
	case "redacted_thinking":
		s.delta(map[string]any{"thinking_blocks": []json.RawMessage{json.RawMessage(block.Raw)}})
	case "text":
		if text := block.Get("text").String(); text != "" {
			s.delta(map[string]any{"content": text})
		}
	}
}

func (s *chatStream) add(delta gjson.Result) {
	switch delta.Get("type").String() {
	case "text_delta":
		s.delta(map[string]any{"content": delta.Get("text").String()})
	case "input_json_delta":
		call := chatToolCall{Index: new(max(0, s.calls-1))}
		call.Function.Arguments = delta.Get("partial_json").String()
		s.delta(map[string]any{"tool_calls": []chatToolCall{call}})
	case "thinking_delta":
		text := delta.Get("thinking").String()
		if s.thought.Len() < maxTranslated {
			s.thought.WriteString(text)
		}
		s.delta(map[string]any{"reasoning_content": text})
	case "signature_delta":
		s.signature = delta.Get("signature").String()
	}
}

// endThought tells the whole thought once more with its signature: clients send it back to go on from it.
func (s *chatStream) endThought() {
	if s.signature != "" {
		block := map[string]any{"type": "thinking", "thinking": s.thought.String(), "signature": s.signature}
		s.delta(map[string]any{"thinking_blocks": []any{block}})
	}
	s.thought.Reset()
	s.signature = ""
}

// finish says why the answer ends and what it used, and ends the stream.
func (s *chatStream) finish() {
	s.chunk(map[string]any{"choices": choiceDelta(map[string]any{}, finishReason(s.stop))})
	if s.last.Counted {
		s.chunk(map[string]any{
			"choices": []any{}, "usage": chatUsage(s.last.Usage), "service_tier": chatService(s.last.Usage.Service),
		})
	}
	s.pending = append(s.pending, "data: [DONE]\n\n"...)
}

func (s *chatStream) delta(delta map[string]any) {
	s.chunk(map[string]any{"choices": choiceDelta(delta, nil)})
}

func choiceDelta(delta map[string]any, finish any) []any {
	return []any{map[string]any{"index": 0, "delta": delta, "logprobs": nil, "finish_reason": finish}}
}

func (s *chatStream) chunk(fields map[string]any) {
	fields["id"], fields["object"], fields["created"], fields["model"] = s.id, "chat.completion.chunk", s.created, s.model
	s.send(fields)
}

func (s *chatStream) send(value map[string]any) {
	data, _ := json.Marshal(value) // strings, numbers and JSON that was valid: it cannot fail
	s.pending = append(append(append(s.pending, "data: "...), data...), "\n\n"...)
}
