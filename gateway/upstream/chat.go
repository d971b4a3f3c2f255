package upstream

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// Chat is the wire of /v1/chat/completions.
var Chat Wire = chatWire{}

type chatWire struct{}

func (chatWire) Rewrite(body []byte, d Deployment, outputCap int64, stream bool) ([]byte, error) {
	body, err := setModel(body, d)
	if err != nil {
		return nil, err
	}
	if body, err = setCaps(body, outputCap, capFields(body, d)...); err != nil {
		return nil, err
	}
	return askForUsage(body, stream)
}

// capFields returns the fields that carry the output cap: those the client used,
// else the one that the provider reads. OpenAI's newer models refuse max_tokens,
// many compatible servers know nothing else.
func capFields(body []byte, d Deployment) []string {
	var used []string
	for _, field := range []string{"max_completion_tokens", "max_tokens"} {
		if value := gjson.GetBytes(body, field); value.Exists() && value.Type != gjson.Null {
			used = append(used, field)
		}
	}
	if len(used) > 0 {
		return used
	}
	if hostOf(d.BaseURL) == openAIHost || d.Provider == azureProvider {
		return []string{"max_completion_tokens"}
	}
	return []string{"max_tokens"}
}

func (chatWire) Usage(answer []byte) (Usage, bool) { return ParseUsage(answer) }

func (chatWire) Text(answer []byte) string { return choicesText(answer, "message") }

func (chatWire) Meter() Meter { return &choicesMeter{part: "delta"} }

func setModel(body []byte, d Deployment) ([]byte, error) {
	if gjson.GetBytes(body, "model").Str == d.UpstreamModel {
		return body, nil
	}
	body, err := sjson.SetBytes(body, "model", d.UpstreamModel)
	if err != nil {
		return nil, fmt.Errorf("set model: %w", err)
	}
	return body, nil
}

// setCaps writes the output cap into the fields; a cap of 0 leaves the body alone.
func setCaps(body []byte, outputCap int64, fields ...string) ([]byte, error) {
	if outputCap == 0 {
		return body, nil
	}
	for _, field := range fields {
		if bytes.Equal(rawOf(body, field), strconv.AppendInt(nil, outputCap, 10)) {
			continue // writing it again would copy the body
		}
		var err error
		if body, err = sjson.SetBytes(body, field, outputCap); err != nil {
			return nil, fmt.Errorf("set %s: %w", field, err)
		}
	}
	return body, nil
}

// rawOf is a field's value as it stands in the body; nil if it is not there.
func rawOf(body []byte, field string) []byte {
	value := gjson.GetBytes(body, field)
	return body[value.Index : value.Index+len(value.Raw)]
}

// askForUsage makes a stream of choices report its usage at the end.
func askForUsage(body []byte, stream bool) ([]byte, error) {
	if !stream || gjson.GetBytes(body, "stream_options.include_usage").Bool() {
		return body, nil
	}
	body, err := sjson.SetBytes(body, "stream_options.include_usage", true)
	if err != nil {
		return nil, fmt.Errorf("set stream_options: %w", err)
	}
	return body, nil
}

// choicesMeter reads streams of choices, which end with [DONE].
type choicesMeter struct {
	// part is where a choice keeps what it adds: "delta" for chats, "" for completions.
	part   string
	report choicesReport
	// begun: something of the answer has come.
	begun bool
}

func (m *choicesMeter) Read(event Event) Reading {
	if event.Data == nil {
		return Reading{Opening: true}
	}
	if event.Done() {
		return Reading{End: true}
	}
	if saysError(event.Data) {
		return Reading{End: true, Failed: true}
	}
	reading := Reading{Text: choicesText(event.Data, m.part), Opening: !m.begun && m.opens(event.Data)}
	if m.report.take(event.Data) {
		m.count(event, &reading)
	}
	m.begun = !reading.Opening
	return reading
}

// count adds the usage that was reported so far, if it makes sense.
func (m *choicesMeter) count(event Event, reading *Reading) {
	if usage, ok := m.report.usage(); ok {
		reading.Usage, reading.Counted = usage, true
		reading.OnlyUsage = gjson.GetBytes(event.Data, "choices.#").Int() == 0
		reading.Opening = reading.Opening && !reading.OnlyUsage
	}
}

// opens says whether no choice has said anything yet: a chat's first chunk has the role alone, and Azure's
// what it thinks of the prompt.
func (m *choicesMeter) opens(data []byte) bool {
	opens := true
	gjson.GetBytes(data, "choices").ForEach(func(_, choice gjson.Result) bool {
		opens = choice.Get("finish_reason").Type == gjson.Null
		said := choice.Get(cmp.Or(m.part, "text"))
		if !said.IsObject() {
			opens = opens && isEmpty(said)
			return opens
		}
		said.ForEach(func(field, value gjson.Result) bool {
			opens = opens && (field.Str == "role" || isEmpty(value))
			return opens
		})
		return opens
	})
	return opens
}

// isEmpty says whether a value holds nothing.
func isEmpty(value gjson.Result) bool {
	switch value.Type {
	case gjson.Null:
		return true
	case gjson.String:
		return value.Str == ""
	case gjson.JSON:
		return value.Raw == "{}" || value.Raw == "[]"
	default:
		return false
	}
}
