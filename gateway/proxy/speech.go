package proxy

import (
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// parseSpeech reads a request to speak a text. No provider reports what a spoken text used, so it is
// booked by its characters, and where sound is charged by tokens, by what so much text usually makes:
// three tokens of sound for two characters. Slow speech has no more than eight for one.
func parseSpeech(c *call, object httpx.Object) error {
	var input, format string
	if err := parseFields(object, field{"input", &input, isString}, field{"stream_format", &format, isString}); err != nil {
		return err
	}
	if input == "" {
		return api.FieldErrorf("input", "is required: the text to speak")
	}
	characters := int64(utf8.RuneCountInString(input))
	c.stream = format == "sse"
	c.most.Characters, c.made.Characters = characters, characters
	c.made.CompletionTokens = (3*characters + 1) / 2
	c.made.AudioOutputTokens = c.made.CompletionTokens
	c.unbounded = 8 * characters
	return nil
}
