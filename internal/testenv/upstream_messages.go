package testenv

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// stopReasons are Anthropic's words for why an answer ends, by OpenAI's.
var stopReasons = map[string]string{"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}

// messages answers a request in Anthropic's wire.
func (c *call) messages() {
	request := gjson.ParseBytes(c.body)
	switch {
	case !gjson.ValidBytes(c.body) || !request.Get("messages").IsArray():
		c.refuseAnthropic(http.StatusBadRequest, "invalid_request_error", "messages: Field required")
		return
	case request.Get("max_tokens").Int() < 1:
		c.refuseAnthropic(http.StatusBadRequest, "invalid_request_error", "max_tokens: Field required")
		return
	}
	answer := c.complete(request)
	if request.Get("stream").Bool() {
		c.streamMessages(answer, request)
		return
	}
	c.note(func(r *UpstreamRequest) { r.Billed = answer.usage })
	if c.behaviour.InvalidJSON {
		c.answer(http.StatusOK, "application/json", []byte(`{"id":"msg_fake","content":[{"type":`))
		return
	}
	body := c.message(answer)
	body["content"], body["stop_reason"] = c.contentBlocks(answer, request), stopReasons[answer.finish]
	if !c.behaviour.NoUsage {
		body["usage"] = c.claimAnthropic(answer.usage)
	}
	c.answerJSON(body)
}

// countable are the members that Anthropic's count of a prompt takes; any other is an error there.
var countable = map[string]bool{
	"model": true, "messages": true, "system": true, "tools": true, "tool_choice": true, "thinking": true, "mcp_servers": true,
	"context_management": true, "output_config": true, "cache_control": true,
}

// countTokens answers the size of a prompt. It bills nothing.
func (c *call) countTokens() {
	request := gjson.ParseBytes(c.body)
	refuse := func(message string) { c.refuseAnthropic(http.StatusBadRequest, "invalid_request_error", message) }
	switch {
	case c.record.Header.Get("Anthropic-Version") == "":
		refuse("anthropic-version: header is required")
		return
	case !gjson.ValidBytes(c.body) || !request.IsObject():
		refuse("The request body is not valid JSON")
		return
	case request.Get("model").Type != gjson.String:
		refuse("model: Field required")
		return
	case !request.Get("messages.0").Exists():
		refuse("messages: Field required")
		return
	}
	for name := range request.Map() {
		if !countable[name] {
			refuse(name + ": Extra inputs are not permitted")
			return
		}
	}
	answer := c.complete(request)
	c.answerJSON(map[string]any{"input_tokens": answer.usage.PromptTokens})
}

// message is the object before it is finished. No two have the same id: Claude Code takes those that do for one turn.
func (c *call) message(answer completion) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("msg_%d", c.record.At.UnixNano()), "type": "message", "role": "assistant", "model": answer.model,
		"content": []any{}, "stop_reason": nil, "stop_sequence": nil,
	}
}

// contentBlocks are the thoughts, the text and the tool calls of a message, in this order.
func (c *call) contentBlocks(answer completion, request gjson.Result) []map[string]any {
	var blocks []map[string]any
	if answer.usage.ReasoningTokens > 0 {
		blocks = append(blocks, map[string]any{"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"})
	}
	for i := range c.behaviour.Searches {
		id := fmt.Sprintf("srvtoolu_%d", i)
		blocks = append(blocks,
			map[string]any{"type": "server_tool_use", "id": id, "name": "web_search", "input": map[string]any{"query": "bursar"}},
			map[string]any{"type": "web_search_tool_result", "tool_use_id": id, "content": []any{map[string]any{
				"type": "web_search_result", "title": "A page", "url": "https://example.com/", "encrypted_content": "c2VhbGVk", "page_age": nil,
			}}})
	}
	text := c.text(answer.said)
	if missing := c.behaviour.HugeBytes - len(text); missing > 0 {
		text += strings.Repeat("x", missing)
	}
	blocks = append(blocks, map[string]any{"type": "text", "text": text})
	for _, call := range c.toolCalls(cmp.Or(c.behaviour.Tool, request.Get("tools.0.name").String())) {
		blocks = append(blocks, map[string]any{"type": "tool_use", "id": call.id, "name": call.name, "input": json.RawMessage(c.arguments())})
	}
	return blocks
}

