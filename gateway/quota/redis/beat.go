package redis

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// beatEvery is how soon a loss is noticed in a slot that is not called.
const beatEvery = time.Second

// Beat asks, for every slot in which this process holds or has just settled something, whether
// Redis still knows of it, and restores what it does not.
func (r *Engine) Beat(ctx context.Context) error {
	var errs []error
	if r.options.StrictRecovery || !r.options.Manual {
		_, err := r.gateways.Attend(ctx)
		errs = append(errs, err)
	}
	errs = append(errs, r.recovery.PayAll(ctx))
	if !r.conn.Clustered() && errors.Join(errs...) != nil {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, r.recovery.RestoreAll(ctx), r.pots.Beat(ctx))...)
}

func (r *Engine) beatLoop(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for away := false; ; away = r.watch(ctx, away) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.Beat(ctx); err != nil && ctx.Err() == nil && !away {
			r.options.Logger.Warn("ask Redis what it has lost", slog.Any("error", err))
		}
	}
}

// watch tells the owner when Redis goes out of reach and when it is back. It returns what it has told.
func (r *Engine) watch(ctx context.Context, wasAway bool) (away bool) {
	away = r.conn.Breaker.Open()
	if away == wasAway {
		return away
	}
	if away {
		r.options.Logger.ErrorContext(ctx, "the counters cannot be reached", slog.Int("gateways", r.gateways.Count()))
	} else {
		r.options.Logger.InfoContext(ctx, "the counters are in reach again")
	}
	if r.options.OnAway != nil {
		r.options.OnAway(ctx, away, r.gateways.Count())
	}
	return away
}

// Others says since when each of the other gateways has been there that lived at the last beat, by its own clock.
func (r *Engine) Others() []time.Time { return r.gateways.Others() }

// NoteSighting writes down that a gateway has reached the record, for others that cannot. A value that is another
// each time tells when nobody writes any more.
func (r *Engine) NoteSighting(ctx context.Context, value string) error {
	return r.gateways.NoteSighting(ctx, value)
}

// LastSighting returns the value of the last [Engine.NoteSighting] of any gateway, "" when there was none lately.
func (r *Engine) LastSighting(ctx context.Context) (string, error) {
	return r.gateways.LastSighting(ctx)
}
