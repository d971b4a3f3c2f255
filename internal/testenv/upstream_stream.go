package testenv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// stream sends an answer as server-sent events: a chunk with the role, one chunk per token and
// choice, one with the finish reason, one with the usage if asked for, and [DONE].
func (c *call) stream(answer completion, includeUsage bool) {
	c.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	c.note(func(r *UpstreamRequest) {
		r.Status = http.StatusOK
		// What was read and thought is billed even if the client leaves at once.
		r.Billed = answer.usage
		r.Billed.CompletionTokens = answer.usage.ReasoningTokens
	})
	s := &eventStream{
		call: c, control: http.NewResponseController(c.w), model: answer.model, created: time.Now().Unix(), choices: answer.choices,
	}
	ok := s.send(s.chunk(0, map[string]any{"role": "assistant", "content": ""}, nil))
	for n := 0; ok && n < int(answer.said)*answer.choices; n++ {
		ok = s.say(n, n%answer.choices)
	}
	if calls := c.chatToolCalls(answer, true); ok && len(calls) > 0 {
		ok = s.send(s.chunk(0, map[string]any{"tool_calls": calls}, nil))
	}
	for i := 0; ok && i < answer.choices; i++ {
		ok = s.send(s.chunk(i, map[string]any{}, answer.finish))
	}
	if ok && includeUsage && !c.behaviour.NoUsage {
		ok = s.send(s.usage(c.claim(answer.usage)))
	}
	if !ok || !s.write("[DONE]") {
		c.clientGone()
	}
}

// eventStream writes the chunks of one answer. Its methods report false when the client has left.
type eventStream struct {
	call    *call
	control *http.ResponseController
	model   string
	created int64
	// choices are how many say the same.
	choices int
	// wire is the shape of the content's events; chat chunks if zero.
	wire int
	// sequence numbers the events of wires that number them.
	sequence int
}

// Shapes of the events that carry text.
const (
	chunkEvents = iota
	messagesEvents
	responseEvents
)

// say sends the nth token, with the faults that are due around it.
func (s *eventStream) say(n, choice int) bool {
	b := s.call.behaviour
	if b.HangAfter > 0 && n == b.HangAfter && !s.call.hang() {
		return false
	}
	s.breakIfDue(n)
	if n > 0 && !pause(s.call.ctx, b.ChunkDelay) {
		return false
	}
	text := s.call.token(n / max(1, s.choices))
	if n == 0 && b.HugeBytes > len(text) {
		text += strings.Repeat("x", b.HugeBytes-len(text))
	}
	s.call.note(func(r *UpstreamRequest) {
		r.Chunks++
		r.Billed.CompletionTokens++
	})
	if n == 1 && b.InvalidJSON {
		return s.write(`{"id":"chatcmpl-fake","choices":[{"index":0,`)
	}
	return s.sendText(choice, text)
}

// sendText sends one part of the answer's text in the stream's wire.
func (s *eventStream) sendText(index int, text string) bool {
	switch s.wire {
	case messagesEvents:
		return s.delta(index, map[string]any{"type": "text_delta", "text": text})
	case responseEvents:
		return s.event("response.output_text.delta", map[string]any{"item_id": "msg_fake", "output_index": index, "delta": text})
	default:
		return s.send(s.chunk(index, map[string]any{"content": text}, nil))
	}
}

// event sends a named event whose data repeats the name as its type.
func (s *eventStream) event(kind string, data map[string]any) bool {
	data["type"] = kind
	if s.wire == responseEvents {
		data["sequence_number"] = s.sequence
		s.sequence++
	}
	body, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	if _, err := fmt.Fprintf(s.call.w, "event: %s\ndata: %s\n\n", kind, body); err != nil {
		return false
	}
	return s.control.Flush() == nil && s.call.ctx.Err() == nil
}

func (s *eventStream) breakIfDue(n int) {
	if after := s.call.behaviour.BreakAfter; after > 0 && n >= after {
		s.call.abort()
	}
}

func (s *eventStream) chunk(choice int, delta map[string]any, finish any) map[string]any {
	chunk := s.frame()
	if s.legacy() {
		text, _ := delta["content"].(string)
		chunk["object"] = "text_completion"
		chunk["choices"] = []any{map[string]any{"index": choice, "text": text, "logprobs": nil, "finish_reason": finish}}
		return chunk
	}
	chunk["choices"] = []any{map[string]any{"index": choice, "delta": delta, "logprobs": nil, "finish_reason": finish}}
	return chunk
}

// legacy says whether the stream is one of a text completion.
func (s *eventStream) legacy() bool {
	return strings.HasSuffix(s.call.record.Path, "/completions") && !strings.HasSuffix(s.call.record.Path, "/chat/completions")
}

func (s *eventStream) usage(usage map[string]any) map[string]any {
	chunk := s.frame()
	chunk["choices"], chunk["usage"] = []any{}, usage
	return chunk
}

func (s *eventStream) frame() map[string]any {
	return map[string]any{
		"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": s.created, "model": s.model,
	}
}

func (s *eventStream) send(chunk map[string]any) bool {
	data, err := json.Marshal(chunk)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return s.write(string(data))
}

func (s *eventStream) write(data string) bool {
	if _, err := fmt.Fprintf(s.call.w, "data: %s\n\n", data); err != nil {
		return false
	}
	return s.control.Flush() == nil && s.call.ctx.Err() == nil
}
