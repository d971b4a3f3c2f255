package upstream

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Responses is the wire of /v1/responses.
var Responses Wire = responsesWire{}

type responsesWire struct{}

func (responsesWire) Rewrite(body []byte, d Deployment, outputCap int64, _ bool) ([]byte, error) {
	body, err := setModel(body, d)
	if err != nil {
		return nil, err
	}
	return setCaps(body, outputCap, "max_output_tokens")
}

func (responsesWire) Usage(answer []byte) (Usage, bool) {
	return ParseResponsesUsage(gjson.ParseBytes(answer))
}

func (responsesWire) Text(answer []byte) string {
	var text strings.Builder
	gjson.GetBytes(answer, "output").ForEach(func(_, item gjson.Result) bool {
		for _, field := range []string{"name", "arguments", "input"} {
			text.WriteString(item.Get(field).String())
		}
		for _, list := range []string{"content", "summary"} {
			item.Get(list).ForEach(func(_, part gjson.Result) bool {
				text.WriteString(part.Get("text").String())
				text.WriteString(part.Get("refusal").String())
				return true
			})
		}
		return true
	})
	return text.String()
}

func (responsesWire) Meter() Meter { return &responsesMeter{} }

// responsesMeter reads streams whose last event repeats the whole response, on the whole.
type responsesMeter struct {
	// service is the tier that an event before the last one named.
	service string
}

func (m *responsesMeter) Read(event Event) Reading {
	if event.Data == nil {
		return Reading{Opening: true}
	}
	kind := gjson.GetBytes(event.Data, "type").String()
	switch kind {
	case "response.created", "response.in_progress":
		m.note(event)
		return Reading{Opening: true}
	case "response.completed", "response.incomplete", "response.failed":
		m.note(event)
		usage, counted := ParseResponsesUsage(gjson.GetBytes(event.Data, "response"))
		if counted {
			usage.Service = m.service
		}
		return Reading{Usage: usage, Counted: counted, End: true, Failed: kind == "response.failed"}
	case "error":
		return Reading{End: true, Failed: true}
	case "":
		failed := saysError(event.Data)
		return Reading{End: failed, Failed: failed}
	case "response.queued", "response.content_part.added", "response.reasoning_summary_part.added", "keepalive":
		return Reading{Opening: true}
	case "response.output_item.added":
		item := gjson.GetBytes(event.Data, "item")
		kind := item.Get("type").String()
		rounds, searches := itemRounds(item)
		return Reading{Opening: kind == "message" || kind == "reasoning", Rounds: rounds, Searches: searches}
	}
	if strings.HasSuffix(kind, ".delta") {
		if delta := gjson.GetBytes(event.Data, "delta"); delta.Type == gjson.String {
			return Reading{Text: delta.Str}
		}
	}
	return Reading{}
}

// note keeps the service tier, which the last event may leave out.
func (m *responsesMeter) note(event Event) {
	if named := service(gjson.GetBytes(event.Data, "response.service_tier")); named != "" {
		m.service = named
	}
}
