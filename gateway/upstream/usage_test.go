package upstream_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

var readers = map[string]func(string) (upstream.Usage, bool){
	"chat":      func(body string) (upstream.Usage, bool) { return upstream.ParseUsage([]byte(body)) },
	"responses": func(body string) (upstream.Usage, bool) { return upstream.ParseResponsesUsage(gjson.Parse(body)) },
	"messages": func(body string) (upstream.Usage, bool) {
		return upstream.ParseMessagesUsage(gjson.Get(body, "usage"))
	},
	"images":        func(body string) (upstream.Usage, bool) { return upstream.ParseImagesUsage([]byte(body)) },
	"transcription": func(body string) (upstream.Usage, bool) { return upstream.ParseTranscriptionUsage([]byte(body)) },
}

// The bodies are shortened answers as the vendors document them.
func TestParseUsage_ofEachWire(t *testing.T) {
	for name, test := range map[string]struct {
		wire, body string
		want       upstream.Usage
	}{
		"OpenAI's chat": {
			"chat", `{"service_tier":"priority","usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
			"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
			"completion_tokens_details":{"reasoning_tokens":256,"audio_tokens":0,"accepted_prediction_tokens":0}}}`,
			upstream.Usage{PromptTokens: 2006, CachedTokens: 1920, CompletionTokens: 300, ReasoningTokens: 256, Service: "priority"},
		},
		"OpenAI's chat with sound": {
			"chat", `{"usage":{"prompt_tokens":150,"completion_tokens":80,"total_tokens":230,
			"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":100,"text_tokens":50,"image_tokens":0},
			"completion_tokens_details":{"audio_tokens":60,"text_tokens":20}}}`,
			upstream.Usage{PromptTokens: 150, AudioInputTokens: 100, CompletionTokens: 80, AudioOutputTokens: 60},
		},
		"written to OpenAI's cache": {
			"chat", `{"usage":{"prompt_tokens":2000,"completion_tokens":1,"prompt_tokens_details":{"cache_write_tokens":1024}}}`,
			upstream.Usage{PromptTokens: 2000, CacheWriteTokens: 1024, CompletionTokens: 1},
		},
		"null details": {
			"chat", `{"service_tier":null,"usage":{"prompt_tokens":5,"completion_tokens":6,"prompt_tokens_details":null,"completion_tokens_details":null}}`,
			upstream.Usage{PromptTokens: 5, CompletionTokens: 6},
		},
		"DeepSeek's cache": {
			"chat", `{"usage":{"prompt_tokens":100,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens":1,"total_tokens":101}}`,
			upstream.Usage{PromptTokens: 100, CachedTokens: 64, CompletionTokens: 1},
		},
		"xAI counts reasoning beside": {
			"chat", `{"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}}`,
			upstream.Usage{PromptTokens: 32, CompletionTokens: 103, ReasoningTokens: 94},
		},
		"Gemini does not even name it": {
			"chat", `{"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":130}}`,
			upstream.Usage{PromptTokens: 10, CompletionTokens: 120, ReasoningTokens: 100},
		},
		"a cache beside the prompt": {
			"chat", `{"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":5030,"prompt_tokens_details":{"cached_tokens":5000}}}`,
			upstream.Usage{PromptTokens: 5010, CachedTokens: 5000, CompletionTokens: 20},
		},
		"a response with a cache beside the prompt": {
			"responses", `{"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":5000},"output_tokens":20}}`,
			upstream.Usage{PromptTokens: 5010, CachedTokens: 5000, CompletionTokens: 20},
		},
		"pictures from the cache": {
			"chat", `{"usage":{"prompt_tokens":24643,"completion_tokens":3110,"total_tokens":27753,
			"prompt_tokens_details":{"cached_tokens":24503,"image_tokens":22000,"text_tokens":2643}}}`,
			upstream.Usage{PromptTokens: 24643, CachedTokens: 24503, ImageInputTokens: 22000, CompletionTokens: 3110},
		},
		"a total that is too small": {
			"chat", `{"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":3}}`,
			upstream.Usage{PromptTokens: 10, CompletionTokens: 20},
		},
		"an embedding":              {"chat", `{"usage":{"prompt_tokens":8,"total_tokens":8}}`, upstream.Usage{PromptTokens: 8}},
		"an embedding's total only": {"chat", `{"usage":{"total_tokens":8}}`, upstream.Usage{PromptTokens: 8}},
		"a response": {
			"responses", `{"service_tier":"flex","output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},
			{"type":"web_search_call"},{"type":"message"}],
			"usage":{"input_tokens":328,"input_tokens_details":{"cached_tokens":100},"output_tokens":52,"output_tokens_details":{"reasoning_tokens":12},"total_tokens":380}}`,
			upstream.Usage{PromptTokens: 328, CachedTokens: 100, CompletionTokens: 52, ReasoningTokens: 12, Searches: 2, Service: "flex"},
		},
		"a message": {
			"messages", `{"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":1000,
			"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":393,
			"server_tool_use":{"web_search_requests":3},"service_tier":"standard"}}`,
			upstream.Usage{PromptTokens: 1321, CachedTokens: 1000, CacheWriteTokens: 100, CacheWrite1hTokens: 200, CompletionTokens: 393, Searches: 3, Service: "standard"},
		},
		"a message of before": {
			"messages", `{"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":null,"output_tokens":3}}`,
			upstream.Usage{PromptTokens: 321, CacheWriteTokens: 300, CompletionTokens: 3},
		},
		"more written than the sum says": {
			"messages", `{"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_creation":{"ephemeral_1h_input_tokens":50},"output_tokens":3}}`,
			upstream.Usage{PromptTokens: 51, CacheWrite1hTokens: 50, CompletionTokens: 3},
		},
		"a conversation summed up": {
			"messages", `{"usage":{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},
			{"type":"message","input_tokens":23000,"output_tokens":1000}]}}`,
			upstream.Usage{PromptTokens: 203_000, CompletionTokens: 4500, LargestPrompt: 180_000},
		},
		"summed up, of which the list has the summary alone": {
			"messages", `{"usage":{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"cache_read_input_tokens":20000,"output_tokens":3500}]}}`,
			upstream.Usage{PromptTokens: 223_000, CachedTokens: 20_000, CompletionTokens: 4500, LargestPrompt: 200_000},
		},
		"several iterations without a summary": {
			"messages", `{"usage":{"input_tokens":300,"cache_creation_input_tokens":50,"output_tokens":30,"iterations":[{"type":"message","input_tokens":100,"output_tokens":10},
			{"type":"message","input_tokens":200,"cache_creation":{"ephemeral_1h_input_tokens":50},"output_tokens":20}]}}`,
			upstream.Usage{PromptTokens: 350, CacheWrite1hTokens: 50, CompletionTokens: 30, LargestPrompt: 250},
		},
		"more beside the iterations than in them": {
			"messages", `{"usage":{"input_tokens":500,"output_tokens":30,"iterations":[{"type":"message","input_tokens":100,"output_tokens":40}]}}`,
			upstream.Usage{PromptTokens: 500, CompletionTokens: 40, LargestPrompt: 400},
		},
		"an empty list of iterations": {
			"messages", `{"usage":{"input_tokens":500,"output_tokens":30,"iterations":[]}}`, upstream.Usage{PromptTokens: 500, CompletionTokens: 30},
		},
		"searches of xAI": {
			"chat", `{"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":41,"num_sources_used":3}}`,
			upstream.Usage{PromptTokens: 32, CompletionTokens: 9, Searches: 3},
		},
		"searches of OpenRouter": {
			"chat", `{"usage":{"prompt_tokens":32,"completion_tokens":9,"server_tool_use":{"web_search_requests":2}}}`,
			upstream.Usage{PromptTokens: 32, CompletionTokens: 9, Searches: 2},
		},
		"pictures by the token": {
			"images", `{"size":"1024x1024","quality":"high","data":[{"b64_json":"AA=="}],"usage":{"total_tokens":4210,"input_tokens":50,"output_tokens":4160,
			"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}`,
			upstream.Usage{
				PromptTokens: 50, ImageInputTokens: 40, CompletionTokens: 4160, ImageOutputTokens: 4160,
				Images: 1, ImageSize: "1024x1024", ImageQuality: "high",
			},
		},
		"pictures with words": {
			"images", `{"data":[{},{}],"usage":{"input_tokens":5,"output_tokens":110,"output_tokens_details":{"text_tokens":10,"image_tokens":100}}}`,
			upstream.Usage{PromptTokens: 5, CompletionTokens: 110, ImageOutputTokens: 100, Images: 2},
		},
		"pictures by the piece": {"images", `{"created":1,"data":[{"url":"https://example.com"},{}]}`, upstream.Usage{Images: 2}},
		"sound by the token": {
			"transcription", `{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":10,"audio_tokens":4},"output_tokens":101,"total_tokens":115}}`,
			upstream.Usage{PromptTokens: 14, AudioInputTokens: 4, CompletionTokens: 101},
		},
		"sound by the second":           {"transcription", `{"text":"hi","usage":{"type":"duration","seconds":9}}`, upstream.Usage{AudioSeconds: 9}},
		"sound by the started second":   {"transcription", `{"text":"hi","duration":8.470000267028809}`, upstream.Usage{AudioSeconds: 9}},
		"sound by the second in quotes": {"transcription", `{"text":"hi","duration":"8.47"}`, upstream.Usage{AudioSeconds: 9}},
	} {
		got, ok := readers[test.wire](test.body)
		if diff := cmp.Diff(test.want, got); !ok || diff != "" {
			t.Errorf("%s: %v %s", name, ok, diff)
		}
	}
}

