package proxy

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxSound is the largest form in bytes: OpenAI takes files of 25 MB.
	maxSound = 26 << 20
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

// readTranscription reads a form with a sound in it.
func (p *Proxy) readTranscription(w http.ResponseWriter, r *http.Request, c *call) error {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return api.Errorf(api.Invalid, "the request must be a form (multipart/form-data) with the fields file and model")
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if boundary, err := upstream.Boundary(body); err != nil || boundary != parameters["boundary"] {
		return api.Errorf(api.Invalid, "the form does not begin with the boundary that Content-Type names")
	}
	c.body, c.contentType = body, r.Header.Get("Content-Type")
	if err := c.parseForm(parameters["boundary"]); err != nil {
		return err
	}
	return checkModelName(c.model)
}

// parseForm reads the fields that the gateway must understand and weighs the sound.
func (c *call) parseForm(boundary string) error {
	seen := map[string]bool{}
	parts := multipart.NewReader(bytes.NewReader(c.body), boundary)
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
		}
		name := part.FormName()
		if seen[name] && (name == "model" || name == "stream" || name == "file") {
			return api.FieldErrorf(name, "is given twice")
		}
		seen[name] = true
		if name == "file" {
			if err := c.weighSound(part); err != nil {
				return err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormField))
		if err != nil {
			return api.Errorf(api.Invalid, "the form is not whole").WithCause(err)
		}
		switch name {
		case "model":
			c.model = string(value)
		case "stream":
			c.stream = string(value) == "true"
		}
	}
	if c.pathModel != "" {
		c.model = c.pathModel
	}
	if !seen["file"] {
		return api.FieldErrorf("file", "is required: the sound to write down")
	}
	return nil
}

// weighSound bounds how long a sound is, for answers that do not say: exactly where it is not compressed, else by
// its size.
func (c *call) weighSound(part io.Reader) error {
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
	c.most.AudioSeconds = size/leastSoundRate + 1
	c.made.AudioSeconds = size/usualSoundRate + 1
	if rate := content.PCMRate(header[:n]); rate > 0 {
		c.made.AudioSeconds = size/rate + 1
		c.most.AudioSeconds = c.made.AudioSeconds
	}
	c.most.PromptTokens = min(c.most.AudioSeconds*soundTokensPerSecond, maxSoundTokens)
	c.made.PromptTokens = min(c.made.AudioSeconds*soundTokensPerSecond, maxSoundTokens)
	c.made.AudioInputTokens = c.made.PromptTokens
	c.unbounded = min(c.most.AudioSeconds*soundTokensPerSecond, maxHeard)
	return nil
}
