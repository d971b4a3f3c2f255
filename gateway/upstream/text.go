package upstream

import (
	"strings"

	"github.com/tidwall/gjson"
)

// textFields are what a model produces, in a message or in a stream's delta.
var textFields = []string{"content", "text", "reasoning_content", "reasoning", "refusal", "function_call.arguments"}

// choicesText joins the text of all choices; part is where a choice keeps it, such as "message"; "" is beside the index.
func choicesText(data []byte, part string) string {
	var text strings.Builder
	gjson.GetBytes(data, "choices").ForEach(func(_, choice gjson.Result) bool {
		message := choice
		if part != "" {
			message = choice.Get(part)
		}
		for _, field := range textFields {
			if value := message.Get(field); value.Type == gjson.String {
				text.WriteString(value.Str)
			}
		}
		message.Get("tool_calls").ForEach(func(_, call gjson.Result) bool {
			text.WriteString(call.Get("function.name").String())
			text.WriteString(call.Get("function.arguments").String())
			return true
		})
		return true
	})
	return text.String()
}
