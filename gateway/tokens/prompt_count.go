package tokens

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// notPrompt are the members of a request that steer the answer and are not part of the prompt, folded.
var notPrompt = map[string]bool{
	"model": true, "stream": true, "streamoptions": true, "n": true, "seed": true, "user": true,
	"stop": true, "maxtokens": true, "maxcompletiontokens": true, "temperature": true, "topp": true, "topk": true,
	"presencepenalty": true, "frequencypenalty": true, "logitbias": true, "logprobs": true, "toplogprobs": true, "paralleltoolcalls": true,
	"reasoningeffort": true, "verbosity": true, "modalities": true, "servicetier": true, "store": true, "metadata": true,
	"promptcachekey": true, "safetyidentifier": true, "dimensions": true, "encodingformat": true,
}

// promptCount takes one request apart: its text is measured, the rest adds tokens of its own.
type promptCount struct {
	*measure
	// tokens are those of messages, media and what else is not text.
	tokens int64
}

// request counts a request without the data of its media.
func (c *promptCount) request(body []byte) {
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		c.member(content.Fold(key.String()), value)
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
				c.messageMember(content.Fold(key.String()), value)
				return true
			})
			return true
		})
	default:
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
	value.ForEach(func(_, part gjson.Result) bool {
		if !part.IsObject() {
			c.value(part)
			return true
		}
		part.ForEach(func(name, value gjson.Result) bool {
			if content.Fold(name.String()) != "type" {
				c.value(value)
			}
			return true
		})
		return true
	})
}

// value counts a string by its text and everything else by its JSON.
func (c *promptCount) value(value gjson.Result) {
	text := value.Raw
	if value.Type == gjson.String {
		text = value.Str
	}
	if !utf8.ValidString(text) {
		c.total.by[rare] += bytesPerBadByte * int64(len(text))
		c.total.exact += bytesPerBadByte * int64(len(text))
		return
	}
	c.text(text)
}