func TestParseUsage_refusesWhatMakesNoSense(t *testing.T) {
	for wire, bodies := range map[string][]string{
		"chat": {
			`{}`, `{"usage":null}`, `{"usage":[]}`, `{"usage":5}`, `not json`, `{"usage":{}}`, `{"usage":{"prompt_tokens":0,"completion_tokens":0}}`,
			`{"usage":{"prompt_tokens":-5,"completion_tokens":1}}`, `{"usage":{"prompt_tokens":5,"completion_tokens":-1}}`,
			`{"usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":-9}}}`,
			`{"usage":{"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":9}}}`,
			`{"usage":{"prompt_tokens":1e300,"completion_tokens":1}}`, `{"usage":{"prompt_tokens":9223372036854775807,"completion_tokens":1}}`,
			`{"usage":{"prompt_tokens":"7","completion_tokens":1}}`, `{"usage":{"prompt_tokens":true,"completion_tokens":1}}`,
			`{"usage":{"prompt_tokens":{},"completion_tokens":1}}`,
		},
		"responses": {`{}`, `{"usage":{"input_tokens":-1,"output_tokens":1}}`},
		"messages": {
			`{}`, `{"usage":{"input_tokens":-1,"output_tokens":1}}`, `{"usage":{"input_tokens":1,"output_tokens":1,"server_tool_use":{"web_search_requests":-2}}}`,
			`{"usage":{"input_tokens":1,"output_tokens":1,"iterations":[{"type":"compaction","input_tokens":-5}]}}`, `{"usage":{"input_tokens":1,"cache_read_input_tokens":1e18,"output_tokens":1}}`,
		},
		"images":        {`{}`, `{"data":[]}`, `{"data":[{}],"usage":{"input_tokens":-1,"output_tokens":1}}`, `{"data":[{}],"usage":{"input_tokens":1,"output_tokens":1,"output_tokens_details":{"image_tokens":5}}}`},
		"transcription": {`{}`, `{"text":"hi"}`, `{"duration":-3}`, `{"duration":"long"}`, `{"usage":{"type":"duration","seconds":1e15}}`, `plain text`},
	} {
		for _, body := range bodies {
			if usage, ok := readers[wire](body); ok {
				t.Errorf("%s: %s = %+v", wire, body, usage)
			}
		}
	}
}

