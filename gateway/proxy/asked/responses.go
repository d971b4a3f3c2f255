package asked

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Responses reads a request for a response.
func Responses(c *Call, object httpx.Object) error {
	var maxTokens *int64
	var background bool
	var previous *string
	err := parseFields(object,
		field{"stream", &c.Stream, isBool},
		field{"max_output_tokens", &maxTokens, isWhole},
		field{"background", &background, isBool},
		field{"previous_response_id", &previous, isString},
	)
	if err != nil {
		return err
	}
	if background {
		return api.FieldErrorf("background", "is not served: nobody would wait for what it costs")
	}
	for _, name := range []string{"conversation", "prompt"} {
		if given(object, name) {
			return api.FieldErrorf(name, "is not served: the gateway cannot know how long it is; send input, or previous_response_id")
		}
	}
	if !given(object, "input") {
		return api.FieldErrorf("input", "is required")
	}
	c.Unstored = string(object["store"]) == "false"
	if previous != nil {
		c.Previous = *previous
	}
	return c.limitOutput("max_output_tokens", maxTokens)
}
