package pricing_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// costCase is one bill worked out by hand from the vendor's price list. Dollars per million tokens
// times 1,000 is nano-dollars per token, and want is written as the sum that the bill would show.
type costCase struct {
	provider, model string
	usage           pricing.Usage
	want            money.Nano
}

func TestCost_asTheVendorsBill(t *testing.T) {
	cases := 0
	for _, table := range []map[string]costCase{textCosts, cacheCosts, tierCosts, serviceCosts, mediaCosts, pieceCosts} {
		for name, test := range table {
			cases++
			price, ok := pricing.Embedded().Find(test.provider, test.model)
			if !ok {
				t.Errorf("%s: no price", name)
				continue
			}
			if got := price.Cost(test.usage); got != test.want {
				t.Errorf("%s: %d nano-USD, want %d", name, got, test.want)
			}
		}
	}
	if cases < 60 {
		t.Errorf("%d cases, want 60 at least", cases)
	}
}

// Kinds of the prompt overlap. Only what is surely not cached is charged at a full price.
func TestCost_ofKindsThatOverlap(t *testing.T) {
	plain := pricing.Rates{
		Input: 1_500_000_000, CachedInput: 150_000_000, CacheWrite: 1_500_000_000, CacheWrite1h: 1_500_000_000,
		AudioInput: 1_500_000_000, ImageInput: 1_500_000_000, Output: 9_000_000_000,
	}
	with := func(change func(*pricing.Rates)) pricing.Rates {
		rates := plain
		change(&rates)
		return rates
	}
	pictures := with(func(r *pricing.Rates) { r.ImageInput = 3_000_000_000 })
	cheapSound := with(func(r *pricing.Rates) { r.AudioInput = 1_000_000_000 })
	undiscounted := with(func(r *pricing.Rates) { r.CachedInput, r.ImageInput = r.Input, 3_000_000_000 })
	for name, test := range map[string]struct {
		rates pricing.Rates
		usage pricing.Usage
		want  money.Nano
	}{
		"pictures from the cache, no price for pictures": {plain, pricing.Usage{PromptTokens: 24_643, CachedTokens: 24_503, ImageInputTokens: 22_000, CompletionTokens: 3_110}, 31_875_450},
		"pictures from the cache, dearer than text":      {pictures, pricing.Usage{PromptTokens: 24_643, CachedTokens: 24_503, ImageInputTokens: 22_000}, 140*3_000 + 24_503*150},
		"sound from the cache":                           {plain, pricing.Usage{PromptTokens: 1_000, CachedTokens: 900, AudioInputTokens: 950}, 100*1_500 + 900*150},
		"sound cheaper than text, surely not cached":     {cheapSound, pricing.Usage{PromptTokens: 1_000, CachedTokens: 900, AudioInputTokens: 950}, 50*1_000 + 50*1_500 + 900*150},
		"sound cheaper than text, perhaps cached":        {cheapSound, pricing.Usage{PromptTokens: 1_000, CachedTokens: 900, AudioInputTokens: 90}, 100*1_500 + 900*150},
		"sound and pictures, the dearer first":           {pictures, pricing.Usage{PromptTokens: 1_000, CachedTokens: 900, AudioInputTokens: 80, ImageInputTokens: 80}, 80*3_000 + 20*1_500 + 900*150},
		"a cache without a discount":                     {undiscounted, pricing.Usage{PromptTokens: 1_000, CachedTokens: 900, ImageInputTokens: 800}, 800*3_000 + 200*1_500},
		"cached above prompt":                            {plain, pricing.Usage{PromptTokens: 100, CachedTokens: 900, ImageInputTokens: 50}, 100 * 150},
	} {
		if got := (pricing.Price{Plan: pricing.Plan{Rates: test.rates}}).Cost(test.usage); got != test.want {
			t.Errorf("%s: %d nano-USD, want %d", name, got, test.want)
		}
	}
}

