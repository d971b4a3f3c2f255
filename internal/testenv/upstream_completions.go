package testenv

import (
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// completions answers a text completion; every prompt of a list is answered by its own choices.
func (c *call) completions() {
	request := gjson.ParseBytes(c.body)
	prompt := request.Get("prompt")
	if !gjson.ValidBytes(c.body) || !prompt.Exists() {
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "Missing required parameter: 'prompt'.")
		return
	}
	answer := c.complete(request)
	if prompt.IsArray() {
		answer.choices *= len(prompt.Array())
		answer.usage.CompletionTokens *= int64(len(prompt.Array()))
	}
	if c.behaviour.PromptTokens == 0 {
		answer.usage.PromptTokens = int64(len(prompt.String())+3) / 4
	}
	if request.Get("stream").Bool() {
		c.stream(answer, request.Get("stream_options.include_usage").Bool())
		return
	}
	c.note(func(r *UpstreamRequest) { r.Billed = answer.usage })
	choices := make([]map[string]any, answer.choices)
	for i := range choices {
		choices[i] = map[string]any{
			"index": i, "text": strings.Repeat(token, int(answer.said)), "logprobs": nil, "finish_reason": answer.finish,
		}
	}
	body := map[string]any{
		"id": "cmpl-fake", "object": "text_completion", "created": time.Now().Unix(), "model": answer.model, "choices": choices,
	}
	if !c.behaviour.NoUsage {
		body["usage"] = c.claim(answer.usage)
	}
	c.answerJSON(body)
}

// moderations flags nothing. It reports no usage, as OpenAI does not.
func (c *call) moderations() {
	c.answerJSON(map[string]any{
		"id": "modr-fake", "model": gjson.GetBytes(c.body, "model").String(),
		"results": []any{map[string]any{"flagged": false, "categories": map[string]any{}, "category_scores": map[string]any{}}},
	})
}
