package proxy

import (
	"log/slog"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// believes says whether what a provider reports can be true. Reservations are upper bounds; a report that
// is far above them, and above what the answer shows, is a mistake of the provider's that must not empty
// a budget: the answer is counted instead. Reports that are a little above are taken, for they are billed.
func (p *Proxy) believes(c *call, reported upstream.Usage, shown int) bool {
	if !c.endpoint.capped {
		return true
	}
	most := c.bounds.inputTokens
	if !absurd(reported.PromptTokens, most) &&
		(!absurd(reported.CompletionTokens, c.decision.OutputTokens) || reported.CompletionTokens <= int64(shown)) {
		return true
	}
	p.Logger.Warn("a provider reports an absurd usage; the answer is counted instead",
		slog.String("request_id", c.requestID), slog.String("upstream", c.deployment.Host()),
		slog.Int64("prompt_tokens", reported.PromptTokens), slog.Int64("completion_tokens", reported.CompletionTokens))
	return false
}

// absurd is several times the most that is possible, and more than what a provider adds of its own.
func absurd(reported, most int64) bool {
	const factor, ownPrompt = 4, 65_536
	return reported > factor*most+ownPrompt
}
