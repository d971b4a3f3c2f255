package testenv

import (
	"maps"
	"strings"

	"github.com/tidwall/gjson"
)

// outputItems are what a response puts out: thoughts, searches, the message and the tool calls, in this order.
// A conversation that ends by asking to be compacted gets that alone.
func (c *call) outputItems(answer completion) []map[string]any {
	if gjson.GetBytes(c.body, "input.@reverse.0.type").Str == "compaction_trigger" {
		return []map[string]any{{"type": "compaction", "id": "cmp_fake", "encrypted_content": "c3VtbWVk"}}
	}
	var items []map[string]any
	if answer.usage.ReasoningTokens > 0 {
		items = append(items, map[string]any{
			"type": "reasoning", "id": "rs_fake", "encrypted_content": "c2VhbGVk",
			"summary": []any{map[string]any{"type": "summary_text", "text": "hm"}},
		})
	}
	for range c.behaviour.Searches {
		items = append(items, map[string]any{
			"type": "web_search_call", "id": "ws_fake", "status": "completed", "action": map[string]any{"type": "search", "query": "bursar"},
		})
	}
	text := c.text(answer.said)
	if missing := c.behaviour.HugeBytes - len(text); missing > 0 {
		text += strings.Repeat("x", missing)
	}
	items = append(items, map[string]any{
		"type": "message", "id": "msg_fake", "role": "assistant", "status": "completed",
		"content": []any{map[string]any{"type": "output_text", "text": text, "annotations": []any{}}},
	})
	for _, call := range c.toolCalls(answer.tool) {
		if c.behaviour.Input != "" {
			items = append(items, map[string]any{
				"type": "custom_tool_call", "id": "ctc_" + call.id, "call_id": call.id, "name": call.name, "input": c.behaviour.Input, "status": "completed",
			})
			continue
		}
		items = append(items, map[string]any{
			"type": "function_call", "id": "fc_" + call.id, "call_id": call.id, "name": call.name, "arguments": c.arguments(), "status": "completed",
		})
	}
	return items
}

// item sends one item of a response: that it begins, its parts, and the whole of it.
func (s *eventStream) item(index int, item map[string]any, tokens int) bool {
	begun := maps.Clone(item)
	begun["status"] = "in_progress"
	at := func(more map[string]any) map[string]any {
		more["output_index"], more["item_id"] = index, item["id"]
		return more
	}
	parts := func() bool { return true }
	switch item["type"] {
	case "message":
		begun["content"] = []any{}
		whole := item["content"].([]any)[0].(map[string]any) //nolint:forcetypeassert // made above
		parts = func() bool {
			ok := s.event("response.content_part.added", at(map[string]any{
				"content_index": 0, "part": map[string]any{"type": "output_text", "text": "", "annotations": []any{}},
			}))
			for n := 0; ok && n < tokens; n++ {
				ok = s.say(n, index)
			}
			return ok && s.event("response.output_text.done", at(map[string]any{"content_index": 0, "text": whole["text"]})) &&
				s.event("response.content_part.done", at(map[string]any{"content_index": 0, "part": whole}))
		}
	case "reasoning":
		begun["summary"] = []any{}
		parts = func() bool {
			return s.event("response.reasoning_summary_part.added", at(map[string]any{"summary_index": 0, "part": map[string]any{"type": "summary_text", "text": ""}})) &&
				s.event("response.reasoning_summary_text.delta", at(map[string]any{"summary_index": 0, "delta": "hm"})) &&
				s.event("response.reasoning_summary_text.done", at(map[string]any{"summary_index": 0, "text": "hm"})) &&
				s.event("response.reasoning_summary_part.done", at(map[string]any{"summary_index": 0, "part": map[string]any{"type": "summary_text", "text": "hm"}}))
		}
	case "web_search_call":
		parts = func() bool {
			return s.event("response.web_search_call.in_progress", at(map[string]any{})) &&
				s.event("response.web_search_call.searching", at(map[string]any{})) &&
				s.event("response.web_search_call.completed", at(map[string]any{}))
		}
	case "custom_tool_call":
		begun["input"] = ""
		parts = func() bool {
			return s.event("response.custom_tool_call_input.delta", at(map[string]any{"delta": item["input"]})) &&
				s.event("response.custom_tool_call_input.done", at(map[string]any{"input": item["input"]}))
		}
	case "function_call":
		begun["arguments"] = ""
		parts = func() bool {
			return s.event("response.function_call_arguments.delta", at(map[string]any{"delta": item["arguments"]})) &&
				s.event("response.function_call_arguments.done", at(map[string]any{"arguments": item["arguments"]}))
		}
	}
	return s.event("response.output_item.added", map[string]any{"output_index": index, "item": begun}) &&
		parts() && s.event("response.output_item.done", map[string]any{"output_index": index, "item": item})
}
