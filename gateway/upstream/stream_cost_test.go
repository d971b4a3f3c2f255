package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// dearKinds has a price of its own for every kind, so that no mix-up costs the same.
var dearKinds = pricing.Price{
	Plan: pricing.Plan{Rates: pricing.Rates{
		Input: 1_009 * money.USD / 100, CachedInput: 101 * money.USD / 100, CacheWrite: 1_301 * money.USD / 100, CacheWrite1h: 2_003 * money.USD / 100,
		AudioInput: 4_001 * money.USD / 100, ImageInput: 1_511 * money.USD / 100,
		Output: 5_003 * money.USD / 100, Reasoning: 5_507 * money.USD / 100, AudioOutput: 8_009 * money.USD / 100, ImageOutput: 9_001 * money.USD / 100,
	}}, Priority: &pricing.Plan{Rates: pricing.Rates{Input: 30 * money.USD, CachedInput: 3 * money.USD, CacheWrite: 40 * money.USD, CacheWrite1h: 60 * money.USD, Output: 90 * money.USD, Reasoning: 90 * money.USD}},
	Search: pricing.SearchPrice{Low: money.USD, Medium: money.USD, High: money.USD},
}

func costOf(usage Usage) money.Nano { return dearKinds.Cost(pricing.Usage(usage)) }

type object = map[string]any

func events(list ...object) string {
	var stream strings.Builder
	for _, event := range list {
		data, _ := json.Marshal(event)
		fmt.Fprintf(&stream, "event: %v\ndata: %s\n\n", event["type"], data)
	}
	return stream.String()
}

// streamed is the usage that a meter makes of a stream, as a call settles it.
func streamed(t *rapid.T, wire Wire, stream io.Reader) Usage {
	meter, reader, last := wire.Meter(), NewEventReader(stream), Reading{}
	for {
		event, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if reading := meter.Read(event); reading.Counted {
			last = reading
		}
	}
	if !last.Counted {
		t.Fatal("the stream told no usage")
	}
	return last.Usage
}

func whole(t *rapid.T, wire Wire, answer []byte) Usage {
	usage, ok := wire.Usage(answer)
	if !ok {
		t.Fatalf("no usage in %s", answer)
	}
	return usage
}

func tokens(t *rapid.T, name string) int64 { return rapid.Int64Range(0, 3_000).Draw(t, name) }

// partly is what one event repeats of an object: each field as it is, as null, or not at all.
// Objects within lose fields of their own in the same way.
func partly(t *rapid.T, of object, name string) object {
	part := object{}
	for _, field := range slices.Sorted(maps.Keys(of)) {
		switch value := of[field]; rapid.SampledFrom([]string{"same", "null", "missing", "partial"}).Draw(t, name+"."+field) {
		case "same":
			part[field] = value
		case "null":
			part[field] = nil
		case "partial":
			if inner, ok := value.(object); ok {
				part[field] = partly(t, inner, name+"."+field)
			}
		}
	}
	return part
}

// A streamed message costs what it costs in one piece, and so does either as a chat completion,
// whatever the last event repeats of what the first one said.
func TestStream_messagesCostTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes, hour, output := tokens(t, "5m"), tokens(t, "1h"), tokens(t, "output")+1
		prompt := object{
			"input_tokens": tokens(t, "input"), "cache_read_input_tokens": tokens(t, "read"), "cache_creation_input_tokens": minutes + hour,
			"cache_creation": object{"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
			"service_tier":   rapid.SampledFrom([]string{"standard", "priority"}).Draw(t, "service"),
		}
		full := object{"output_tokens": output}
		start := object{"output_tokens": 1}
		for field, value := range prompt {
			full[field], start[field] = value, value
		}
		last := partly(t, prompt, "last")
		if rapid.Bool().Draw(t, "prompt in zeros") {
			last = object{"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
		}
		last["output_tokens"] = output
		var list []object
		if searches := rapid.Int64Range(0, 3).Draw(t, "searches"); searches > 0 {
			full["server_tool_use"], last["server_tool_use"] = object{"web_search_requests": searches}, object{"web_search_requests": searches}
		}
		list = append(list, object{"type": "message_start", "message": object{"id": "m", "model": "c", "usage": start}})
		if rapid.Bool().Draw(t, "twice") {
			list = append(list, object{"type": "message_delta", "delta": object{}, "usage": object{"output_tokens": output / 2}})
		}
		list = append(list, object{"type": "message_delta", "delta": object{"stop_reason": "end_turn"}, "usage": last})
		if rapid.Bool().Draw(t, "null at the end") {
			list = append(list, object{"type": "message_delta", "delta": object{}, "usage": nil})
		}
		list = append(list, object{"type": "message_stop"})
		answer, _ := json.Marshal(object{"id": "m", "model": "c", "content": []any{}, "usage": full})

		plain := costOf(whole(t, Messages, answer))
		if got := costOf(streamed(t, Messages, strings.NewReader(events(list...)))); got != plain {
			t.Errorf("streamed it costs %d, in one piece %d", got, plain)
		}
		chat := costOf(whole(t, Chat, messageToChat(answer)))
		translated := newChatStream(io.NopCloser(strings.NewReader(events(list...))))
		if got := costOf(streamed(t, Chat, translated)); got != chat {
			t.Errorf("as a chat, streamed it costs %d, in one piece %d", got, chat)
		}
		if _, searched := full["server_tool_use"]; !searched && chat != plain {
			t.Errorf("as a chat it costs %d, as a message %d", chat, plain)
		}
	})
}

