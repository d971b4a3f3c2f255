package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// finishReasons are OpenAI's words for why an answer ends, by Anthropic's.
var finishReasons = map[string]string{
	"end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
	"model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
}

func finishReason(stopReason string) string {
	if reason, known := finishReasons[stopReason]; known {
		return reason
	}
	return "stop"
}

// chatUsage is a usage object in OpenAI's words, with what was written to the cache beside what was read.
func chatUsage(u Usage) map[string]any {
	worded := map[string]any{
		"prompt_tokens": u.PromptTokens, "completion_tokens": u.CompletionTokens, "total_tokens": u.PromptTokens + u.CompletionTokens,
		"prompt_tokens_details": map[string]any{
			"cached_tokens": u.CachedTokens, "cache_write_tokens": u.CacheWriteTokens, "cache_write_1h_tokens": u.CacheWrite1hTokens,
		},
	}
	if u.Cost > 0 {
		worded["cost"] = u.Cost
	}
	return worded
}

// chatService is OpenAI's word for a service tier of Anthropic's.
func chatService(service string) string {
	if service == "standard" || service == "" {
		return "default"
	}
	return service
}

// chatToolCall is one call in a message, or in a stream's delta with its index.
type chatToolCall struct {
	Index    *int   `json:"index,omitempty"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// messageToChat words a whole answer as a chat completion. One that is no message passes as it is:
// whoever reads it will see that it makes no sense.
func messageToChat(answer []byte) []byte {
	message := gjson.ParseBytes(answer)
	if !gjson.ValidBytes(answer) || !message.Get("content").IsArray() {
		return answer
	}
	said := map[string]any{"role": "assistant", "content": nil}
	var text, thought strings.Builder
	var thoughts []json.RawMessage
	var calls []chatToolCall
	message.Get("content").ForEach(func(_, block gjson.Result) bool {
		switch block.Get("type").String() {
		case "text":
			text.WriteString(block.Get("text").String())
		case "thinking", "redacted_thinking":
			thought.WriteString(block.Get("thinking").String())
			thoughts = append(thoughts, json.RawMessage(block.Raw))
		case "tool_use":
			call := chatToolCall{ID: block.Get("id").String(), Type: "function"}
			call.Function.Name, call.Function.Arguments = block.Get("name").String(), block.Get("input").Raw
			calls = append(calls, call)
		}
		return true
	})
	if text.Len() > 0 {
		said["content"] = text.String()
	}
	if len(thoughts) > 0 {
		said["reasoning_content"], said["thinking_blocks"] = thought.String(), thoughts
	}
	if len(calls) > 0 {
		said["tool_calls"] = calls
	}
	return chatCompletion(message, said)
}

func chatCompletion(message gjson.Result, said map[string]any) []byte {
	body := map[string]any{
		"id": message.Get("id").String(), "object": "chat.completion", "created": time.Now().Unix(),
		"model": message.Get("model").String(),
		"choices": []any{map[string]any{
			"index": 0, "message": said, "logprobs": nil, "finish_reason": finishReason(message.Get("stop_reason").String()),
		}},
	}
	if usage, counted := ParseMessagesUsage(message.Get("usage")); counted {
		body["usage"], body["service_tier"] = chatUsage(usage), chatService(usage.Service)
	}
	data, _ := json.Marshal(body) // strings, numbers and JSON that was valid: it cannot fail
	return data
}

// wholeAnswer is a body that is translated once it is there whole.
type wholeAnswer struct {
	body       io.ReadCloser
	translated *bytes.Reader
}

// maxTranslated bounds an answer that is held to be translated.
const maxTranslated = 64 << 20

var errTooLongToTranslate = errors.New("answer is too long to be translated")

func (a *wholeAnswer) Read(p []byte) (int, error) {
	if a.translated == nil {
		answer, err := io.ReadAll(io.LimitReader(a.body, maxTranslated+1))
		if err != nil {
			return 0, err
		}
		if len(answer) > maxTranslated {
			return 0, errTooLongToTranslate
		}
		a.translated = bytes.NewReader(messageToChat(answer))
	}
	return a.translated.Read(p)
}

func (a *wholeAnswer) Close() error { return a.body.Close() }