var textCosts = map[string]costCase{
	"nothing used":                {"openai", "gpt-4.1-mini", pricing.Usage{}, 0},
	"one prompt token":            {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: 1}, 400},
	"mini, plain":                 {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 500}, 400_000 + 800_000},
	"mini, dated name":            {"openai", "gpt-4.1-mini-2025-04-14", pricing.Usage{PromptTokens: 7, CompletionTokens: 3}, 7*400 + 3*1_600},
	"4o, older snapshot dearer":   {"openai", "gpt-4o-2024-05-13", pricing.Usage{PromptTokens: 100, CompletionTokens: 100}, 500_000 + 1_500_000},
	"5.6 luna, launch price cut":  {"openai", "gpt-5.6-luna", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 320_000},
	"5.6 terra, launch price cut": {"openai", "gpt-5.6-terra", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 3_200_000},
	"5.6 sol, price cut":          {"openai", "gpt-5.6-sol", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 6_000_000},
	"6 astra":                     {"openai", "gpt-6-astra", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 15_000_000},
	"6 sol, long":                 {"openai", "gpt-6-sol", pricing.Usage{PromptTokens: 272_001, CompletionTokens: 100}, 272_001*4_000 + 100*15_000},
	"opus 5.5, cached":            {"anthropic", "claude-opus-5-5", pricing.Usage{PromptTokens: 1_000, CachedTokens: 1_000}, 200_000},
	"fable 5.1, cached":           {"anthropic", "claude-fable-5-1", pricing.Usage{PromptTokens: 1_000, CachedTokens: 1_000}, 250_000},
	"5.6 terra, cached":           {"openai", "gpt-5.6-terra", pricing.Usage{PromptTokens: 1_000, CachedTokens: 1_000}, 200_000},
	"sonnet 5, no step to 3/15":   {"anthropic", "claude-sonnet-5", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 3_000_000},
	"4o, plain":                   {"openai", "gpt-4o", pricing.Usage{PromptTokens: 100, CompletionTokens: 100}, 250_000 + 1_000_000},
	"o3, reasoning is output":     {"openai", "o3", pricing.Usage{PromptTokens: 10, CompletionTokens: 1_000, ReasoningTokens: 900}, 20_000 + 8_000_000},
	"o1-pro, dearest":             {"openai", "o1-pro", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 1_000}, 150_000_000 + 600_000_000},
	"embedding":                   {"openai", "text-embedding-3-small", pricing.Usage{PromptTokens: 8_000}, 160_000},
	"haiku, dated":                {"anthropic", "claude-haiku-4-5-20251001", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 1_000}, 1_000_000 + 5_000_000},
	"azure, global":               {"azure", "gpt-5.1", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 1_000}, 1_250_000 + 10_000_000},
	"gemma, free":                 {"gemini", "gemma-3-27b-it", pricing.Usage{PromptTokens: 1_000_000, CompletionTokens: 1_000_000}, 0},
	"mistral small":               {"mistral", "mistral-small-latest", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 1_000}, 150_000 + 600_000},
	"parts larger than the whole": {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: 10, CachedTokens: 99, CompletionTokens: 10, ReasoningTokens: 99}, 10*100 + 10*1_600},
	"negative counts":             {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: -10, CachedTokens: -5, CompletionTokens: -1, AudioOutputTokens: -1}, 0},

	"4.1, plain":                       {"openai", "gpt-4.1", pricing.Usage{PromptTokens: 1_234, CompletionTokens: 567}, 1_234*2_000 + 567*8_000},
	"5 nano, a long one":               {"openai", "gpt-5-nano", pricing.Usage{PromptTokens: 100_000, CompletionTokens: 128_000}, 100_000*50 + 128_000*400},
	"o4-mini, thinking":                {"openai", "o4-mini", pricing.Usage{PromptTokens: 77, CompletionTokens: 2_048, ReasoningTokens: 1_984}, 77*1_100 + 2_048*4_400},
	"3.5 instruct":                     {"openai", "gpt-3.5-turbo-instruct", pricing.Usage{PromptTokens: 11, CompletionTokens: 13}, 11*1_500 + 13*2_000},
	"embedding, large":                 {"openai", "text-embedding-3-large", pricing.Usage{PromptTokens: 8_191}, 8_191 * 130},
	"moderation is free":               {"openai", "omni-moderation-latest", pricing.Usage{PromptTokens: 30_000}, 0},
	"opus 5":                           {"anthropic", "claude-opus-5", pricing.Usage{PromptTokens: 900, CompletionTokens: 300}, 900*5_000 + 300*25_000},
	"haiku 3":                          {"anthropic", "claude-3-haiku-20240307", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 1_000}, 1_000*250 + 1_000*1_250},
	"azure, mini":                      {"azure", "gpt-4o-mini", pricing.Usage{PromptTokens: 200, CompletionTokens: 100}, 200*165 + 100*660},
	"azure, grok":                      {"azure_ai", "grok-3", pricing.Usage{PromptTokens: 50, CompletionTokens: 20}, 50*3_000 + 20*15_000},
	"azure, embedding":                 {"azure", "text-embedding-3-small", pricing.Usage{PromptTokens: 1_001}, 1_001 * 20},
	"groq, llama":                      {"groq", "llama-3.3-70b-versatile", pricing.Usage{PromptTokens: 1_000, CompletionTokens: 100}, 1_000*590 + 100*790},
	"groq, through its compatible API": {"openai", "llama-3.1-8b-instant", pricing.Usage{PromptTokens: 10, CompletionTokens: 10}, 10*50 + 10*80},
	"mistral medium":                   {"mistral", "mistral-medium-latest", pricing.Usage{PromptTokens: 400, CompletionTokens: 200}, 400*1_500 + 200*7_500},
	"mistral, embedding":               {"mistral", "mistral-embed", pricing.Usage{PromptTokens: 5_000}, 5_000 * 100},
	"deep research":                    {"openai", "o3-deep-research", pricing.Usage{PromptTokens: 60_000, CompletionTokens: 9_000, ReasoningTokens: 8_000}, 60_000*10_000 + 9_000*40_000},
}

