package proxy

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
)

// log writes the one line of a call, with the fields that the documentation promises.
func (p *Proxy) log(ctx context.Context, c *call, status int) {
	latency := p.Now().Sub(c.started)
	c.took, c.overhead = latency, max(0, latency-c.upstreamFor)
	room, _ := attrLists.Get().(*[]slog.Attr)
	attrs := append((*room)[:0],
		slog.Time("timestamp", c.started.UTC()),
		slog.String("model", asked.NameForLog(cmp.Or(c.model, c.Model), c.served.Label != "")),
		slog.Int64("prompt_tokens", c.usage.PromptTokens),
		slog.Int64("completion_tokens", c.usage.CompletionTokens),
		slog.Int64("total_tokens", c.usage.PromptTokens+c.usage.CompletionTokens),
		slog.Float64("cost_usd", float64(c.cost)/1e9),
		slog.String("request_id", c.requestID),
		slog.Int("status", status),
		slog.Int64("latency_ms", latency.Milliseconds()),
		slog.Float64("overhead_ms", milliseconds(c.overhead)),
		slog.String("address", httpx.Of(ctx).Address),
	)
	if c.subject != nil {
		attrs = appendSubject(attrs, c)
	}
	if c.deployment.BaseURL != "" {
		attrs = append(attrs, slog.String("upstream", c.deployment.Host()), slog.String("deployment", c.deployment.ID))
	}
	if len(c.wouldRefuse) > 0 {
		attrs = append(attrs, slog.String("would_refuse", strings.Join(c.wouldRefuse, ", ")))
	}
	if c.reason != "" {
		attrs = append(attrs, slog.String("reason", c.reason))
	}
	// A group without a name is written as if its attributes stood alone, and not copied on its way.
	p.Logger.LogAttrs(ctx, slog.LevelInfo, "request", slog.Attr{Value: slog.GroupValue(attrs...)})
	clear(attrs)
	*room = attrs
	attrLists.Put(room)
}

// attrLists are used again: handlers have written a line, and keep nothing of it, when they return.
var attrLists = sync.Pool{New: func() any { return new(make([]slog.Attr, 0, mostAttrs)) }}

// mostAttrs is how many attributes a call's line has at most.
const mostAttrs = 18

// count adds the call to the metrics. A model that is not served is a caller's text and stays out of labels.
func (p *Proxy) count(c *call, status int) {
	above := c.booked && c.endpoint.capped && c.usage.PromptTokens > c.bounds.inputTokens
	if above {
		p.tellAboveBound(c)
	}
	unpriced := c.booked && !c.deployment.FallbackUntil.IsZero()
	if unpriced {
		p.tellUnpriced(c.served.Label, "its calls are booked at the price that unpriced_models states until "+c.deployment.FallbackUntil.UTC().Format(time.DateOnly))
	}
	if p.Metrics == nil {
		return
	}
	counted := metrics.Call{
		Model: c.served.Label, Status: status, Reason: c.reason, WouldRefuse: c.wouldRefuse, Cost: c.cost,
		PromptTokens: c.usage.PromptTokens, CompletionTokens: c.usage.CompletionTokens,
		Overhead: c.overhead, Upstream: c.upstreamFor, Took: c.took, FirstToken: c.firstToken,
	}
	if c.subject != nil && c.subject.Key.TeamID != nil {
		counted.TeamID = *c.subject.Key.TeamID
	}
	counted.AboveBound, counted.Unpriced = above, unpriced
	p.Metrics.CallEnded(counted)
}

func appendSubject(attrs []slog.Attr, c *call) []slog.Attr {
	attrs = append(attrs, slog.String("key_id", c.subject.Key.KeyID))
	if team := c.subject.Key.TeamID; team != nil {
		attrs = append(attrs, slog.String("team_id", *team))
	}
	if user := c.subject.Key.UserID; user != nil {
		attrs = append(attrs, slog.String("user_id", *user))
	}
	return attrs
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
