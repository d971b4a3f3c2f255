package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxTidings bounds what waits to be written down; what is more is told when it happens again.
	maxTidings = 1000
	// tidingsEvery is how long calls go on before people are told of what they met.
	tidingsEvery = time.Second
)

// tidings are what calls meet that people should hear of, once in a while and without any call waiting for it.
type tidings struct {
	mu      sync.Mutex
	waiting map[string]api.AlertEvent
	// told are the ids of a day; the record knows those that other gateways told of.
	told map[string]bool
	day  time.Time
}

func (t *tidings) add(event api.AlertEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if day := event.CreatedAt.Truncate(24 * time.Hour); !day.Equal(t.day) {
		t.day, t.told = day, map[string]bool{}
	}
	if t.told[event.ID] || len(t.waiting) >= maxTidings || len(t.told) >= maxTidings {
		return
	}
	if t.waiting == nil {
		t.waiting = map[string]api.AlertEvent{}
	}
	if _, known := t.waiting[event.ID]; !known {
		t.waiting[event.ID] = event
	}
}

func (t *tidings) take() map[string]api.AlertEvent {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.waiting
	t.waiting = nil
	return taken
}

// written notes that events are in the record.
func (t *tidings) written(events map[string]api.AlertEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id := range events {
		t.told[id] = true
	}
}

// tidingID is the same on all gateways for what is told once in a span.
func tidingID(kind, about string, now time.Time, span time.Duration) string {
	sum := sha256.Sum256([]byte(kind + "\n" + about + "\n" + now.UTC().Truncate(span).Format(time.RFC3339)))
	return "event_" + hex.EncodeToString(sum[:16])
}

const (
	hourly = time.Hour
	daily  = 24 * time.Hour
)

// tellUnpriced tells, once a day for each model, that nobody knows what it costs.
func (p *Proxy) tellUnpriced(model, what string) {
	now := p.Now().UTC()
	p.tidings.add(api.AlertEvent{
		ID: tidingID(api.EventModelUnpriced, model, now, daily), Type: api.EventModelUnpriced, Severity: "warning", CreatedAt: now, Model: model,
		Message: fmt.Sprintf("the model %s has no known price; %s", model, what),
	})
}

// tellFailing tells, once an hour for each deployment, that it failed so often that it is left alone.
func (p *Proxy) tellFailing(model string, failing deployment.Deployment) {
	now := p.Now().UTC()
	p.tidings.add(api.AlertEvent{
		ID:   tidingID(api.EventUpstreamFailing, model+"\n"+failing.ID+"\n"+failing.Host(), now, hourly),
		Type: api.EventUpstreamFailing, Severity: "warning", CreatedAt: now, Model: model, Upstream: failing.Host(),
		Message: fmt.Sprintf("%s failed several calls of the model %s in a row and is left alone for a while", failing.Host(), model),
	})
}

// tellAboveBound tells, once a day for each model and host, that a provider counts more than was reserved.
func (p *Proxy) tellAboveBound(c *call) {
	now := p.Now().UTC()
	host := c.deployment.Host()
	p.tidings.add(api.AlertEvent{
		ID:   tidingID(api.EventUsageAboveBound, c.model+"\n"+host, now, daily),
		Type: api.EventUsageAboveBound, Severity: "warning", CreatedAt: now, Model: c.model, Upstream: host,
		Message: fmt.Sprintf("%s reported %d prompt tokens of the model %s where at most %d were expected (request %s); they are booked in full, and the bound follows",
			host, c.usage.PromptTokens, c.model, c.bounds.inputTokens, c.requestID),
	})
}

// writeTidings puts what waits into the record.
func (p *Proxy) writeTidings(ctx context.Context) {
	events := p.tidings.take()
	if len(events) == 0 {
		return
	}
	entry := quota.Entry{}
	for _, event := range events {
		entry.Alerts = append(entry.Alerts, event)
	}
	if err := p.Events.Append(ctx, []quota.Entry{entry}); err != nil {
		for _, event := range events {
			p.tidings.add(event)
		}
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "alerts could not be recorded yet", slog.Any("error", err))
		return
	}
	p.tidings.written(events)
}

// runTidings does so until ctx ends, and once more.
func (p *Proxy) runTidings(ctx context.Context) {
	tick := time.NewTicker(tidingsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.writeTidings(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
			defer cancel()
			p.writeTidings(last)
			return
		}
	}
}