var cacheCosts = map[string]costCase{
	"mini, part cached":    {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: 1_000, CachedTokens: 600, CompletionTokens: 10}, 400*400 + 600*100 + 10*1_600},
	"mini, all cached":     {"openai", "gpt-4.1-mini", pricing.Usage{PromptTokens: 600, CachedTokens: 600}, 60_000},
	"nano, rounds up once": {"openai", "gpt-5-nano", pricing.Usage{PromptTokens: 1, CachedTokens: 1, CompletionTokens: 0}, 5},
	"5.6, cache write":     {"openai", "gpt-5.6", pricing.Usage{PromptTokens: 2_000, CacheWriteTokens: 1_000}, 4_000_000 + 5_000_000},
	"opus, all kinds of cache": {
		"anthropic", "claude-opus-4-5",
		pricing.Usage{PromptTokens: 10_000, CachedTokens: 5_000, CacheWriteTokens: 2_000, CacheWrite1hTokens: 1_000, CompletionTokens: 100},
		2_000*5_000 + 5_000*500 + 2_000*6_250 + 1_000*10_000 + 100*25_000,
	},
	"azure, regional":                    {"azure", "eu/gpt-5.1", pricing.Usage{PromptTokens: 1_000, CachedTokens: 1_000, CompletionTokens: 1_000}, 140_000 + 11_000_000},
	"mistral, cached as input":           {"mistral", "mistral-large-latest", pricing.Usage{PromptTokens: 100, CachedTokens: 50}, 50_000},
	"gemini, fractions of a nano-dollar": {"gemini", "gemini-3.1-flash-lite", pricing.Usage{PromptTokens: 3, CachedTokens: 3, Service: "flex"}, 38}, // 37.5
	"deepseek, cached":                   {"deepseek", "deepseek-v4-flash", pricing.Usage{PromptTokens: 1_000, CachedTokens: 1_000, CompletionTokens: 1}, 14_000 + 1_320},

	"4o, half cached":         {"openai", "gpt-4o", pricing.Usage{PromptTokens: 2_048, CachedTokens: 1_024, CompletionTokens: 1}, 1_024*2_500 + 1_024*1_250 + 10_000},
	"5.4, nearly all cached":  {"openai", "gpt-5.4", pricing.Usage{PromptTokens: 10_000, CachedTokens: 9_984}, 16*2_500 + 9_984*250},
	"sonnet, first of many":   {"anthropic", "claude-sonnet-4-6", pricing.Usage{PromptTokens: 5_021, CacheWriteTokens: 5_000, CompletionTokens: 40}, 21*3_000 + 5_000*3_750 + 40*15_000},
	"sonnet, the next":        {"anthropic", "claude-sonnet-4-6", pricing.Usage{PromptTokens: 5_021, CachedTokens: 5_000, CompletionTokens: 40}, 21*3_000 + 5_000*300 + 40*15_000},
	"haiku, kept for an hour": {"anthropic", "claude-haiku-4-5", pricing.Usage{PromptTokens: 3_000, CacheWrite1hTokens: 3_000}, 3_000 * 2_000},
	"grok, cached":            {"xai", "grok-3", pricing.Usage{PromptTokens: 100, CachedTokens: 60, CompletionTokens: 5}, 40*3_000 + 60*750 + 5*15_000},
	"groq, cached":            {"groq", "openai/gpt-oss-120b", pricing.Usage{PromptTokens: 100, CachedTokens: 50}, 50*150 + 50*75},
	"more parts than prompt":  {"anthropic", "claude-haiku-4-5", pricing.Usage{PromptTokens: 10, CacheWriteTokens: 8, CachedTokens: 8}, 8*1_250 + 2*100},
}

