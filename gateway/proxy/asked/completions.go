package asked

import (
	"bytes"
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// completionsCap is the output cap of a completion that sets none, as OpenAI documents it.
const completionsCap = 16

// Completions reads a text completion. Every prompt of a list gets its own choices,
// and best_of makes more than it shows.
func Completions(c *Call, object httpx.Object) error {
	var options *streamOptions
	var maxTokens, choices, bestOf *int64
	err := parseFields(object,
		field{"stream", &c.Stream, isBool},
		field{"stream_options", &options, isObject},
		field{"max_tokens", &maxTokens, isWhole},
		field{"n", &choices, isWhole},
		field{"best_of", &bestOf, isWhole},
	)
	if err != nil {
		return err
	}
	c.WantsUsage = options != nil && options.IncludeUsage
	if maxTokens == nil {
		maxTokens = new(int64(completionsCap))
	}
	if err := c.limitOutput("max_tokens", maxTokens); err != nil {
		return err
	}
	if err := c.countChoices("n", choices); err != nil {
		return err
	}
	shown := c.Choices
	if err := c.countChoices("best_of", bestOf); err != nil {
		return err
	}
	prompts, err := countPrompts(object["prompt"])
	if err != nil {
		return err
	}
	c.Choices = max(c.Choices, shown) * prompts
	return nil
}

const maxPrompts = 2048

// countPrompts is how many prompts there are: a text or a list of token numbers is one.
func countPrompts(prompt json.RawMessage) (int64, error) {
	if len(prompt) == 0 || bytes.Equal(prompt, []byte("null")) {
		return 1, nil // the start of a document
	}
	var list []json.RawMessage
	isList := json.Unmarshal(prompt, &list) == nil && len(list) > 0
	if !isList || list[0][0] >= '0' && list[0][0] <= '9' {
		return 1, nil
	}
	if len(list) > maxPrompts {
		return 0, api.FieldErrorf("prompt", "has %d prompts, at most %d are allowed", len(list), maxPrompts)
	}
	return int64(len(list)), nil
}
