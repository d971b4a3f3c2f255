package testenv

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Behaviour is how the fake model server answers one request.
//
// A request asks for one in the text of its last user message, after the word "fake:" and up to
// the end of that line: "fake: completion_tokens=200 delay_ms=50 fail=503 break_after=3".
// Each field names its key. An unknown key is refused with 400, so that a typo cannot make a
// test pass. Keys in the text win over the header, the header over [Upstream.Next], that over the default.
type Behaviour struct {
	// CompletionTokens (completion_tokens) is how many tokens the model says, 10 if 0. The request's
	// max_tokens or max_completion_tokens cuts it, unless IgnoreCap. Every token is the text " the",
	// one token for OpenAI's tokenizers.
	CompletionTokens int64
	// ReasoningTokens (reasoning_tokens) of these are billed but not shown.
	ReasoningTokens int64
	// PromptTokens (prompt_tokens) is the prompt's size; if 0, four per message and one per four bytes of text.
	PromptTokens int64
	// CachedTokens (cached_tokens) of these were read from the cache.
	CachedTokens int64
	// CacheWriteTokens (cache_write_tokens) of these were written to the cache; Anthropic's wire alone tells.
	CacheWriteTokens int64
	// ToolCalls (tool_calls) is how often the first tool of the request is called, beside the text.
	ToolCalls int
	// Tool is the tool that is called instead of the first, once unless ToolCalls says otherwise, with Arguments
	// in JSON. Say is said in place of the tokens, a token for each word. A [Script] sets these, no text does.
	// Input in place of Arguments is the text that a custom tool of /v1/responses is called with.
	Tool, Arguments, Input string
	Say                    string
	// Searches is how often the server itself searches the web before it answers.
	Searches int
	// IgnoreCap (ignore_cap) says all of CompletionTokens whatever cap the request carries.
	IgnoreCap bool

	// Delay (delay_ms) is the time before the first byte, ChunkDelay (chunk_delay_ms) before every further chunk.
	Delay      time.Duration
	ChunkDelay time.Duration
	// Hang (hang) sends nothing until the client leaves or Release is called.
	Hang bool
	// HangAfter (hang_after) does so after this many chunks of a stream.
	HangAfter int

	// Fail (fail) answers with this status; RetryAfter (retry_after) adds the header, HTML (html) sends a page instead of JSON.
	Fail       int
	RetryAfter string
	HTML       bool
	// Drop (drop) closes the connection without any answer.
	Drop bool
	// BreakAfter (break_after) cuts the connection after this many chunks of a stream, or half-way in a plain answer.
	BreakAfter int
	// InvalidJSON (invalid_json) spoils the answer, or the second chunk of a stream.
	InvalidJSON bool
	// HugeBytes (huge_bytes) makes the answer's text, or the first chunk's, at least this long.
	HugeBytes int

	// NoUsage (no_usage) leaves usage out. UsageTokens (usage_tokens) claims this many
	// completion tokens instead of the true number.
	NoUsage     bool
	UsageTokens int64
}

// Script decides how requests are answered, in place of what they ask for themselves: a model that answers
// agents, whose prompts are not the test's to word.
type Script func(Asked) Behaviour

// Asked is what a script decides by.
type Asked struct {
	Path string
	Body []byte
}

// Offers says whether the request has a tool of this name.
func (a Asked) Offers(tool string) bool {
	for _, path := range []string{"tools.#.name", "tools.#.function.name"} {
		for _, name := range gjson.GetBytes(a.Body, path).Array() {
			if name.String() == tool {
				return true
			}
		}
	}
	return false
}

// Result says whether the conversation ends with what a tool has brought, so that it is the model's turn to answer.
func (a Asked) Result() bool {
	messages := gjson.GetBytes(a.Body, "messages").Array()
	if len(messages) == 0 {
		messages = gjson.GetBytes(a.Body, "input").Array()
	}
	if len(messages) == 0 {
		return false
	}
	last := messages[len(messages)-1]
	if last.Get("role").String() == "tool" || strings.HasSuffix(last.Get("type").String(), "_call_output") {
		return true
	}
	return strings.Contains(last.Get("content.#.type").Raw, `"tool_result"`)
}

// Script answers all requests from now on as it decides; nil ends that.
func (u *Upstream) Script(script Script) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.script = script
}

// instruct reads the instructions that the request carries into the call's behaviour.
func (c *call) instruct(headerToo bool, header string) error {
	c.upstream.mu.Lock()
	script := c.upstream.script
	c.upstream.mu.Unlock()
	if script != nil {
		c.behaviour = script(Asked{Path: c.record.Path, Body: c.body})
		return nil
	}
	if headerToo && header != "" {
		if err := c.behaviour.parse(header); err != nil {
			return err
		}
	}
	_, text, found := strings.Cut(lastUserText(c.body), "fake:")
	if !found {
		return nil
	}
	line, _, _ := strings.Cut(text, "\n")
	return c.behaviour.parse(line)
}

func (b *Behaviour) parse(line string) error {
	for word := range strings.FieldsSeq(line) {
		key, value, _ := strings.Cut(word, "=")
		if err := b.set(key, value); err != nil {
			return fmt.Errorf("fake instruction %q: %w", word, err)
		}
	}
	return nil
}

func (b *Behaviour) set(key, value string) error {
	if flag := b.flag(key); flag != nil && value == "" {
		*flag = true
		return nil
	}
	if key == "retry_after" {
		b.RetryAfter = value
		return nil
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil || number < 0 {
		return fmt.Errorf("is not a known flag and has no number")
	}
	switch key {
	case "completion_tokens":
		b.CompletionTokens = number
	case "reasoning_tokens":
		b.ReasoningTokens = number
	case "prompt_tokens":
		b.PromptTokens = number
	case "cached_tokens":
		b.CachedTokens = number
	case "cache_write_tokens":
		b.CacheWriteTokens = number
	case "tool_calls":
		b.ToolCalls = int(number)
	case "usage_tokens":
		b.UsageTokens = number
	case "delay_ms":
		b.Delay = time.Duration(number) * time.Millisecond
	case "chunk_delay_ms":
		b.ChunkDelay = time.Duration(number) * time.Millisecond
	case "hang_after":
		b.HangAfter = int(number)
	case "break_after":
		b.BreakAfter = int(number)
	case "fail":
		b.Fail = int(number)
	case "huge_bytes":
		b.HugeBytes = int(number)
	default:
		return fmt.Errorf("has an unknown key")
	}
	return nil
}

func (b *Behaviour) flag(key string) *bool {
	return map[string]*bool{
		"ignore_cap": &b.IgnoreCap, "hang": &b.Hang, "html": &b.HTML, "drop": &b.Drop,
		"invalid_json": &b.InvalidJSON, "no_usage": &b.NoUsage,
	}[key]
}

// lastUserText is the text of the last user message, or the input or prompt of a request without messages.
func lastUserText(body []byte) string {
	var text string
	gjson.GetBytes(body, "messages").ForEach(func(_, message gjson.Result) bool {
		if message.Get("role").String() == "user" {
			text = messageText(message)
		}
		return true
	})
	for _, field := range []string{"input", "prompt"} {
		if text == "" {
			text = gjson.GetBytes(body, field).String()
		}
	}
	if text == "" && bytes.HasPrefix(body, []byte("--")) {
		return string(body) // a form
	}
	return text
}

func messageText(message gjson.Result) string {
	content := message.Get("content")
	if !content.IsArray() {
		return content.String()
	}
	var texts []string
	for _, part := range content.Array() {
		texts = append(texts, part.Get("text").String())
	}
	return strings.Join(texts, "\n")
}
