package tokens

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// notPrompt are the members of a request that steer the answer and are not part of the prompt.
var notPrompt = map[string]bool{
	"model": true, "stream": true, "stream_options": true, "n": true, "seed": true, "user": true, "stop": true,
	"max_tokens": true, "max_completion_tokens": true, "temperature": true, "top_p": true, "top_k": true,
	"presence_penalty": true, "frequency_penalty": true, "logit_bias": true, "logprobs": true, "top_logprobs": true,
	"parallel_tool_calls": true, "reasoning_effort": true, "verbosity": true, "modalities": true, "service_tier": true,
	"store": true, "metadata": true, "prompt_cache_key": true, "safety_identifier": true, "dimensions": true, "encoding_format": true,
}

// promptCount takes one request apart: its text is measured, the rest adds tokens of its own.
type promptCount struct {
	model string
	*measure
	// tokens are those of messages, media and what else is not text.
	tokens int64
	// opaque are bytes beside the text, such as the addresses of pictures.
	opaque  int64
	toolset bool
}

func (c *promptCount) request(body []byte) {
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		c.member(memberName(key), value)
		return true
	})
}

// member counts one member of the request.
func (c *promptCount) member(name string, value gjson.Result) {
	switch {
	case notPrompt[name]:
	case name == "messages" && value.IsArray(), name == "input" && value.Get("0").IsObject():
		value.ForEach(func(_, message gjson.Result) bool {
			c.tokens += tokensPerMessage
			message.ForEach(func(key, value gjson.Result) bool {
				c.messageMember(memberName(key), value)
				return true
			})
			return true
		})
	default:
		c.toolset = c.toolset || name == "tools" || name == "functions"
		c.value(value)
	}
}

func (c *promptCount) messageMember(name string, value gjson.Result) {
	if name != "content" || !value.IsArray() {
		if name != "content" && name != "role" {
			c.tokens += tokensPerMember
		}
		c.value(value)
		return
	}
	eachMember(value, func(name string, value gjson.Result) {
		weight, media := weighPart(c.model, name, value)
		switch {
		case media:
			c.tokens += weight.tokens
			c.opaque += int64(len(value.Raw)) - weight.data
		case name != "type":
			c.value(value)
		}
	})
}

// value counts a string by its text and everything else by its JSON.
func (c *promptCount) value(value gjson.Result) {
	text := value.Raw
	if value.Type == gjson.String {
		text = value.Str
	}
	if !utf8.ValidString(text) {
		c.tokens += bytesPerBadByte * int64(len(text))
		return
	}
	c.text(text)
}
