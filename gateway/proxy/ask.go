package proxy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// askTimeout is how long a provider may take to count a prompt.
	askTimeout = 2 * time.Second
	// askEvery is how often the prompts of one key are counted by a provider at most.
	askEvery = 2 * time.Second
	// What a provider counts is near what it reports, not the same: it gets a twentieth more and a few tokens.
	countMargin, countExtra = 20, 100
)

// countedKeys are those whose prompts a provider has counted lately.
type countedKeys struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// mostAsked bounds the keys that are remembered: then those whose time is over are dropped.
const mostAsked = 10_000

// may says whether a key's prompt may be counted now, and notes that it is.
func (a *countedKeys) may(key string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last[key]) < askEvery {
		return false
	}
	if len(a.last) >= mostAsked {
		for other, at := range a.last {
			if now.Sub(at) >= askEvery {
				delete(a.last, other)
			}
		}
		if len(a.last) >= mostAsked {
			return false
		}
	}
	if a.last == nil {
		a.last = map[string]time.Time{}
	}
	a.last[key] = now
	return true
}

// ask lets the provider count a prompt whose own bound would be refused, once for a call. It says whether the bound is
// a closer one now. Only a prompt that is nothing but what is counted there, and that one model reads, is asked for.
func (p *Proxy) ask(ctx context.Context, c *call, decision quota.Decision, request quota.Request) bool {
	if c.askedProvider || !c.bounds.exact || !c.inputMatters(decision, request) || !c.countable() {
		return false
	}
	c.askedProvider = true
	if !p.asked.may(c.subject.Key.KeyID, p.Now()) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	began := time.Now()
	counted, err := p.Upstream.CountPrompt(ctx, c.served.Deployments[0].Deployment, c.upstreamCall())
	c.upstreamFor += time.Since(began)
	if err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelInfo, "a provider did not count a prompt; its bound stands",
			slog.String("request_id", c.requestID), slog.String("upstream", c.served.Deployments[0].Host()), slog.String("error", err.Error()))
		return false
	}
	closer := boundsOf(c, min(c.bounds.text, counted+counted/countMargin+countExtra))
	closer.exact = true
	if closer.inputTokens >= c.bounds.inputTokens {
		return false
	}
	c.bounds = closer
	return true
}

// countable says whether one provider, which counts prompts, would read the call's and nothing else.
func (c *call) countable() bool {
	first := c.served.Deployments[0]
	if !c.endpoint.capped || c.carried > 0 || c.Work.Rounds > 1 || c.Work.Readings > 1 || c.Holds.Unweighed != nil {
		return false
	}
	for _, d := range c.served.Deployments {
		if !d.CountsPrompts() || d.UpstreamModel != first.UpstreamModel {
			return false
		}
	}
	return true
}