var tierCosts = map[string]costCase{
	"5.4, at the tier":           {"openai", "gpt-5.4", pricing.Usage{PromptTokens: 272_000, CompletionTokens: 1_000}, 680_000_000 + 15_000_000},
	"5.4, one above":             {"openai", "gpt-5.4", pricing.Usage{PromptTokens: 272_001, CompletionTokens: 1_000}, 1_360_005_000 + 22_500_000},
	"5.4, above and cached":      {"openai", "gpt-5.4", pricing.Usage{PromptTokens: 300_000, CachedTokens: 200_000, CompletionTokens: 2}, 500_000_000 + 100_000_000 + 45_000},
	"sonnet 4.5, at the tier":    {"anthropic", "claude-sonnet-4-5", pricing.Usage{PromptTokens: 200_000, CompletionTokens: 10}, 600_000_000 + 150_000},
	"sonnet 4.5, above, written": {"anthropic", "claude-sonnet-4-5", pricing.Usage{PromptTokens: 200_010, CacheWriteTokens: 10, CacheWrite1hTokens: 100, CompletionTokens: 10}, 199_900*6_000 + 10*7_500 + 100*12_000 + 10*22_500},
	"gemini pro, below":          {"gemini", "gemini-2.5-pro", pricing.Usage{PromptTokens: 100_000, CachedTokens: 100_000, CompletionTokens: 1}, 12_500_000 + 10_000},
	"gemini pro, above":          {"gemini", "gemini-2.5-pro", pricing.Usage{PromptTokens: 200_001, CompletionTokens: 1_000}, 500_002_500 + 15_000_000},

	"5.6 luna, written above":  {"openai", "gpt-5.6-luna", pricing.Usage{PromptTokens: 300_000, CacheWriteTokens: 100_000, CompletionTokens: 10}, 200_000*400 + 100_000*500 + 10*1_800},
	"grok 4.1, above 128k":     {"xai", "grok-4-1-fast", pricing.Usage{PromptTokens: 128_001, CompletionTokens: 7}, 128_001*400 + 7*1_000},
	"grok 4.1, at 128k":        {"xai", "grok-4-1-fast", pricing.Usage{PromptTokens: 128_000, CompletionTokens: 7}, 128_000*200 + 7*500},
	"gemini 3.1 pro, above":    {"gemini", "gemini-3.1-pro-preview", pricing.Usage{PromptTokens: 250_000, CachedTokens: 50_000, CompletionTokens: 100, ReasoningTokens: 60}, 200_000*4_000 + 50_000*400 + 100*18_000},
	"azure, regional and long": {"azure", "eu/gpt-5.5", pricing.Usage{PromptTokens: 272_001, CompletionTokens: 2}, 272_001*11_000 + 2*49_500},
}

