package pricing_test

import (
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// liteLLMFile has one entry of each shape that LiteLLM's own file has.
const liteLLMFile = `{
	"last_updated": "2026-07-24",
	"sample_spec": {"input_cost_per_token": "explains", "mode": "one of: chat, embedding"},
	"own-model": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": "1000", "max_output_tokens": 64.0, "max_tokens": 9,
		"input_cost_per_token": 2.9999999999999997e-06, "output_cost_per_token": "6e-06", "cache_read_input_token_cost": 3e-07,
		"supports_vision": true, "source": "https://example.com"},
	"free-model": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0.0},
	"unknown-model": {"litellm_provider": "openai", "mode": "chat", "max_tokens": 100},
	"half-known-model": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06},
	"null-model": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": null, "output_cost_per_token": null},
	"gemini/long": {"litellm_provider": "gemini", "mode": "chat",
		"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "cache_read_input_token_cost": 1e-07, "output_cost_per_reasoning_token": 2e-06,
		"input_cost_per_token_above_32k_tokens": 3e-06, "output_cost_per_token_above_32k_tokens": 4e-06,
		"input_cost_per_token_above_128k_tokens": 5e-06, "output_cost_per_token_above_128k_tokens": 6e-06,
		"cache_read_input_token_cost_above_128k_tokens": 5e-07,
		"input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 4e-06,
		"input_cost_per_token_above_128k_tokens_priority": 1e-05, "output_cost_per_token_above_128k_tokens_priority": 1.2e-05,
		"input_cost_per_token_batches": 5e-07, "output_cost_per_token_batches": 1e-06},
	"claude-own": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06,
		"cache_creation_input_token_cost": 1.25e-06, "cache_creation_input_token_cost_above_1hr": 2e-06, "cache_read_input_token_cost": 1e-07,
		"input_cost_per_token_above_200k_tokens": 2e-06, "output_cost_per_token_above_200k_tokens": 7.5e-06,
		"cache_creation_input_token_cost_above_200k_tokens": 2.5e-06, "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 4e-06,
		"search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.02, "search_context_size_high": 0.03}},
	"dashscope/ranged": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
		{"range": [0, 32000.0], "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
		{"range": [32000.0, 128000], "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06}]},
	"deepseek/own": {"litellm_provider": "deepseek", "mode": "chat", "input_cost_per_token": 3e-07, "output_cost_per_token": 4e-07,
		"cache_creation_input_token_cost": 0.0},
	"drawer": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04},
	"hd/1024-x-1024/drawer": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 7.62939453125e-08, "output_cost_per_pixel": 0.0},
	"azure/standard/512-x-512/drawer": {"litellm_provider": "azure", "mode": "image_generation", "input_cost_per_image": 0.02, "input_cost_per_pixel": 1},
	"token-drawer": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": 5e-06, "input_cost_per_image_token": 1e-05, "output_cost_per_image_token": 4e-05},
	"low/1024-x-1024/token-drawer": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.011},
	"speaker": {"litellm_provider": "openai", "mode": "audio_speech", "input_cost_per_character": 1.5e-05},
	"writer": {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001},
	"embedder": {"litellm_provider": "openai", "mode": "embedding", "max_tokens": 8191, "input_cost_per_token": 2e-08},
	"by-request": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_request": 0.005},
	"text-completion-openai/instruct": {"litellm_provider": "text-completion-openai", "mode": "completion", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
	"sorter": {"litellm_provider": "openai", "mode": "rerank", "input_cost_per_query": 1},
	"twice": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 9e-06, "output_cost_per_token": 9e-06},
	"gemini/twice": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
	"vertex_ai/other": {"litellm_provider": "vertex_ai-language-models", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06}
}`

func TestParseLiteLLM_bills(t *testing.T) {
	file, err := pricing.ParseLiteLLM([]byte(liteLLMFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]costCase{
		"floats are rounded after the million": {"openai", "own-model", pricing.Usage{PromptTokens: 10, CachedTokens: 4, CompletionTokens: 2}, 6*3_000 + 4*300 + 2*6_000},
		"free":                                 {"openai", "free-model", pricing.Usage{PromptTokens: 10, CompletionTokens: 2}, 0},
		"below all tiers":                      {"gemini", "long", pricing.Usage{PromptTokens: 32_000, CompletionTokens: 1}, 32_000*1_000 + 2_000},
		"32k is less than 128k":                {"gemini", "long", pricing.Usage{PromptTokens: 40_000, CompletionTokens: 1}, 40_000*3_000 + 4_000},
		"a tier that leaves out the cache":     {"gemini", "long", pricing.Usage{PromptTokens: 40_000, CachedTokens: 40_000}, 40_000 * 100},
		"the highest tier":                     {"gemini", "long", pricing.Usage{PromptTokens: 130_000, CachedTokens: 30_000, CompletionTokens: 1}, 100_000*5_000 + 30_000*500 + 6_000},
		"priority":                             {"gemini", "long", pricing.Usage{PromptTokens: 100, CompletionTokens: 10, ReasoningTokens: 10, Service: "priority"}, 100*2_000 + 10*4_000},
		"priority, long":                       {"gemini", "long", pricing.Usage{PromptTokens: 130_000, CompletionTokens: 1, Service: "priority"}, 130_000*10_000 + 12_000},
		"priority says nothing of caches":      {"gemini", "long", pricing.Usage{PromptTokens: 100, CachedTokens: 100, Service: "priority"}, 100 * 2_000},
		"batch":                                {"gemini", "long", pricing.Usage{PromptTokens: 100, CachedTokens: 10, CompletionTokens: 10, ReasoningTokens: 5, Service: "batch"}, 90*500 + 10*100 + 10*1_000},
		"caches of both kinds":                 {"anthropic", "claude-own", pricing.Usage{PromptTokens: 100, CacheWriteTokens: 10, CacheWrite1hTokens: 20, CachedTokens: 30}, 40*1_000 + 10*1_250 + 20*2_000 + 30*100},
		"caches of both kinds, long":           {"anthropic", "claude-own", pricing.Usage{PromptTokens: 200_001, CacheWriteTokens: 10, CacheWrite1hTokens: 20}, 199_971*2_000 + 10*2_500 + 20*4_000},
		"searches":                             {"anthropic", "claude-own", pricing.Usage{Searches: 2, SearchContext: "high"}, 60_000_000},
		"ranges":                               {"dashscope", "ranged", pricing.Usage{PromptTokens: 32_000, CompletionTokens: 1}, 32_000*1_000 + 2_000},
		"ranges, above":                        {"openai", "dashscope/ranged", pricing.Usage{PromptTokens: 32_001, CompletionTokens: 1}, 32_001*3_000 + 4_000},
		"no price for writing a cache":         {"deepseek", "own", pricing.Usage{PromptTokens: 10, CacheWriteTokens: 10}, 10 * 300},
		"pictures":                             {"openai", "drawer", pricing.Usage{Images: 2, ImageSize: "256x256", ImageQuality: "hd"}, 2 * 40_000_000},
		"pictures by the pixel":                {"openai", "drawer", pricing.Usage{Images: 1, ImageSize: "1024x1024", ImageQuality: "hd"}, 80_000_000},
		"pictures of a key alone":              {"azure", "drawer", pricing.Usage{Images: 1, ImageSize: "512x512", ImageQuality: "standard"}, 20_000_000},
		"pictures by the token":                {"openai", "token-drawer", pricing.Usage{PromptTokens: 10, CompletionTokens: 272, ImageOutputTokens: 272, Images: 1}, 10*5_000 + 272*40_000},
		"characters":                           {"openai", "speaker", pricing.Usage{Characters: 100}, 100 * 15_000},
		"seconds, once":                        {"openai", "writer", pricing.Usage{AudioSeconds: 10}, 1_000_000},
		"embedding":                            {"openai", "embedder", pricing.Usage{PromptTokens: 100}, 100 * 20},
		"requests":                             {"openai", "by-request", pricing.Usage{PromptTokens: 100}, 5_000_000},
		"completions":                          {"openai", "instruct", pricing.Usage{PromptTokens: 1, CompletionTokens: 1}, 3_000},
		"the key with the provider wins":       {"gemini", "twice", pricing.Usage{PromptTokens: 1}, 1_000},
		"other names of a provider":            {"vertex_ai", "other", pricing.Usage{PromptTokens: 1}, 1_000},
	} {
		price, ok := file.Find(test.provider, test.model)
		if !ok {
			t.Errorf("%s: no price", name)
			continue
		}
		if got := price.Cost(test.usage); got != test.want || price.Version != file.Version() {
			t.Errorf("%s: %d nano-USD by %s, want %d", name, got, price.Version, test.want)
		}
	}
	own, _ := file.Model("openai", "own-model")
	if own.MaxInputTokens != 1_000 || own.MaxOutputTokens != 64 {
		t.Errorf("limits: %+v", own)
	}
}

func TestParseLiteLLM_unknownIsNotFree(t *testing.T) {
	file, err := pricing.ParseLiteLLM([]byte(liteLLMFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"unknown-model", "half-known-model", "null-model", "sorter", "sample_spec", "last_updated"} {
		if price, ok := file.Find("openai", model); ok {
			t.Errorf("%s has the price %+v", model, price)
		}
	}
	if _, ok := file.Find("openai", "free-model"); !ok {
		t.Error("a price of 0 is taken for none")
	}
}

func TestParseLiteLLM_namesTheKeyAtFault(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:         "not a JSON object of models",
		`{"a": `:     "not a JSON object of models",
		`{"a": 5}`:   "a: must be an object with prices",
		`{"a": []}`:  "a: must be an object with prices",
		`{"a":null}`: "a: must be an object with prices",
		`{"a":{"input_cost_per_token":"cheap","output_cost_per_token":1}}`:                                            `a: input_cost_per_token: "cheap" is not a number`,
		`{"a":{"input_cost_per_token":1e-6,"output_cost_per_token":-1e-6}}`:                                           "a: output_cost_per_token is -1e-6; a price cannot be negative",
		`{"a":{"input_cost_per_token":1e9,"output_cost_per_token":1}}`:                                                "a: input_cost_per_token:",
		`{"a":{"input_cost_per_token":true}}`:                                                                         "a: input_cost_per_token:",
		`{"a":{"input_cost_per_token":1e-6,"output_cost_per_token":1e-6,"max_tokens":"many"}}`:                        "a: max_tokens is",
		`{"a":{"input_cost_per_token_above_1k_tokens_flex":[]}}`:                                                      "a: input_cost_per_token_above_1k_tokens_flex:",
		`{"a":{"tiered_pricing":{}}}`:                                                                                 "a: tiered_pricing must be a list",
		`{"a":{"tiered_pricing":[{"range":[]}]}}`:                                                                     "a: tiered_pricing: range",
		`{"a":{"tiered_pricing":[{"range":[0,1],"input_cost_per_token":"x"}]}}`:                                       "a: tiered_pricing: input_cost_per_token:",
		`{"a":{"search_context_cost_per_query":0.1}}`:                                                                 "a: search_context_cost_per_query must be an object",
		`{"a":{"search_context_cost_per_query":{"search_context_size_low":"x"}}}`:                                     "a: search_context_cost_per_query: search_context_size_low:",
		`{"a":{"mode":"image_generation","output_cost_per_image":"x"}}`:                                               "a: output_cost_per_image:",
		`{"hd/9-x-9/a":{"mode":"image_generation","input_cost_per_pixel":"x"}}`:                                       "hd/9-x-9/a: input_cost_per_pixel:",
		`{"a":{"input_cost_per_token":"x","output_cost_per_token":1},"b":{"input_cost_per_token":"y"}}`:               "b: input_cost_per_token:",
		`{"a":{"input_cost_per_token":1,"output_cost_per_token":1,"input_cost_per_token_above_0k_tokens_flex":"no"}}`: "a: input_cost_per_token_above_0k_tokens_flex:",
	} {
		_, err := pricing.ParseLiteLLM([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	many := `{"m0":1` + strings.Repeat(`,"m":1`, 1)
	for i := range 30 {
		many += `,"k` + strings.Repeat("x", i) + `":1`
	}
	if _, err := pricing.ParseLiteLLM([]byte(many + "}")); err == nil || strings.Count(err.Error(), "\n") > 10 {
		t.Errorf("a file that is wrong everywhere: %v", err)
	}
}

func TestOver_keepsWhatTheFileDoesNotHave(t *testing.T) {
	file, err := pricing.ParseLiteLLM([]byte(`{
		"gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
		"o3": {"litellm_provider": "openai", "mode": "chat"}}`))
	if err != nil {
		t.Fatal(err)
	}
	both := file.Over(pricing.Embedded())
	for model, want := range map[string]money.Nano{
		"gpt-4o": 1_000, "gpt-4o-2024-08-06": 1_000, // of the file
		"gpt-4o-2024-05-13": 5_000, "o3": 2_000, "gpt-4.1-mini": 400, // of the catalogue
	} {
		price, ok := both.Find("openai", model)
		if got := price.Cost(pricing.Usage{PromptTokens: 1}); !ok || got != want {
			t.Errorf("%s: %d, want %d", model, got, want)
		}
		version := pricing.Embedded().Version()
		if want == 1_000 {
			version = file.Version()
		}
		if price.Version != version {
			t.Errorf("%s: version %q, want %q", model, price.Version, version)
		}
	}
	if _, ok := file.Find("openai", "gpt-4.1-mini"); ok {
		t.Error("the file alone has the catalogue's models")
	}
}

func FuzzParseLiteLLM(f *testing.F) {
	f.Add(liteLLMFile)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := pricing.ParseLiteLLM([]byte(text))
		if err != nil {
			return
		}
		for _, model := range file.Models() {
			usage := pricing.Usage{PromptTokens: 1_000, CompletionTokens: 10, Images: 1, AudioSeconds: 1, Characters: 1, Searches: 1}
			if cost := model.Price.Cost(usage); cost < 0 {
				t.Fatalf("%s costs %d", model.Name, cost)
			}
		}
	})
}