// What an upstream says can only be counted or refused: nothing negative or absurd comes through.
func FuzzParseUsage(f *testing.F) {
	f.Add(`{"usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"input_tokens":9,"cache_read_input_tokens":-1}}`)
	f.Add(`{"data":[{}],"usage":{"output_tokens":1e99,"seconds":0.5},"duration":"1e400"}`)
	f.Fuzz(func(t *testing.T, body string) {
		for wire, read := range readers {
			usage, ok := read(body)
			if !ok {
				continue
			}
			least := min(usage.PromptTokens, usage.CachedTokens, usage.CacheWriteTokens, usage.CacheWrite1hTokens, usage.AudioInputTokens,
				usage.ImageInputTokens, usage.CompletionTokens, usage.ReasoningTokens, usage.AudioOutputTokens, usage.ImageOutputTokens,
				usage.Images, usage.AudioSeconds, usage.Searches)
			if least < 0 || max(usage.PromptTokens, usage.CompletionTokens, usage.AudioSeconds, usage.Searches) > 1<<41 {
				t.Fatalf("%s: %+v", wire, usage)
			}
		}
	})
}

func TestImpossible(t *testing.T) {
	for data, want := range map[string]bool{
		`{"usage":{"prompt_tokens":-5,"completion_tokens":1}}`:                                true,
		`{"usage": {"prompt_tokens":5,"completion_tokens_details":{"reasoning_tokens":-1}}}`:  true,
		`{"type":"message_delta","usage":{"output_tokens":1e300}}`:                            true,
		`{"type":"message_start","message":{"usage":{"input_tokens":-1}}}`:                    true,
		`{"type":"response.completed","response":{"usage":{"output_tokens":-1}}}`:             true,
		`{"usage":{"input_tokens":1,"iterations":[{"input_tokens":1},{"input_tokens":-1}]}}`:  true,
		`{"usage":{"prompt_tokens":5,"completion_tokens":1,"queue_time":-0.02,"cost":-1e-9}}`: false,
		`{"usage":{"prompt_tokens":0,"completion_tokens":0}}`:                                 false,
		`{"usage":null}`: false, `{}`: false, `{"usage":{"prompt_tokens":-5`: false, `{"text":"\"usage\":{\"prompt_tokens\":-5}"}`: false,
		`{"usage":null,"response":{"usage":{"input_tokens":-1}}}`: true,
	} {
		if got := upstream.Impossible([]byte(data)); got != want {
			t.Errorf("%s: %t", data, got)
		}
	}
}
