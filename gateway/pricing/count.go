package pricing

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"github.com/tiktoken-go/tokenizer"
)

const (
	// maxTokenized is how many bytes of one prompt are tokenized, 10 to 80 ms of work;
	// every byte beyond counts as a token.
	maxTokenized = 64 << 10
	// tokensPerMessage and tokensPerMember are what OpenAI adds for a message and for its name.
	tokensPerMessage = 3
	tokensPerMember  = 1
)

// CountTokens is a tight upper bound of a request's prompt tokens, for a second try where
// [InputTokensBound] was too much. It is never more than that bound. For OpenAI's models the
// text is tokenized, up to 64 KB of it; for others every byte of text counts as a token, which
// still saves the JSON around it. The first call loads a vocabulary.
func CountTokens(model string, body []byte) int64 {
	count := promptCount{model: model, left: maxTokenized}
	if encoding, known := encodingOf(model); known {
		count.codec = vocabularies[encoding]()
	}
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		count.member(memberName(key), value)
		return true
	})
	if count.toolset {
		count.tokens += tokensPerToolset
	}
	return min(tokensPerRequest+count.tokens, InputTokensBound(model, body))
}

// CountText is how many tokens a completion has, for streams that end without usage.
// It is exact for OpenAI's models; for others it is their count and a quarter more, never
// above the number of bytes.
func CountText(model, text string) int64 {
	encoding, known := encodingOf(model)
	if !known {
		encoding = tokenizer.O200kBase
	}
	tokens := tokenize(vocabularies[encoding](), text)
	if !known {
		tokens = min(tokens+(tokens+3)/4, int64(len(text)))
	}
	return tokens
}

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
	model   string
	codec   tokenizer.Codec
	left    int
	tokens  int64
	toolset bool
}

// member counts one member of the request.
func (c *promptCount) member(name string, value gjson.Result) {
	switch {
	case notPrompt[name]:
	case name == "messages" && value.IsArray():
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
		c.tokens += tokensPerMember
		c.value(value)
		return
	}
	eachMember(value, func(name string, value gjson.Result) {
		weight, media := weighPart(c.model, name, value)
		switch {
		case media:
			c.tokens += weight.tokens + int64(len(value.Raw)) - weight.data
		case name != "type":
			c.tokens += tokensPerMember
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
	c.tokens += tokenize(c.codec, text[:head]) + int64(len(text)-head)
}
