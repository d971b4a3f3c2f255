package tokens

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"github.com/tiktoken-go/tokenizer"
)

// notPrompt are the members of a request that steer the answer and are not part of the prompt.
var notPrompt = map[string]bool{
	"model": true, "stream": true, "stream_options": true, "n": true, "seed": true, "user": true, "stop": true,
	"max_tokens": true, "max_completion_tokens": true, "temperature": true, "top_p": true, "top_k": true,
	"presence_penalty": true, "frequency_penalty": true, "logit_bias": true, "logprobs": true, "top_logprobs": true,
	"parallel_tool_calls": true, "reasoning_effort": true, "verbosity": true, "modalities": true, "service_tier": true,
	"store": true, "metadata": true, "prompt_cache_key": true, "safety_identifier": true, "dimensions": true, "encoding_format": true,
}

// promptCount adds up one request.
type promptCount struct {
	model string
	// codec is nil where every byte counts as a token.
	codec tokenizer.Codec
	// left is how many bytes may still be tokenized; beyond, bytesPerToken make a token.
	left          int
	bytesPerToken int
	tokens        int64
	toolset       bool
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
			c.tokens += weight.tokens + c.byLength(int64(len(value.Raw))-weight.data)
		case name != "type":
			c.value(value)
		}
	})
}

// value counts a string by its text and everything else by its JSON.
func (c *promptCount) value(value gjson.Result) {
	if value.Type == gjson.String {
		c.text(value.Str)
		return
	}
	c.text(value.Raw)
}

func (c *promptCount) text(text string) {
	if !utf8.ValidString(text) {
		c.tokens += bytesPerBadByte * int64(len(text))
		return
	}
	if c.codec == nil {
		c.tokens += int64(len(text))
		return
	}
	head := min(len(text), c.left)
	c.left -= head
	c.tokens += tokenize(c.codec, text[:head]) + c.byLength(int64(len(text)-head))
}

func (c *promptCount) byLength(bytes int64) int64 {
	return (bytes + int64(c.bytesPerToken) - 1) / int64(c.bytesPerToken)
}
