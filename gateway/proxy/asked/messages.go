package asked

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// MessagesHeaders are Anthropic's own that a client's request brings along.
var MessagesHeaders = []string{"Anthropic-Version", "Anthropic-Beta"}

// Messages reads a request in Anthropic's words.
func Messages(c *Call, object httpx.Object) error {
	var messages []json.RawMessage
	var maxTokens *int64
	err := parseFields(object,
		field{"messages", &messages, isList},
		field{"stream", &c.Stream, isBool},
		field{"max_tokens", &maxTokens, isWhole},
	)
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		return api.FieldErrorf("messages", "is required: a list with at least one message")
	}
	if err := c.limitOutput("max_tokens", maxTokens); err != nil {
		return err
	}
	return checkMessagesExtras(object)
}

// CountTokens reads a request for the size of a prompt.
func CountTokens(_ *Call, object httpx.Object) error {
	if _, given := object["messages"]; !given {
		return api.FieldErrorf("messages", "is required: a list with at least one message")
	}
	return nil
}

// checkMessagesExtras refuses what Anthropic charges for at prices that are not known here.
func checkMessagesExtras(object httpx.Object) error {
	for name, plain := range map[string]string{"speed": "standard", "inference_geo": "global"} {
		var value *string
		if err := parseFields(object, field{name, &value, isString}); err != nil {
			return err
		}
		if value != nil && *value != plain {
			return api.FieldErrorf(name, "must be %s: the price of anything else is not known here", plain)
		}
	}
	return nil
}

// given says whether the object has the field with a value other than null.
func given(object httpx.Object, name string) bool {
	raw, found := object[name]
	return found && string(raw) != "null"
}
