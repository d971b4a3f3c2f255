package testenv

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// images answers with pictures of one pixel. Tokens are reported only if completion_tokens is given,
// because older models are charged by the picture.
func (c *call) images() {
	request := gjson.ParseBytes(c.body)
	pictures := make([]any, max(1, request.Get("n").Int()))
	for i := range pictures {
		pictures[i] = map[string]any{"b64_json": "AAAA"}
	}
	body := map[string]any{"created": 1_700_000_000, "data": pictures}
	if c.behaviour.CompletionTokens > 0 {
		usage := Usage{PromptTokens: max(1, c.behaviour.PromptTokens), CompletionTokens: c.behaviour.CompletionTokens}
		body["usage"] = c.claimResponse(usage)
		c.note(func(r *UpstreamRequest) { r.Billed = usage })
	}
	if request.Get("stream").Bool() {
		s := c.startEvents()
		delete(body, "data")
		body["b64_json"] = "AAAA"
		_ = s.event("image_generation.partial_image", map[string]any{"b64_json": "AA"}) && s.event("image_generation.completed", body)
		return
	}
	c.answerJSON(body)
}

func (c *call) startEvents() *eventStream {
	c.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	c.note(func(r *UpstreamRequest) { r.Status = http.StatusOK })
	return &eventStream{call: c, control: http.NewResponseController(c.w)}
}

// speech answers with four bytes of sound for every token, or with events.
func (c *call) speech() {
	tokens := c.behaviour.CompletionTokens
	if tokens == 0 {
		tokens = defaultCompletionTokens
	}
	if gjson.GetBytes(c.body, "stream_format").String() == "sse" {
		s := c.startEvents()
		_ = s.event("speech.audio.delta", map[string]any{"audio": "AAAA"}) && s.event("speech.audio.done", map[string]any{
			"usage": c.claimResponse(Usage{PromptTokens: max(1, c.behaviour.PromptTokens), CompletionTokens: tokens}),
		})
		return
	}
	if c.behaviour.HTML {
		c.answer(http.StatusOK, "text/html", []byte("<html>sorry</html>"))
		return
	}
	c.answer(http.StatusOK, "audio/mpeg", bytes.Repeat([]byte("snd."), int(tokens)))
}

// transcription writes down a sound, whatever it holds: one token of text for each of completion_tokens.
// prompt_tokens is the length of the sound in seconds.
func (c *call) transcription() {
	if !bytes.HasPrefix(c.body, []byte("--")) || !bytes.Contains(c.body, []byte(`name="file"`)) {
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "Missing required parameter: 'file'.")
		return
	}
	tokens := c.behaviour.CompletionTokens
	if tokens == 0 {
		tokens = defaultCompletionTokens
	}
	text := strings.Repeat(token, int(tokens))
	form := string(c.body)
	usage := map[string]any{"type": "duration", "seconds": max(1, c.behaviour.PromptTokens)}
	switch {
	case strings.Contains(form, "\r\n\r\ntrue\r\n"):
		s := c.startEvents()
		_ = s.event("transcript.text.delta", map[string]any{"delta": text}) &&
			s.event("transcript.text.done", map[string]any{"text": text, "usage": usage})
	case strings.Contains(form, "\r\n\r\ntext\r\n"):
		c.answer(http.StatusOK, "text/plain; charset=utf-8", []byte(text+"\n"))
	case c.behaviour.NoUsage:
		c.answerJSON(map[string]any{"text": text})
	default:
		c.answerJSON(map[string]any{"text": text, "usage": usage})
	}
}