var serviceCosts = map[string]costCase{
	"4.1, priority":                        {"openai", "gpt-4.1", pricing.Usage{PromptTokens: 100, CachedTokens: 40, CompletionTokens: 10, Service: "priority"}, 60*3_500 + 40*875 + 10*14_000},
	"5, flex":                              {"openai", "gpt-5", pricing.Usage{PromptTokens: 100, CachedTokens: 40, CompletionTokens: 10, Service: "flex"}, 60*625 + 40*62 + 20 + 10*5_000}, // 40 × 62.5
	"5, said to be the default":            {"openai", "gpt-5", pricing.Usage{PromptTokens: 100, CompletionTokens: 10, Service: "default"}, 100*1_250 + 10*10_000},
	"5, a tier of a contract":              {"openai", "gpt-5", pricing.Usage{PromptTokens: 100, CompletionTokens: 10, Service: "scale"}, 100*1_250 + 10*10_000},
	"4o, batch":                            {"openai", "gpt-4o", pricing.Usage{PromptTokens: 100, CompletionTokens: 10, Service: "batch"}, 100*1_250 + 10*5_000},
	"4o, batch, cached as ever":            {"openai", "gpt-4o", pricing.Usage{PromptTokens: 100, CachedTokens: 100, Service: "batch"}, 100 * 1_250},
	"o3, batch has no price":               {"openai", "o3", pricing.Usage{PromptTokens: 100, Service: "batch"}, 100 * 2_000},
	"5.6, priority, written":               {"openai", "gpt-5.6", pricing.Usage{PromptTokens: 100, CacheWriteTokens: 100, Service: "priority"}, 100 * 10_000},
	"5.6, flex, thinking":                  {"openai", "gpt-5.6", pricing.Usage{CompletionTokens: 100, ReasoningTokens: 90, Service: "flex"}, 100 * 10_000},
	"5.4, priority, long as the standard":  {"openai", "gpt-5.4", pricing.Usage{PromptTokens: 300_000, CompletionTokens: 10, Service: "priority"}, 300_000*5_000 + 10*30_000},
	"gemini 3.1 pro, priority and long":    {"gemini", "gemini-3.1-pro-preview", pricing.Usage{PromptTokens: 200_001, CompletionTokens: 10, Service: "priority"}, 200_001*7_200 + 10*32_400},
	"gemini 3.5 flash, priority, thinking": {"gemini", "gemini-3.5-flash", pricing.Usage{PromptTokens: 10, CompletionTokens: 10, ReasoningTokens: 9, Service: "priority"}, 10*2_700 + 10*16_200},
	"azure, priority and long":             {"azure", "gpt-5.6-terra", pricing.Usage{PromptTokens: 272_001, CompletionTokens: 1, Service: "priority"}, 272_001*10_000 + 45_000},
	"anthropic has no such price":          {"anthropic", "claude-sonnet-4-6", pricing.Usage{PromptTokens: 10, CompletionTokens: 10, Service: "priority"}, 10*3_000 + 10*15_000},
}

var mediaCosts = map[string]costCase{
	"audio in and out": {
		"openai", "gpt-audio",
		pricing.Usage{PromptTokens: 150, AudioInputTokens: 100, CompletionTokens: 80, AudioOutputTokens: 50},
		50*2_500 + 100*32_000 + 30*10_000 + 50*64_000,
	},
	"gemini flash, audio": {"gemini", "gemini-2.5-flash", pricing.Usage{PromptTokens: 300, AudioInputTokens: 200, CompletionTokens: 10}, 100*300 + 200*1_000 + 10*2_500},

	"gpt-image-1, a square of high quality": {"openai", "gpt-image-1", pricing.Usage{PromptTokens: 50, CompletionTokens: 4_160, ImageOutputTokens: 4_160, Images: 1}, 50*5_000 + 4_160*40_000},
	"gpt-image-1, from a picture":           {"openai", "gpt-image-1", pricing.Usage{PromptTokens: 373, ImageInputTokens: 323, CompletionTokens: 272, ImageOutputTokens: 272, Images: 1}, 50*5_000 + 323*10_000 + 272*40_000},
	"gpt-image-1.5, with words":             {"openai", "gpt-image-1.5", pricing.Usage{PromptTokens: 20, CompletionTokens: 1_100, ImageOutputTokens: 1_056}, 20*5_000 + 44*10_000 + 1_056*32_000},
	"gemini draws":                          {"gemini", "gemini-2.5-flash-image", pricing.Usage{PromptTokens: 10, CompletionTokens: 1_290, ImageOutputTokens: 1_290}, 10*300 + 1_290*30_000},
	"gpt-audio-mini, spoken to":             {"openai", "gpt-audio-mini", pricing.Usage{PromptTokens: 120, AudioInputTokens: 100, CompletionTokens: 30, AudioOutputTokens: 25}, 20*600 + 100*10_000 + 5*2_400 + 25*20_000},
	"4o-transcribe, by the token":           {"openai", "gpt-4o-transcribe", pricing.Usage{PromptTokens: 114, AudioInputTokens: 100, CompletionTokens: 25}, 114*2_500 + 25*10_000},
	"4o-mini-tts":                           {"openai", "gpt-4o-mini-tts", pricing.Usage{PromptTokens: 15, CompletionTokens: 200, AudioOutputTokens: 200}, 15*2_500 + 200*12_000},
	"phi, spoken to":                        {"azure", "Phi-4-multimodal-instruct", pricing.Usage{PromptTokens: 110, AudioInputTokens: 100, CompletionTokens: 10}, 10*80 + 100*4_000 + 10*320},
}

