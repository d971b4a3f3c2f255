package asked

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// streamOptions are those of chats and completions that the gateway reads.
type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// Chat reads a chat completion.
func Chat(c *Call, object httpx.Object) error {
	var messages filled
	var options *streamOptions
	var maxTokens, maxCompletionTokens, choices *int64
	err := parseFields(object,
		field{"messages", &messages, isList},
		field{"stream", &c.Stream, isBool},
		field{"stream_options", &options, isObject},
		field{"max_tokens", &maxTokens, isWhole},
		field{"max_completion_tokens", &maxCompletionTokens, isWhole},
		field{"n", &choices, isWhole},
	)
	if err != nil {
		return err
	}
	if !messages {
		return api.FieldErrorf("messages", "is required: a list with at least one message")
	}
	c.WantsUsage = options != nil && options.IncludeUsage
	if err := c.limitOutput("max_tokens", maxTokens); err != nil {
		return err
	}
	if err := c.limitOutput("max_completion_tokens", maxCompletionTokens); err != nil {
		return err
	}
	return c.countChoices("n", choices)
}
