package asked

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// MaxForm is the largest form in bytes: OpenAI takes files of 25 MB.
	MaxForm = 26 << 20
	// leastSoundRate is that of speech which is hardly intelligible, usualSoundRate one that is a little
	// below what people send, both in bytes a second.
	leastSoundRate, usualSoundRate = 750, 4000
	// soundTokensPerSecond is the most that a second of sound is counted as.
	soundTokensPerSecond = 20
	// maxSoundTokens and maxHeard are the most of any model that is charged by tokens.
	maxSoundTokens, maxHeard = 65_536, 16_384
	// maxFormField bounds what is read of a field that the gateway looks at.
	maxFormField = 1 << 10
)

// FormBoundary is what separates the parts of a form, by the request's content type.
func FormBoundary(contentType string) (string, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return "", api.Errorf(api.Invalid, "the request must be a form (multipart/form-data) with the fields file and model")
	}
	return parameters["boundary"], nil
}

// ReadForm reads a form with a sound in it.
func (c *Call) ReadForm(body []byte, contentType, boundary string) error {
	if first, err := upstream.Boundary(body); err != nil || first != boundary {
		return api.Errorf(api.Invalid, "the form does not begin with the boundary that Content-Type names")
	}
	c.Body, c.ContentType = body, contentType
	model, err := c.parseForm(boundary)
	if err != nil {
		return err
	}
	return c.takeModel(cmp.Or(c.PathModel, model))
}

// parseForm reads the fields that the gateway must understand, returns the model and weighs the sound.
func (c *Call) parseForm(boundary string) (model string, err error) {
	seen := map[string]bool{}
	parts := multipart.NewReader(bytes.NewReader(c.Body), boundary)
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
		}
		name := part.FormName()
		if seen[name] && (name == "model" || name == "stream" || name == "file") {
			return "", api.FieldErrorf(name, "is given twice")
		}
		seen[name] = true
		if name == "file" {
			if err := c.weighSound(part); err != nil {
				return "", err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormField))
		if err != nil {
			return "", api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
		}
		switch name {
		case "model":
			model = string(value)
		case "stream":
			c.Stream = string(value) == "true"
		}
	}
	if !seen["file"] {
		return "", api.FieldErrorf("file", "is required: the sound to write down")
	}
	return model, nil
}

// weighSound bounds how long a sound is, for answers that do not say: exactly where it is not compressed, else by
// its size.
func (c *Call) weighSound(part io.Reader) error {
	header := make([]byte, content.WaveHeader)
	n, err := io.ReadFull(part, header)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
	}
	rest, err := io.Copy(io.Discard, part)
	if err != nil {
		return api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
	}
	size := int64(n) + rest
	c.Most.AudioSeconds = size/leastSoundRate + 1
	c.Made.AudioSeconds = size/usualSoundRate + 1
	if rate := content.PCMRate(header[:n]); rate > 0 {
		c.Made.AudioSeconds = size/rate + 1
		c.Most.AudioSeconds = c.Made.AudioSeconds
	}
	c.Most.PromptTokens = SoundTokens(c.Most.AudioSeconds)
	c.Made.PromptTokens = SoundTokens(c.Made.AudioSeconds)
	c.Made.AudioInputTokens = c.Made.PromptTokens
	c.Unbounded = min(c.Most.AudioSeconds*soundTokensPerSecond, maxHeard)
	return nil
}

// SoundTokens is the most that sound of so many seconds is counted as by a model that is charged by tokens.
func SoundTokens(seconds int64) int64 { return min(seconds*soundTokensPerSecond, maxSoundTokens) }