var pieceCosts = map[string]costCase{
	"dall-e-3":                     {"openai", "dall-e-3", pricing.Usage{Images: 1, ImageSize: "1024x1024", ImageQuality: "standard"}, 40_000_000},
	"dall-e-3, tall and hd, two":   {"openai", "dall-e-3", pricing.Usage{Images: 2, ImageSize: "1024x1792", ImageQuality: "hd"}, 2 * 120_000_000},
	"dall-e-3, nobody said how":    {"openai", "dall-e-3", pricing.Usage{Images: 1}, 120_000_000},
	"dall-e-3, square, some way":   {"openai", "dall-e-3", pricing.Usage{Images: 1, ImageSize: "1024x1024"}, 80_000_000},
	"dall-e-2, small ones":         {"openai", "dall-e-2", pricing.Usage{Images: 10, ImageSize: "256x256", ImageQuality: "standard"}, 10 * 16_000_000},
	"dall-e-2, an unknown size":    {"openai", "dall-e-2", pricing.Usage{Images: 1, ImageSize: "9x9"}, 20_000_000},
	"imagen":                       {"gemini", "imagen-4.0-ultra-generate-001", pricing.Usage{Images: 4, ImageSize: "1024x1024"}, 4 * 60_000_000},
	"flux on azure":                {"azure", "FLUX-1.1-pro", pricing.Usage{Images: 3}, 3 * 40_000_000},
	"whisper, a minute":            {"openai", "whisper-1", pricing.Usage{AudioSeconds: 60}, 6_000_000},
	"whisper, 8 seconds":           {"openai", "whisper-1", pricing.Usage{AudioSeconds: 8}, 800_000},
	"whisper on groq, a second":    {"groq", "whisper-large-v3", pricing.Usage{AudioSeconds: 1}, 30_834}, // 111,000,000 ÷ 3,600 = 30,833.3
	"whisper on groq, an hour":     {"groq", "whisper-large-v3", pricing.Usage{AudioSeconds: 3_600}, 111_000_000},
	"tts-1":                        {"openai", "tts-1", pricing.Usage{Characters: 43}, 43 * 15_000},
	"tts-1-hd":                     {"openai", "tts-1-hd", pricing.Usage{Characters: 4_096}, 4_096 * 30_000},
	"search preview, by default":   {"openai", "gpt-4o-search-preview", pricing.Usage{PromptTokens: 10, CompletionTokens: 10, Searches: 1}, 10*2_500 + 10*10_000 + 35_000_000},
	"search preview, high context": {"openai", "gpt-4o-search-preview", pricing.Usage{PromptTokens: 10, CompletionTokens: 10, Searches: 1, SearchContext: "high"}, 10*2_500 + 10*10_000 + 50_000_000},
	"mini search, low context":     {"openai", "gpt-4o-mini-search-preview", pricing.Usage{Searches: 2, SearchContext: "low"}, 2 * 25_000_000},
	"opus searches thrice":         {"anthropic", "claude-opus-4-6", pricing.Usage{PromptTokens: 30_000, CompletionTokens: 500, Searches: 3}, 30_000*5_000 + 500*25_000 + 3*10_000_000},
	"fewer than none":              {"openai", "dall-e-3", pricing.Usage{Images: -1, AudioSeconds: -1, Characters: -1, Searches: -1}, 0},
}
