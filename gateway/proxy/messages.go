package proxy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// messagesHeaders are Anthropic's own that a client's request brings along.
var messagesHeaders = []string{"Anthropic-Version", "Anthropic-Beta"}

// parseMessages reads a request in Anthropic's words.
func parseMessages(c *call, object httpx.Object) error {
	var messages []json.RawMessage
	var maxTokens *int64
	err := parseFields(object,
		field{"messages", &messages, isList},
		field{"stream", &c.stream, isBool},
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

// parseCountTokens reads a request for the size of a prompt.
func parseCountTokens(_ *call, object httpx.Object) error {
	if _, given := object["messages"]; !given {
		return api.FieldErrorf("messages", "is required: a list with at least one message")
	}
	return nil
}

// checkMessagesExtras refuses what Anthropic charges for in ways that the price of tokens does not cover.
func checkMessagesExtras(object httpx.Object) error {
	for _, name := range []string{"mcp_servers", "container"} {
		if given(object, name) {
			return api.FieldErrorf(name, "is not served: what it costs cannot be bounded beforehand")
		}
	}
	for name, plain := range map[string]string{"speed": "standard", "inference_geo": "global"} {
		var value *string
		if err := parseFields(object, field{name, &value, isString}); err != nil {
			return err
		}
		if value != nil && *value != plain {
			return api.FieldErrorf(name, "must be %s: the price of anything else is not known here", plain)
		}
	}
	return checkTools(object, "custom", "bash_", "text_editor_", "computer_", "memory_")
}

// given says whether the object has the field with a value other than null.
func given(object httpx.Object, name string) bool {
	raw, found := object[name]
	return found && string(raw) != "null"
}

// checkTools refuses tools that the provider itself runs: they are charged beside the tokens.
// Tools of the kinds given, or of a kind that starts with one that ends in "_", run at the client's.
func checkTools(object httpx.Object, kinds ...string) error {
	var tools []struct {
		Type string `json:"type"`
	}
	if err := parseFields(object, field{"tools", &tools, "a list of tools"}); err != nil {
		return err
	}
	for _, tool := range tools {
		served := tool.Type == "" || slices.ContainsFunc(kinds, func(kind string) bool {
			return tool.Type == kind || strings.HasSuffix(kind, "_") && strings.HasPrefix(tool.Type, kind)
		})
		if !served {
			return api.FieldErrorf("tools", "has one of type %q, which the provider runs and charges apart; its price is not known here", clipName(tool.Type))
		}
	}
	return nil
}
