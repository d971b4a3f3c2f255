package upstream

import (
	"strings"

	"github.com/tidwall/gjson"
)

// textFields are what a model produces, in a message or in a stream's delta.
var textFields = []string{"content", "reasoning_content", "reasoning", "refusal", "function_call.arguments"}

// AnswerText joins the text of all choices of a chat completion, for counting it.
func AnswerText(body []byte) string { return choicesText(body, "message") }

// DeltaText joins the text that one chunk of a stream adds.
func DeltaText(chunk []byte) string { return choicesText(chunk, "delta") }

func choicesText(data []byte, part string) string {
	var text strings.Builder
	gjson.GetBytes(data, "choices").ForEach(func(_, choice gjson.Result) bool {
		message := choice.Get(part)
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
