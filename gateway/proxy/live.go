package proxy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// renewEvery keeps a reservation alive well within the time after which it counts as abandoned.
const renewEvery = 5 * time.Second

// liveCalls are the calls whose reservations this gateway answers for, with what ends each one's work upstream.
type liveCalls struct {
	mu    sync.Mutex
	calls map[*call]func()
	// stopping: whoever comes now is ended at once.
	stopping bool
	// ended is closed when a call has ended; nil while nobody waits for that.
	ended chan struct{}
}

func newLiveCalls() *liveCalls {
	return &liveCalls{calls: map[*call]func(){}}
}

func (l *liveCalls) add(c *call, end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[c] = end
	if l.stopping {
		c.cutOff.Store(true)
		end()
	}
}

func (l *liveCalls) remove(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.calls, c)
	if l.ended != nil {
		close(l.ended)
		l.ended = nil
	}
}

// checkpoints are those of the calls that have one.
func (l *liveCalls) checkpoints(of func(*call) (quota.Checkpoint, bool)) []quota.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	checkpoints := make([]quota.Checkpoint, 0, len(l.calls))
	for c := range l.calls {
		if checkpoint, has := of(c); has {
			checkpoints = append(checkpoints, checkpoint)
		}
	}
	return checkpoints
}

// bytesPerToken turns produced text into tokens for a checkpoint, where a rough figure is enough.
const bytesPerToken = 4

// checkpoint is what the call would be settled at if the gateway died now.
func (c *call) checkpoint() (quota.Checkpoint, bool) {
	usage := pricing.Usage{PromptTokens: c.bounds.inputTokens, CompletionTokens: c.produced.Load() / bytesPerToken}
	return quota.Checkpoint{
		ID: c.id, Slot: c.subject.Slot,
		Tokens: usage.PromptTokens + usage.CompletionTokens,
		Cost:   c.served.Deployments[0].Price.Cost(usage),
	}, true
}

func (l *liveCalls) renew(ctx context.Context, p *Proxy) {
	every.Do(ctx, renewEvery, func(ctx context.Context) {
		p.renew(ctx, p.Engine, l.checkpoints((*call).checkpoint))
		p.renew(ctx, p.Capacity, l.checkpoints((*call).capacityCheckpoint))
	})
}

func (p *Proxy) renew(ctx context.Context, engine quota.Engine, checkpoints []quota.Checkpoint) {
	if len(checkpoints) == 0 {
		return
	}
	if err := engine.Renew(ctx, checkpoints); err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "reservations were not renewed",
			slog.Int("calls", len(checkpoints)), slog.String("error", err.Error()))
	}
}

// Running is how many calls are under way, each with what it has reserved.
func (p *Proxy) Running() int {
	p.live.mu.Lock()
	defer p.live.mu.Unlock()
	return len(p.live.calls)
}
