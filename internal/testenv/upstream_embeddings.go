package testenv

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

const defaultDimensions = 8

// embeddings answers with one vector of equal numbers per input text.
func (c *call) embeddings() {
	input := gjson.GetBytes(c.body, "input")
	if !gjson.ValidBytes(c.body) || !input.Exists() {
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "Missing required parameter: 'input'.")
		return
	}
	texts := []gjson.Result{input}
	if input.IsArray() {
		texts = input.Array()
	}
	dimensions := int(gjson.GetBytes(c.body, "dimensions").Int())
	if dimensions <= 0 {
		dimensions = defaultDimensions
	}
	usage := Usage{PromptTokens: c.behaviour.PromptTokens}
	data := make([]map[string]any, len(texts))
	for i, text := range texts {
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": vector(dimensions)}
		if c.behaviour.PromptTokens == 0 {
			usage.PromptTokens += int64(len(text.String())+3) / 4
		}
	}
	c.note(func(r *UpstreamRequest) { r.Billed = usage })
	c.answerJSON(map[string]any{
		"object": "list", "data": data, "model": gjson.GetBytes(c.body, "model").String(),
		"usage": map[string]any{"prompt_tokens": usage.PromptTokens, "total_tokens": usage.PromptTokens},
	})
}

func vector(dimensions int) []float64 {
	numbers := make([]float64, dimensions)
	for i := range numbers {
		numbers[i] = 0.5
	}
	return numbers
}

// models lists what is served.
func (c *call) models() {
	names := c.upstream.options.Models
	if len(names) == 0 {
		names = []string{"fake-model"}
	}
	data := make([]map[string]any, len(names))
	for i, name := range names {
		data[i] = map[string]any{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "fake"}
	}
	c.answerJSON(map[string]any{"object": "list", "data": data})
}

func (c *call) answerJSON(body map[string]any) { c.answerJSONWith(http.StatusOK, body) }

func (c *call) answerJSONWith(status int, body map[string]any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	c.answer(status, "application/json", data)
}
