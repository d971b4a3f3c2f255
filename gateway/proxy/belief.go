package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// Events takes alert events into the record.
type Events interface {
	Append(ctx context.Context, entries []quota.Entry) error
}

const (
	// longestSound is the most that one file of sound is believed to hold, in seconds: a day.
	longestSound = 24 * 60 * 60
	// mostSearches is the most web searches that one answer is believed to have made.
	mostSearches = 1000
)

// possible is the most that a call can have used. What a provider reports within it is booked, however far it is
// above what was expected: it is billed.
type possible struct{ prompt, completion, images, seconds, searches int64 }

func (c *call) possible() possible {
	d := c.deployment
	window := max(c.windowAt(d), d.LargestWindow())
	output := d.MaxOutputTokens
	if output == 0 {
		output = window
	}
	pieces := max(c.Choices, c.Inputs)
	return possible{
		prompt:     max(window*pieces*c.Work.Rounds, c.bounds.inputTokens),
		completion: max(max(output, c.ClientCap)*pieces*c.Work.Rounds, c.decision.OutputTokens, c.Unbounded),
		images:     max(c.Most.Images, asked.MaxImages),
		seconds:    max(c.Most.AudioSeconds, longestSound),
		searches:   max(c.Most.Searches, mostSearches),
	}
}

// believed is what is booked of what a provider reports: all of it, unless it cannot be. Then the part that cannot
// be is what our own count says, or the most that is possible if that is more, and never costs less than what was
// reserved. An event tells of it.
func (p *Proxy) believed(ctx context.Context, c *call, reported upstream.Usage, counted func() pricing.Usage) pricing.Usage {
	used, most := c.reported(reported), c.possible()
	within := used.PromptTokens <= most.prompt && used.CompletionTokens <= most.completion
	if within && used.Images <= most.images && used.AudioSeconds <= most.seconds && used.Searches <= most.searches {
		return used
	}
	own := counted()
	used.Cost = 0 // nor is its word on the cost believed
	if used.PromptTokens > most.prompt {
		used = withoutPrompt(used)
		used.PromptTokens = max(most.prompt, own.PromptTokens)
		c.leastCost += c.bounds.inputCost
	}
	if used.CompletionTokens > most.completion {
		used.CompletionTokens = max(most.completion, own.CompletionTokens)
		used.ReasoningTokens, used.AudioOutputTokens, used.ImageOutputTokens = 0, own.AudioOutputTokens, own.ImageOutputTokens
		c.leastCost += c.reservedOutput()
	}
	used.Images, used.AudioSeconds = min(used.Images, most.images), min(used.AudioSeconds, most.seconds)
	used.Searches = min(used.Searches, most.searches)
	p.tellImpossible(ctx, c, fmt.Sprintf("%d prompt tokens, %d completion tokens", reported.PromptTokens, reported.CompletionTokens))
	return used
}

// withoutPrompt leaves out the parts of a prompt that is not believed.
func withoutPrompt(used pricing.Usage) pricing.Usage {
	used.CachedTokens, used.CacheWriteTokens, used.CacheWrite1hTokens = 0, 0, 0
	used.AudioInputTokens, used.ImageInputTokens = 0, 0
	return used
}

// replaced is what is booked where a provider reports less than nothing, which says nothing: our own count, and
// never less than what was reserved.
func (p *Proxy) replaced(ctx context.Context, c *call, counted pricing.Usage) pricing.Usage {
	counted.PromptTokens = max(counted.PromptTokens, c.bounds.inputTokens)
	counted.CompletionTokens = max(counted.CompletionTokens, c.decision.OutputTokens)
	c.leastCost += c.bounds.inputCost + c.reservedOutput()
	p.tellImpossible(ctx, c, "negative numbers")
	return counted
}

// reservedOutput is what was reserved for the answer.
func (c *call) reservedOutput() money.Nano {
	return money.Nano(c.decision.OutputTokens) * c.bounds.outputTokenCost
}

// tellTimeout bounds how long a client waits for the record of an event.
const tellTimeout = 2 * time.Second

// tellImpossible tells people, once in an hour for each team and deployment, that a provider reports what cannot be.
func (p *Proxy) tellImpossible(ctx context.Context, c *call, what string) {
	p.Logger.LogAttrs(ctx, slog.LevelWarn, "a provider reports a usage that is not possible; the most that is possible is booked",
		slog.String("request_id", c.requestID), slog.String("upstream", c.deployment.Host()), slog.String("reported", what))
	if p.Events == nil {
		return
	}
	now := p.Now().UTC()
	team, _ := c.owner()
	sum := sha256.Sum256([]byte(team + "\n" + c.deployment.ID + "\n" + now.Truncate(time.Hour).String()))
	event := api.AlertEvent{
		ID:   "impossible_" + hex.EncodeToString(sum[:16]),
		Type: api.EventUsageImpossible, Severity: "warning", CreatedAt: now,
		Message: fmt.Sprintf("%s reports a usage of the model %s that is not possible (%s); the most that is possible is booked instead (request %s)",
			c.deployment.Host(), c.model, what, c.requestID),
		TeamID: team,
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if err := p.Events.Append(ctx, []quota.Entry{{Alerts: []api.AlertEvent{event}}}); err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "an alert could not be recorded", slog.String("error", err.Error()))
	}
}