// Streams of chats and completions tell the usage in one chunk, in several, or in all that came so far.
func TestStream_choicesCostTheSame(t *testing.T) {
	for name, wire := range map[string]Wire{"chat": Chat, "completions": Completions} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				prompt, output := tokens(t, "prompt")+1, tokens(t, "output")+1
				within := func(name string, whole int64) int64 { return rapid.Int64Range(0, whole).Draw(t, name) }
				full := object{
					"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
					"prompt_tokens_details": object{
						"cached_tokens": within("cached", prompt), "cache_write_tokens": within("written", prompt),
						"audio_tokens": within("sound", prompt), "image_tokens": within("pictures", prompt),
					},
					"completion_tokens_details": object{"reasoning_tokens": within("reasoning", output), "audio_tokens": within("spoken", output)},
				}
				service := rapid.SampledFrom([]string{"default", "priority"}).Draw(t, "service")
				chunk := func(usage, service any) object {
					return object{"choices": []any{}, "usage": usage, "service_tier": service}
				}
				list := []object{chunk(nil, service), chunk(full, service)}
				if rapid.Bool().Draw(t, "growing") { // what came so far, with all that is known of the prompt
					growing := object{"prompt_tokens": prompt, "completion_tokens": 0, "total_tokens": prompt}
					list = append([]object{chunk(growing, nil)}, list...)
				}
				for i := range rapid.IntRange(0, 2).Draw(t, "repeats") {
					list = append(list, chunk(partly(t, full, fmt.Sprint("again ", i)), nil))
				}
				if rapid.Bool().Draw(t, "emptied") { // the last word of some servers
					list = append(list, chunk(object{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, nil))
				}
				answer, _ := json.Marshal(object{"usage": full, "service_tier": service})
				plain := costOf(whole(t, wire, answer))
				stream := events(list...) + "data: [DONE]\n\n"
				if got := costOf(streamed(t, wire, strings.NewReader(stream))); got != plain {
					t.Errorf("streamed it costs %d, in one piece %d", got, plain)
				}
			})
		})
	}
}

func TestStream_responsesCostTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input, output := tokens(t, "input")+1, tokens(t, "output")+1
		response := object{
			"service_tier": rapid.SampledFrom([]string{"default", "priority"}).Draw(t, "service"),
			"usage": object{
				"input_tokens": input, "output_tokens": output, "total_tokens": input + output,
				"input_tokens_details":  object{"cached_tokens": rapid.Int64Range(0, input).Draw(t, "cached")},
				"output_tokens_details": object{"reasoning_tokens": rapid.Int64Range(0, output).Draw(t, "reasoning")},
			},
		}
		answer, _ := json.Marshal(response)
		last := object{"usage": response["usage"]}
		switch rapid.SampledFrom([]string{"same", "null", "missing"}).Draw(t, "service at the end") {
		case "same":
			last["service_tier"] = response["service_tier"]
		case "null":
			last["service_tier"] = nil
		}
		end := rapid.SampledFrom([]string{"response.completed", "response.incomplete"}).Draw(t, "end")
		stream := events(
			object{"type": "response.created", "response": object{"usage": nil, "service_tier": "auto"}},
			object{"type": "response.in_progress", "response": object{"service_tier": response["service_tier"]}},
			object{"type": end, "response": last},
		)
		plain := costOf(whole(t, Responses, answer))
		if got := costOf(streamed(t, Responses, strings.NewReader(stream))); got != plain {
			t.Errorf("streamed it costs %d, in one piece %d", got, plain)
		}
	})
}

// Names are looked for among bytes before JSON is read; those that are written with escapes are found as well.
func TestChoicesMeter_namesInEscapes(t *testing.T) {
	spell := func(data string) string {
		for _, name := range []string{"usage", "content", "reasoning_content", "function_call", "tool_calls", "error"} {
			escaped := fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:])
			data = strings.ReplaceAll(data, `"`+name+`"`, escaped)
		}
		return data
	}
	for _, data := range []string{
		`{"choices":[{"delta":{"content":"a","reasoning_content":"b"}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"n","arguments":"{}"}}]}},{"delta":{"function_call":{"arguments":"c"}}}]}`,
		`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}`,
		`{"error":{"message":"no"}}`,
		`{"error":"no"}`,
		`{"object":"error","message":"no"}`,
	} {
		plain := Chat.Meter().Read(Event{Data: []byte(data)})
		if plain == (Reading{}) || plain == (Reading{Opening: true}) {
			t.Errorf("%s says nothing", data)
		}
		if got := Chat.Meter().Read(Event{Data: []byte(spell(data))}); got != plain {
			t.Errorf("%s is read as %+v, want %+v", spell(data), got, plain)
		}
	}
}
