package testenv

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// token is the text of every token that the fake model says.
const token = " the"

// completion is one chat request worked out: what will be said, used and claimed.
type completion struct {
	model   string
	choices int
	// said is how many tokens each choice shows; finish says why it ends there.
	said   int64
	finish string
	usage  Usage
	// tool is the name of the first tool that the request offers.
	tool string
}

func (c *call) chat() {
	if !gjson.ValidBytes(c.body) {
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "We could not parse the JSON body of your request.")
		return
	}
	request := gjson.ParseBytes(c.body)
	if !request.Get("messages").IsArray() {
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "Missing required parameter: 'messages'.")
		return
	}
	model := request.Get("model").String()
	if served := c.upstream.options.Models; len(served) > 0 && !slices.Contains(served, model) {
		c.refuse(http.StatusNotFound, "invalid_request_error", "model_not_found", "The model `"+model+"` does not exist or you do not have access to it.")
		return
	}
	answer := c.complete(request)
	if request.Get("stream").Bool() {
		c.stream(answer, request.Get("stream_options.include_usage").Bool())
		return
	}
	c.plain(answer)
}

// complete decides on the answer to a chat request.
func (c *call) complete(request gjson.Result) completion {
	b := c.behaviour
	answer := completion{model: request.Get("model").String(), choices: max(1, int(request.Get("n").Int())), finish: "stop"}
	tokens := b.CompletionTokens
	if b.Say != "" {
		tokens = int64(len(c.words())) + b.ReasoningTokens
	}
	if tokens == 0 {
		tokens = defaultCompletionTokens
	}
	tokens = max(tokens, b.ReasoningTokens)
	if limit, capped := outputCap(request); capped && limit < tokens && !b.IgnoreCap {
		tokens, answer.finish = limit, "length"
	}
	reasoning := min(b.ReasoningTokens, tokens)
	answer.said = tokens - reasoning
	answer.usage = Usage{
		PromptTokens:     b.PromptTokens,
		CompletionTokens: tokens * int64(answer.choices),
		ReasoningTokens:  reasoning * int64(answer.choices),
	}
	if answer.usage.PromptTokens == 0 {
		answer.usage.PromptTokens = promptTokens(request)
	}
	if answer.tool = request.Get("tools.0.function.name").String(); answer.tool == "" {
		answer.tool = request.Get("tools.0.name").String()
	}
	if b.Tool != "" {
		answer.tool = b.Tool
	}
	if (b.ToolCalls > 0 || b.Tool != "") && answer.tool != "" && answer.finish == "stop" {
		answer.finish = "tool_calls"
	}
	answer.usage.CachedTokens = min(b.CachedTokens, answer.usage.PromptTokens)
	return answer
}

// outputCap is the smallest of the caps that a request may carry.
func outputCap(request gjson.Result) (limit int64, capped bool) {
	for _, name := range []string{"max_tokens", "max_completion_tokens", "max_output_tokens"} {
		if value := request.Get(name); value.Type == gjson.Number && (!capped || value.Int() < limit) {
			limit, capped = value.Int(), true
		}
	}
	return limit, capped
}

// promptTokens counts four tokens per message and one for every four bytes of text, begun ones included.
func promptTokens(request gjson.Result) int64 {
	var tokens int64
	request.Get("messages").ForEach(func(_, message gjson.Result) bool {
		tokens += 4 + int64(len(messageText(message))+3)/4
		return true
	})
	return tokens
}

// words are what the model says token by token; nil for the token of every other answer.
func (c *call) words() []string { return strings.SplitAfter(c.behaviour.Say, " ") }

// text is what the model says in so many tokens.
func (c *call) text(tokens int64) string {
	if c.behaviour.Say == "" {
		return strings.Repeat(token, int(tokens))
	}
	words := c.words()
	return strings.Join(words[:min(int(tokens), len(words))], "")
}

// token is the nth one.
func (c *call) token(n int) string {
	if words := c.words(); c.behaviour.Say != "" && n < len(words) {
		return words[n]
	}
	return token
}

func (c *call) plain(answer completion) {
	c.note(func(r *UpstreamRequest) { r.Billed = answer.usage })
	if c.behaviour.InvalidJSON {
		c.answer(http.StatusOK, "application/json", []byte(`{"id":"chatcmpl-fake","choices":[{"index":0,`))
		return
	}
	text := c.text(answer.said)
	if missing := c.behaviour.HugeBytes - len(text); missing > 0 {
		text += strings.Repeat("x", missing)
	}
	choices := make([]map[string]any, answer.choices)
	for i := range choices {
		message := map[string]any{"role": "assistant", "content": text}
		if calls := c.chatToolCalls(answer, false); len(calls) > 0 {
			message["tool_calls"] = calls
		}
		choices[i] = map[string]any{"index": i, "message": message, "logprobs": nil, "finish_reason": answer.finish}
	}
	body := map[string]any{
		"id": "chatcmpl-fake", "object": "chat.completion", "created": time.Now().Unix(),
		"model": answer.model, "choices": choices,
	}
	if !c.behaviour.NoUsage {
		body["usage"] = c.claim(answer.usage)
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	c.answer(http.StatusOK, "application/json", data)
}

// claim is the usage object as the answer shows it, true or not.
func (c *call) claim(usage Usage) map[string]any {
	if c.behaviour.UsageTokens > 0 {
		usage.CompletionTokens = c.behaviour.UsageTokens
	}
	return map[string]any{
		"prompt_tokens":             usage.PromptTokens,
		"completion_tokens":         usage.CompletionTokens,
		"total_tokens":              usage.PromptTokens + usage.CompletionTokens,
		"prompt_tokens_details":     map[string]any{"cached_tokens": usage.CachedTokens, "audio_tokens": 0},
		"completion_tokens_details": map[string]any{"reasoning_tokens": usage.ReasoningTokens, "audio_tokens": 0},
	}
}
