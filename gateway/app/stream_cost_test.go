package app_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// everyKind has a price of its own for every kind of token that a provider tells of.
const everyKind = `{"input_per_million_usd":10.09,"cached_input_per_million_usd":1.01,"cache_write_per_million_usd":13.01,"cache_write_1h_per_million_usd":20.03,
	"audio_input_per_million_usd":40.01,"image_input_per_million_usd":15.11,"output_per_million_usd":50.03,"reasoning_per_million_usd":55.07,"audio_output_per_million_usd":80.09,
	"priority":{"input_per_million_usd":30.7,"cached_input_per_million_usd":3.3,"cache_write_per_million_usd":41.1,"cache_write_1h_per_million_usd":61.3,"output_per_million_usd":90.7}}`

// Through the whole gateway, in every dialect and translated, a streamed answer is charged what the same answer is
// charged in one piece, whatever its last events repeat or leave out of what was told.
func TestGateway_chargesAStreamWhatTheAnswerCosts(t *testing.T) {
	provider := startScriptedProvider(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models = provider.spokenTo(statedPrice(t, everyKind))
	g := start(t, c)
	key := g.newKey(`{}`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(tongues))).Draw(t, "dialect")
		said := tongues[name]
		service := rapid.SampledFrom([]any{"default", "priority"}).Draw(t, "service")
		var usage object
		var events []object
		switch {
		case said.provider == "anthropic":
			usage, events = drawMessageStream(t, said, service)
		case name == "responses":
			usage = drawResponseUsage(t)
			events = said.stream(nil, usage, service)
		default:
			usage, events = drawChoicesStream(t, said, service)
		}
		provider.says(said.answer(maps.Clone(usage), service), sse(events))
		whole, streamed := g.costOf(t, key, said, false), g.costOf(t, key, said, true)
		if whole != streamed || whole == "0" {
			t.Errorf("%s: %v costs %s USD in one piece, streamed %s", name, usage, whole, streamed)
		}
		if name == "a translated one" {
			if untranslated := g.costOf(t, key, tongues["messages"], false); untranslated != whole {
				t.Errorf("%v costs %s USD as a chat, and %s as a message", usage, whole, untranslated)
			}
		}
	})
}

func drawTokens(t *rapid.T, name string) int64 { return rapid.Int64Range(0, 3_000).Draw(t, name) }

func drawWithin(t *rapid.T, name string, whole int64) int64 {
	return rapid.Int64Range(0, whole).Draw(t, name)
}

// drawPart is what an event repeats of an object: each field as it is, as null, or not at all.
func drawPart(t *rapid.T, of object, name string) object {
	part := object{}
	for _, field := range slices.Sorted(maps.Keys(of)) {
		switch rapid.SampledFrom([]string{"same", "null", "missing"}).Draw(t, name+"."+field) {
		case "same":
			part[field] = of[field]
		case "null":
			part[field] = nil
		}
	}
	return part
}

// drawMessageStream tells the prompt at the start, and at the end as much of it as it likes.
func drawMessageStream(t *rapid.T, said tongue, service any) (usage object, events []object) {
	minutes, hour, output := drawTokens(t, "5m"), drawTokens(t, "1h"), drawTokens(t, "output")+1
	prompt := object{
		"input_tokens": drawTokens(t, "input"), "cache_read_input_tokens": drawTokens(t, "read"), "cache_creation_input_tokens": minutes + hour,
		"cache_creation": object{"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
	}
	usage = maps.Clone(prompt)
	usage["output_tokens"] = output
	first := maps.Clone(prompt)
	first["output_tokens"] = 1
	last := drawPart(t, prompt, "last")
	if rapid.Bool().Draw(t, "the prompt in zeros") {
		last = object{"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
	}
	last["output_tokens"] = output
	return usage, said.stream(first, last, service)
}

// drawChoicesStream tells all before its end mark, and again as much of it as it likes.
func drawChoicesStream(t *rapid.T, said tongue, service any) (usage object, events []object) {
	prompt, output := drawTokens(t, "prompt")+1, drawTokens(t, "output")+1
	usage = object{
		"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
		"prompt_tokens_details": object{
			"cached_tokens": drawWithin(t, "cached", prompt), "cache_write_tokens": drawWithin(t, "written", prompt),
			"audio_tokens": drawWithin(t, "sound", prompt), "image_tokens": drawWithin(t, "pictures", prompt),
		},
		"completion_tokens_details": object{"reasoning_tokens": drawWithin(t, "reasoning", output), "audio_tokens": drawWithin(t, "spoken", output)},
	}
	var first object // null
	if rapid.Bool().Draw(t, "growing") {
		first = object{"prompt_tokens": prompt, "completion_tokens": 1, "total_tokens": prompt + 1}
	}
	events = said.stream(first, usage, service)
	for i := range rapid.IntRange(0, 2).Draw(t, "repeats") {
		again := object{"choices": []any{}, "usage": drawPart(t, usage, fmt.Sprint("again ", i))}
		events = slices.Insert(events, len(events)-1, again)
	}
	return usage, events
}

func drawResponseUsage(t *rapid.T) object {
	input, output := drawTokens(t, "input")+1, drawTokens(t, "output")+1
	return object{
		"input_tokens": input, "output_tokens": output, "total_tokens": input + output,
		"input_tokens_details":  object{"cached_tokens": drawWithin(t, "cached", input), "cache_write_tokens": drawWithin(t, "written", input)},
		"output_tokens_details": object{"reasoning_tokens": drawWithin(t, "reasoning", output)},
	}
}
