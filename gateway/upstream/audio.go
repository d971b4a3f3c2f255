package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"

	"github.com/tidwall/gjson"
)

// Wires of sound.
var (
	// Speech is the wire of /v1/audio/speech; its answers are sound, or a stream of events.
	Speech Wire = speechWire{}
	// Transcription is the wire of /v1/audio/transcriptions; its requests are forms.
	Transcription Wire = transcriptionWire{}
)

type speechWire struct{ plainWire }

func (speechWire) Usage([]byte) (Usage, bool) { return Usage{}, false }

func (speechWire) Meter() Meter { return speechMeter{soundMeter{end: "speech.audio.done"}} }

// speechMeter knows that what comes out is sound.
type speechMeter struct{ soundMeter }

func (m speechMeter) Read(event Event) Reading {
	reading := m.soundMeter.Read(event)
	reading.Usage.AudioOutputTokens = reading.Usage.CompletionTokens
	return reading
}

type transcriptionWire struct{}

// Rewrite writes the form anew with the deployment's model; every other part stays as it is.
func (transcriptionWire) Rewrite(body []byte, d Deployment, _ int64, _ bool) ([]byte, error) {
	boundary, err := Boundary(body)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(body) + len(d.UpstreamModel))
	form := multipart.NewWriter(&out)
	if err := form.SetBoundary(boundary); err != nil {
		return nil, fmt.Errorf("rewrite form: %w", err)
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("rewrite form: %w", err)
		}
		copied, err := form.CreatePart(part.Header)
		if err != nil {
			return nil, fmt.Errorf("rewrite form: %w", err)
		}
		if part.FormName() == "model" {
			_, err = io.WriteString(copied, d.UpstreamModel)
		} else {
			_, err = io.Copy(copied, part)
		}
		if err != nil {
			return nil, fmt.Errorf("rewrite form: %w", err)
		}
	}
	if err := form.Close(); err != nil {
		return nil, fmt.Errorf("rewrite form: %w", err)
	}
	return out.Bytes(), nil
}

// Boundary is what stands between the parts of a form, by its first line.
func Boundary(form []byte) (string, error) {
	line, _, _ := bytes.Cut(form, []byte("\r\n"))
	boundary, found := bytes.CutPrefix(line, []byte("--"))
	if !found || len(boundary) == 0 {
		return "", errors.New("form does not begin with a boundary")
	}
	return string(bytes.TrimRight(boundary, " \t")), nil
}

func (transcriptionWire) Usage(answer []byte) (Usage, bool) {
	if !gjson.ValidBytes(answer) {
		return Usage{}, false // text and subtitles say nothing of it
	}
	return ParseTranscriptionUsage(answer)
}

func (transcriptionWire) Text(answer []byte) string {
	if text := gjson.GetBytes(answer, "text"); text.Type == gjson.String && gjson.ValidBytes(answer) {
		return text.Str
	}
	return string(answer)
}

func (transcriptionWire) Meter() Meter { return soundMeter{end: "transcript.text.done"} }

// soundMeter reads streams of sound or of what was heard.
type soundMeter struct {
	// end is the type of the last event.
	end string
}

func (m soundMeter) Read(event Event) Reading {
	switch kind := gjson.GetBytes(event.Data, "type").String(); kind {
	case m.end:
		usage, counted := ParseTranscriptionUsage(event.Data)
		return Reading{Usage: usage, Counted: counted, End: true}
	case "error":
		return Reading{End: true, Failed: true}
	case "transcript.text.delta":
		return Reading{Text: gjson.GetBytes(event.Data, "delta").String()}
	default:
		return Reading{Opening: event.Data == nil}
	}
}
