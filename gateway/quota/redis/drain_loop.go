package redis

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// drainPause gathers entries: the record is that much behind what is settled.
	drainPause = 20 * time.Millisecond
	// failurePause is how long the next try waits when one fails.
	failurePause = 100 * time.Millisecond
	// drainSweep is how often all slots are looked at, those of gateways that died included.
	drainSweep = 10 * time.Second
)

// Drain moves everything that was settled, by any gateway, to the record.
func (r *Engine) Drain(ctx context.Context) error {
	if err := r.retryPending(ctx); err != nil {
		return err
	}
	if err := r.streams.All(ctx); err != nil {
		return err
	}
	return errors.Join(r.pots.TellAllHomes(ctx), r.pots.Sweep(ctx))
}

// drainOwn repeats what was not answered and moves what this gateway has put into streams.
func (r *Engine) drainOwn(ctx context.Context) error {
	if err := r.retryPending(ctx); err != nil {
		return err
	}
	if err := r.streams.Own(ctx); err != nil {
		return err
	}
	return r.pots.TellAllHomes(ctx)
}

// drainLoop drains soon after something was settled, and everything once in a while.
func (r *Engine) drainLoop(ctx context.Context) {
	sweep := time.NewTicker(drainSweep)
	defer sweep.Stop()
	for {
		drain := r.drainOwn
		select {
		case <-ctx.Done():
			return
		case <-r.streams.Woken:
		case <-sweep.C:
			drain = r.Drain
		}
		if err := drain(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.Warn("the record is behind", slog.Any("error", err))
			r.pause(ctx, failurePause)
			r.streams.Wake()
			continue
		}
		// What is settled meanwhile goes to the record together.
		r.pause(ctx, drainPause)
	}
}

func (r *Engine) pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