// claimAnthropic is the usage object in Anthropic's words: cached input stands beside the rest.
func (c *call) claimAnthropic(usage Usage) map[string]any {
	if c.behaviour.UsageTokens > 0 {
		usage.CompletionTokens = c.behaviour.UsageTokens
	}
	claimed := map[string]any{}
	if c.behaviour.Searches > 0 {
		claimed["server_tool_use"] = map[string]any{"web_search_requests": c.behaviour.Searches}
	}
	written := min(c.behaviour.CacheWriteTokens, usage.PromptTokens-usage.CachedTokens)
	claimed["input_tokens"] = usage.PromptTokens - usage.CachedTokens - written
	claimed["cache_read_input_tokens"], claimed["cache_creation_input_tokens"] = usage.CachedTokens, written
	claimed["output_tokens"] = usage.CompletionTokens
	return claimed
}

// refuseAnthropic answers with an error body as Anthropic writes it.
func (c *call) refuseAnthropic(status int, kind, message string) {
	c.answerJSONWith(status, map[string]any{
		"type": "error", "error": map[string]any{"type": kind, "message": message}, "request_id": "req_fake",
	})
}

// streamMessages sends a message as Anthropic's events.
func (c *call) streamMessages(answer completion, request gjson.Result) {
	c.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	c.note(func(r *UpstreamRequest) {
		r.Status = http.StatusOK
		r.Billed = answer.usage
		r.Billed.CompletionTokens = answer.usage.ReasoningTokens
	})
	s := &eventStream{call: c, control: http.NewResponseController(c.w), model: answer.model, wire: messagesEvents}
	message := c.message(answer)
	if !c.behaviour.NoUsage {
		message["usage"] = c.claimAnthropic(Usage{PromptTokens: answer.usage.PromptTokens, CachedTokens: answer.usage.CachedTokens, CompletionTokens: 1})
	}
	ok := s.event("message_start", map[string]any{"message": message}) && s.event("ping", map[string]any{})
	for i, block := range c.contentBlocks(answer, request) {
		ok = ok && s.block(i, block, int(answer.said))
	}
	end := map[string]any{"delta": map[string]any{"stop_reason": stopReasons[answer.finish], "stop_sequence": nil}}
	if !c.behaviour.NoUsage {
		claimed := c.claimAnthropic(answer.usage)
		used := map[string]any{"output_tokens": claimed["output_tokens"]}
		if c.behaviour.Searches > 0 {
			used["server_tool_use"] = claimed["server_tool_use"]
		}
		end["usage"] = used
	}
	if !ok || !s.event("message_delta", end) || !s.event("message_stop", map[string]any{}) {
		c.clientGone()
	}
}

// block sends one content block: its start, its parts and its stop.
func (s *eventStream) block(index int, block map[string]any, tokens int) bool {
	start := maps.Clone(block)
	parts := func() bool { return true }
	switch block["type"] {
	case "text":
		start["text"] = ""
		parts = func() bool {
			ok := true
			for n := 0; ok && n < tokens; n++ {
				ok = s.say(n, index)
			}
			return ok
		}
	case "thinking":
		start["thinking"], start["signature"] = "", ""
		parts = func() bool {
			return s.delta(index, map[string]any{"type": "thinking_delta", "thinking": block["thinking"]}) &&
				s.delta(index, map[string]any{"type": "signature_delta", "signature": block["signature"]})
		}
	case "server_tool_use":
		start["input"] = map[string]any{}
		parts = func() bool {
			return s.delta(index, map[string]any{"type": "input_json_delta", "partial_json": `{"query":"bursar"}`})
		}
	case "tool_use":
		start["input"] = map[string]any{}
		parts = func() bool {
			arguments := s.call.arguments()
			half := len(arguments) / 2
			return s.delta(index, map[string]any{"type": "input_json_delta", "partial_json": arguments[:half]}) &&
				s.delta(index, map[string]any{"type": "input_json_delta", "partial_json": arguments[half:]})
		}
	}
	return s.event("content_block_start", map[string]any{"index": index, "content_block": start}) &&
		parts() && s.event("content_block_stop", map[string]any{"index": index})
}

func (s *eventStream) delta(index int, delta map[string]any) bool {
	return s.event("content_block_delta", map[string]any{"index": index, "delta": delta})
}
