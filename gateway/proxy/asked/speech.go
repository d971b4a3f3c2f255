package asked

import (
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Speech reads a request to speak a text. No provider reports what a spoken text used, so it is
// booked by its characters, and where sound is charged by tokens, by what so much text usually makes:
// three tokens of sound for two characters. Slow speech has no more than eight for one.
func Speech(c *Call, object httpx.Object) error {
	var input, format string
	if err := parseFields(object, field{"input", &input, isString}, field{"stream_format", &format, isString}); err != nil {
		return err
	}
	if input == "" {
		return api.FieldErrorf("input", "is required: the text to speak")
	}
	characters := int64(utf8.RuneCountInString(input))
	c.Stream = format == "sse"
	c.Most.Characters, c.Made.Characters = characters, characters
	c.Made.CompletionTokens = (3*characters + 1) / 2
	c.Made.AudioOutputTokens = c.Made.CompletionTokens
	c.Unbounded = 8 * characters
	return nil
}
