package upstream

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// choicesReport gathers what usage objects in OpenAI's words say, in one answer or over a stream.
type choicesReport struct {
	parsed      Usage
	total, hits int64
	prompted    bool
}

// take reads the usage object of an answer or a chunk over those before it: the counts are totals
// so far, and what is left out or null still holds. It reports false when there is no object.
func (r *choicesReport) take(data []byte) bool {
	var usage gjson.Result
	if bytesMayHave(data, usageMember) {
		usage = gjson.GetBytes(data, "usage")
	}
	if usage.IsObject() || r.parsed.Service == "" { // most chunks only repeat the tier
		r.takeService(data)
	}
	if !usage.IsObject() {
		return false
	}
	r.takeSearches(usage)
	if cost := reportedCost(usage); cost > 0 {
		r.parsed.Cost = cost
	}
	usage.ForEach(func(name, value gjson.Result) bool {
		if value.Type == gjson.Null {
			return true
		}
		switch name.Str {
		case "prompt_tokens":
			if tokens := count(value); tokens != 0 || !r.prompted {
				r.parsed.PromptTokens, r.prompted = tokens, true
			}
		case "completion_tokens":
			if tokens := count(value); tokens != 0 || r.parsed.CompletionTokens < 0 {
				r.parsed.CompletionTokens = tokens // totals so far never go back to none
			}
		case "total_tokens":
			r.total = count(value)
		case "prompt_cache_hit_tokens":
			r.hits = count(value) // DeepSeek's word
		case "prompt_tokens_details":
			value.ForEach(r.parsed.promptDetail)
		case "completion_tokens_details":
			value.ForEach(r.parsed.completionDetail)
		}
		return true
	})
	return true
}

var serviceTier = []byte(`"service_tier"`)

// takeService reads the service tier, which a stream may name in any of its chunks.
func (r *choicesReport) takeService(data []byte) {
	if !bytes.Contains(data, serviceTier) {
		return
	}
	if named := service(gjson.GetBytes(data, "service_tier")); named != "" {
		r.parsed.Service = named
	}
}

// searchWords are where vendors say how many web searches, or sources of one, they charge.
var searchWords = []string{
	"server_tool_use.web_search_requests", "num_sources_used", "num_search_queries", "web_search_requests",
	"prompt_tokens_details.web_search_requests", "server_side_tool_usage_details.web_search_calls", "tool_usage.web_search.num_requests",
}

// TellsSearches says whether an answer, or a stream's event, says how many web searches were made, be it none.
func TellsSearches(data []byte) bool {
	usage := gjson.GetBytes(data, "usage")
	for _, word := range searchWords {
		if usage.Get(word).Type == gjson.Number {
			return true
		}
	}
	return false
}

// takeSearches reads how many web searches are charged.
func (r *choicesReport) takeSearches(usage gjson.Result) {
	if !strings.Contains(usage.Raw, "search") && !strings.Contains(usage.Raw, "num_sources_used") {
		return // nearly all
	}
	for _, word := range searchWords {
		if told := usage.Get(word); told.Type == gjson.Number {
			searches := count(told)
			if searches < 0 {
				r.parsed.Searches = searches
				return
			}
			r.parsed.Searches = max(r.parsed.Searches, searches)
		}
	}
}

// usage is all of it; false is that it makes no sense.
func (r *choicesReport) usage() (Usage, bool) {
	parsed := r.parsed
	if parsed.CachedTokens == 0 {
		parsed.CachedTokens = r.hits
	}
	if !r.prompted {
		parsed.PromptTokens = max(r.total-parsed.CompletionTokens, 0) // all that some servers say of an embedding
	}
	parsed.addCacheBeside()
	parsed.addHidden(r.total)
	return parsed, parsed.plausible()
}

func (u *Usage) promptDetail(name, value gjson.Result) bool {
	if value.Type == gjson.Null {
		return true
	}
	switch name.Str {
	case "cached_tokens":
		u.CachedTokens = count(value)
	case "cache_write_tokens":
		u.CacheWriteTokens = count(value)
	case "cache_write_1h_tokens": // nobody's word: translated answers of Anthropic's carry it
		u.CacheWrite1hTokens = count(value)
	case "audio_tokens":
		u.AudioInputTokens = count(value)
	case "image_tokens":
		u.ImageInputTokens = count(value)
	}
	return true
}

func (u *Usage) completionDetail(name, value gjson.Result) bool {
	if value.Type == gjson.Null {
		return true
	}
	switch name.Str {
	case "reasoning_tokens":
		u.ReasoningTokens = count(value)
	case "audio_tokens":
		u.AudioOutputTokens = count(value)
	case "image_tokens":
		u.ImageOutputTokens = count(value)
	}
	return true
}
