// Package tokens counts the tokens of prompts and completions.
//
// It promises that the first bound is never below what the vendors count, that the second is close
// above it for every model, and that bodies of any kind are counted in bounded time. It must never know
// of prices, teams, limits or HTTP: it is arithmetic on the text of a request.
package tokens

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

const (
	// What OpenAI adds for a message, for its name, and to start the answer.
	tokensPerMessage = 3
	tokensPerMember  = 1
	tokensPerAnswer  = 3
)

// countPrompt counts a body without the data of its media.
func countPrompt(m *measure, body []byte) promptCount {
	count := promptCount{measure: m}
	count.request(body)
	return count
}

// EstimateTokens is the likeliest number of prompt tokens, to book a request by whose upstream
// reported no usage. For OpenAI's models and a prompt of text it is exact, as [CountText] is;
// pictures and sound are booked at what they cost at most. What cannot be weighed is not in it.
func EstimateTokens(model string, body []byte) int64 {
	found := content.Find(body)
	count := countPrompt(newMeasure(vocabularyOf(model), maxTokenizing), found.Without(body))
	toolless := found
	toolless.Toolset = false
	tokens := tokensPerAnswer + count.tokens + mediaTokens(model, &toolless) + likely(model, count.total.exact)
	return min(tokens, BoundOf(model, body, &found))
}

// CountText is how many tokens a completion has, for streams that end without usage.
// It is exact for OpenAI's models; for others it is their count and a quarter more, never
// above the number of bytes.
func CountText(model, text string) int64 {
	count := newMeasure(vocabularyOf(model), maxTokenizing)
	count.text(text)
	return min(likely(model, count.total.exact), int64(len(text)))
}

// likely is what a model of any family makes of so many tokens of the nearest vocabulary.
func likely(model string, tokens int64) int64 {
	if _, known := encodingOf(model); known {
		return tokens
	}
	return tokens + (tokens+3)/4
}
