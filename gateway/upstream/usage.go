package upstream

import (
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// Usage is what a provider says a request used, in its own words for sizes and tiers. What it does not report, such as the
// characters that were spoken, is 0.
type Usage pricing.Usage

// ParseUsage reads the usage object of a chat completion, a completion, an embedding, or of a
// stream's chunk. It reports false when there is none or when it makes no sense.
func ParseUsage(data []byte) (Usage, bool) {
	var report choicesReport
	if !report.take(data) {
		return Usage{}, false
	}
	return report.usage()
}

// addHidden takes in completion tokens that only the total has: xAI and Gemini count reasoning
// beside the completion, OpenAI within it.
func (u *Usage) addHidden(total int64) {
	hidden := total - u.PromptTokens - u.CompletionTokens
	if total < 0 || min(u.PromptTokens, u.CompletionTokens, u.ReasoningTokens) < 0 || hidden <= 0 {
		return
	}
	u.ReasoningTokens = max(u.ReasoningTokens, hidden)
	u.CompletionTokens += hidden
}

// addCacheBeside takes in what was read from a cache where that exceeds the prompt: the server
// counts it beside the rest, as Anthropic does, and not within.
func (u *Usage) addCacheBeside() {
	if u.CachedTokens > u.PromptTokens && u.PromptTokens >= 0 {
		u.PromptTokens += u.CachedTokens + max(u.CacheWriteTokens, 0) + max(u.CacheWrite1hTokens, 0)
	}
}

// ParseResponsesUsage reads what a response object, as /v1/responses answers it and as its
// streams end with, says that it used. It reports false when that is nothing or makes no sense.
func ParseResponsesUsage(response gjson.Result) (Usage, bool) {
	usage := response.Get("usage")
	if !usage.IsObject() {
		return Usage{}, false
	}
	input, output := usage.Get("input_tokens_details"), usage.Get("output_tokens_details")
	parsed := Usage{
		PromptTokens:      count(usage.Get("input_tokens")),
		CachedTokens:      count(input.Get("cached_tokens")),
		CacheWriteTokens:  count(input.Get("cache_write_tokens")),
		AudioInputTokens:  count(input.Get("audio_tokens")),
		ImageInputTokens:  count(input.Get("image_tokens")),
		CompletionTokens:  count(usage.Get("output_tokens")),
		ReasoningTokens:   count(output.Get("reasoning_tokens")),
		AudioOutputTokens: count(output.Get("audio_tokens")),
		ImageOutputTokens: count(output.Get("image_tokens")),
		Searches:          responseSearches(response.Get("output")),
		Service:           service(response.Get("service_tier")),
		Cost:              reportedCost(usage),
	}
	parsed.addCacheBeside()
	parsed.addHidden(count(usage.Get("total_tokens")))
	return parsed, parsed.plausible()
}

// responseSearches counts web searches. Opening a page and looking for a word in it belong to one.
func responseSearches(output gjson.Result) int64 {
	var searches int64
	output.ForEach(func(_, item gjson.Result) bool {
		if item.Get("type").Str != "web_search_call" {
			return true
		}
		if action := item.Get("action.type").Str; action == "" || action == "search" {
			searches++
		}
		return true
	})
	return searches
}

// ParseMessagesUsage reads Anthropic's usage object. It counts cached input beside the rest of the
// input; [Usage] counts it within. It reports false when the object is none or makes no sense.
func ParseMessagesUsage(usage gjson.Result) (Usage, bool) {
	var report messagesReport
	if !report.take(usage) {
		return Usage{}, false
	}
	return report.usage()
}

// ParseImagesUsage reads the answer of /v1/images/generations. Without a usage object, which
// older models do not report, only the pictures are counted; false is no picture and no usage.
func ParseImagesUsage(answer []byte) (Usage, bool) {
	parsed := Usage{
		Images:       gjson.GetBytes(answer, "data.#").Int(),
		ImageSize:    gjson.GetBytes(answer, "size").Str,
		ImageQuality: gjson.GetBytes(answer, "quality").Str,
	}
	usage := gjson.GetBytes(answer, "usage")
	if usage.IsObject() {
		parsed.Cost = reportedCost(usage)
		parsed.PromptTokens = count(usage.Get("input_tokens"))
		parsed.ImageInputTokens = count(usage.Get("input_tokens_details.image_tokens"))
		parsed.CachedTokens = count(usage.Get("input_tokens_details.cached_tokens"))
		parsed.CompletionTokens = count(usage.Get("output_tokens"))
		parsed.ImageOutputTokens = parsed.CompletionTokens
		if details := usage.Get("output_tokens_details.image_tokens"); details.Exists() {
			parsed.ImageOutputTokens = count(details)
		}
	}
	return parsed, parsed.plausible()
}

// ParseTranscriptionUsage reads the answer of /v1/audio/transcriptions, which reports tokens or
// the length of the sound. It reports false when neither is there or makes sense.
func ParseTranscriptionUsage(answer []byte) (Usage, bool) {
	usage := gjson.GetBytes(answer, "usage")
	length := usage.Get("seconds")
	if !length.Exists() {
		length = gjson.GetBytes(answer, "duration")
	}
	parsed := Usage{
		PromptTokens:     count(usage.Get("input_tokens")),
		AudioInputTokens: count(usage.Get("input_token_details.audio_tokens")),
		CompletionTokens: count(usage.Get("output_tokens")),
		AudioSeconds:     started(length),
		Cost:             reportedCost(usage),
	}
	return parsed, parsed.plausible()
}

// maxPlausible is more than any request uses of anything.
const maxPlausible = 1 << 40

// count reads a number of tokens or of pieces; -1 is one that makes no sense.
func count(value gjson.Result) int64 {
	if value.Type == gjson.Null {
		return 0
	}
	if value.Type != gjson.Number || !(value.Num >= 0 && value.Num <= maxPlausible) {
		return -1
	}
	return int64(value.Num)
}

// started reads a number of seconds, rounded up. Some answers write it as a string.
func started(value gjson.Result) int64 {
	if value.Type == gjson.String {
		value = gjson.Parse(value.Str)
	}
	seconds := count(value)
	if seconds >= 0 && float64(seconds) < value.Num {
		seconds++
	}
	return seconds
}

const longestService = 32

func service(value gjson.Result) string {
	if len(value.Str) > longestService {
		return ""
	}
	return value.Str
}

// plausible: something was used, nothing is negative or absurd, and no part exceeds its whole.
func (u Usage) plausible() bool {
	prompt := max(u.CachedTokens, u.CacheWriteTokens, u.CacheWrite1hTokens, u.AudioInputTokens, u.ImageInputTokens)
	completion := max(u.ReasoningTokens, u.AudioOutputTokens, u.ImageOutputTokens)
	least := min(u.CachedTokens, u.CacheWriteTokens, u.CacheWrite1hTokens, u.AudioInputTokens, u.ImageInputTokens,
		u.ReasoningTokens, u.AudioOutputTokens, u.ImageOutputTokens, u.PromptTokens, u.CompletionTokens,
		u.Images, u.AudioSeconds, u.Searches)
	most := max(u.PromptTokens, u.CompletionTokens)
	return least >= 0 && most <= maxPlausible && prompt <= u.PromptTokens && completion <= u.CompletionTokens &&
		(most > 0 || u.Images > 0 || u.AudioSeconds > 0)
}
