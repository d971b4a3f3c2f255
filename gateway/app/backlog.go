package app

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
)

// backlogEvery is how often the metrics of what waits for the record are brought up to date.
const backlogEvery = 5 * time.Second

// watchBacklog keeps the metrics of what waits for the record until ctx ends.
func (p *parts) watchBacklog(ctx context.Context) {
	every.Do(ctx, backlogEvery, func(ctx context.Context) {
		// Counters that cannot be reached have a metric of their own.
		if backlog, err := p.engine.Backlog(ctx); err == nil {
			p.metrics.LedgerBehind(backlog.Entries, backlog.Oldest)
		}
	})
}
