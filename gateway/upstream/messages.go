package upstream

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Messages is the wire of Anthropic's /v1/messages.
var Messages Wire = messagesWire{}

// Paths of Anthropic's API.
const (
	PathMessages    = "/messages"
	PathCountTokens = "/messages/count_tokens"
)

type messagesWire struct{}

func (messagesWire) Rewrite(body []byte, d Deployment, outputCap int64, _ bool) ([]byte, error) {
	body, err := setModel(body, d)
	if err != nil {
		return nil, err
	}
	return setCaps(body, outputCap, "max_tokens")
}

func (messagesWire) Usage(answer []byte) (Usage, bool) {
	return ParseMessagesUsage(gjson.GetBytes(answer, "usage"))
}

func (messagesWire) Text(answer []byte) string {
	var text strings.Builder
	gjson.GetBytes(answer, "content").ForEach(func(_, block gjson.Result) bool {
		text.WriteString(blockText(block))
		return true
	})
	return text.String()
}

// blockText is what the model wrote of one content block.
func blockText(block gjson.Result) string {
	switch block.Get("type").String() {
	case "text":
		return block.Get("text").String()
	case "thinking":
		return block.Get("thinking").String()
	case "tool_use":
		return block.Get("name").String() + block.Get("input").Raw
	default:
		return ""
	}
}

func (messagesWire) Meter() Meter { return &messagesMeter{} }

// messagesMeter reads Anthropic's streams: the prompt's usage comes first, the output's at the end.
// The counts are totals so far, so each word that comes later stands for the same one before it,
// and what a later event leaves out, or says is null, still holds.
type messagesMeter struct{ report messagesReport }

func (m *messagesMeter) Read(event Event) Reading {
	if event.Data == nil {
		return Reading{Opening: true}
	}
	switch kind := gjson.GetBytes(event.Data, "type").String(); kind {
	case "message_start":
		m.report = messagesReport{}
		if !m.report.take(gjson.GetBytes(event.Data, "message.usage")) {
			return Reading{Opening: true}
		}
		usage, counted := m.report.usage()
		usage.Cost = 0 // the answer is yet to come
		return Reading{Usage: usage, PromptCounted: counted, Opening: true}
	case "ping":
		return Reading{Opening: true}
	case "content_block_start":
		block := gjson.GetBytes(event.Data, "content_block")
		text := blockText(block)
		kind := block.Get("type").String()
		rounds, searches := blockRounds(block)
		return Reading{
			Text: text, Opening: text == "" && (kind == "text" || kind == "thinking"), Rounds: rounds, Searches: searches,
		}
	case "content_block_delta":
		return Reading{Text: deltaText(gjson.GetBytes(event.Data, "delta"))}
	case "message_delta":
		return m.final(gjson.GetBytes(event.Data, "usage"))
	case "message_stop", "error":
		return Reading{End: true, Failed: kind == "error"}
	case "":
		failed := saysError(event.Data)
		return Reading{End: failed, Failed: failed}
	default:
		return Reading{}
	}
}

// final takes the usage at the end of a stream, which repeats the prompt's only sometimes.
func (m *messagesMeter) final(usage gjson.Result) Reading {
	if !m.report.take(usage) || usage.Get("output_tokens").Type == gjson.Null {
		return Reading{}
	}
	total, counted := m.report.usage()
	return Reading{Usage: total, Counted: counted}
}

func deltaText(delta gjson.Result) string {
	for _, field := range []string{"text", "partial_json", "thinking"} {
		if value := delta.Get(field); value.Type == gjson.String {
			return value.Str
		}
	}
	return ""
}
