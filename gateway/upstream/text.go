package upstream

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// field is a place in a JSON object, and the name that it cannot have a value without, in quotes.
type field struct{ path, name string }

// textFields are what a model produces, in a message or in a stream's delta, beside the calls of tools.
var textFields = []field{
	{"content", `"content"`},
	{"text", `"text"`},
	{"reasoning_content", `"reasoning_content"`},
	{"reasoning", `"reasoning"`},
	{"refusal", `"refusal"`},
	{"function_call.arguments", `"function_call"`},
}

// mayHave says whether JSON may have a member, given by its name in quotes. It says yes of names that are written with escapes. Looking
// for a name among bytes takes a fraction of the time that reading JSON does, and each event of a stream is asked for names that it
// does not have.
func mayHave(data, name string) bool {
	return strings.Contains(data, name) || strings.Contains(data, `\u`)
}

// bytesMayHave is mayHave for bytes.
func bytesMayHave(data, name []byte) bool {
	return bytes.Contains(data, name) || bytes.Contains(data, escaped)
}

var escaped = []byte(`\u`)

// choicesText joins the text of all choices; part is where a choice keeps it, such as "message"; "" is beside the index.
func choicesText(data []byte, part string) string {
	var text strings.Builder
	gjson.GetBytes(data, "choices").ForEach(func(_, choice gjson.Result) bool {
		message := choice
		if part != "" {
			message = choice.Get(part)
		}
		for _, field := range textFields {
			if !mayHave(message.Raw, field.name) {
				continue
			}
			if value := message.Get(field.path); value.Type == gjson.String {
				text.WriteString(value.Str)
			}
		}
		if !mayHave(message.Raw, `"tool_calls"`) {
			return true
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
