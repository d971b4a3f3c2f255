package calibration

import (
	"context"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// overlap is how far back the record is read again, for gateways whose clocks differ or that were late.
	overlap = 5 * time.Minute
	// purgeEvery is how often old reports are dropped.
	purgeEvery = time.Hour
	// lastWrite is how long the last writing may take.
	lastWrite = 2 * time.Second
)

// Run shares what is learned with other gateways until ctx ends, and writes it a last time.
func (b *Book) Run(ctx context.Context) {
	if b.options.Record == nil {
		return
	}
	var read, purged time.Time
	share := func(ctx context.Context) {
		now := b.options.Now()
		b.try(ctx, "read", func(ctx context.Context) error { return b.read(ctx, &read, now) })
		if now.Sub(purged) > purgeEvery {
			purged = now
			b.try(ctx, "purge", func(ctx context.Context) error {
				return b.options.Record.PurgeTokenReports(ctx, now.Add(-tokens.ReportAge))
			})
			b.forget(now)
		}
	}
	share(ctx)
	every.Do(ctx, b.options.Every, func(ctx context.Context) {
		b.try(ctx, "write", b.write)
		share(ctx)
	})
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
	defer cancel()
	b.try(last, "write", b.write)
}

func (b *Book) try(ctx context.Context, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		b.options.Logger.LogAttrs(ctx, slog.LevelWarn, "what providers make of prompts could not be shared with other gateways",
			slog.String("step", what), slog.String("error", err.Error()))
	}
}

// read takes what others have learned since the last time.
func (b *Book) read(ctx context.Context, since *time.Time, now time.Time) error {
	learned, err := b.options.Record.TokenReports(ctx, since.Add(-overlap))
	if err != nil {
		return err
	}
	*since = now
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range learned {
		if l.Gateway == b.gateway {
			continue
		}
		for _, report := range l.Reports {
			add(b.known, Place{l.Deployment, l.Model}, l.Kind, tokens.Report(report))
		}
	}
	return nil
}

// write puts into the record what was learned since the last time. What could not be written is tried again.
func (b *Book) write(ctx context.Context) error {
	learned := b.takeUnwritten()
	if len(learned) == 0 {
		return nil
	}
	err := b.options.Record.PutTokenReports(ctx, learned)
	if err == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range learned {
		b.unwritten[subject{Place{l.Deployment, l.Model}, l.Kind}] = true
	}
	return err
}

func (b *Book) takeUnwritten() []api.TokenReports {
	b.mu.Lock()
	defer b.mu.Unlock()
	learned := make([]api.TokenReports, 0, len(b.unwritten))
	for s := range b.unwritten {
		l := api.TokenReports{Deployment: s.place.Deployment, Model: s.place.Model, Kind: s.kind, Gateway: b.gateway}
		for _, report := range b.own[s.place][s.kind] {
			l.Reports = append(l.Reports, api.TokenReport(report))
		}
		learned = append(learned, l)
	}
	clear(b.unwritten)
	return learned
}

// forget drops deployments of which nothing was heard for long: most of them are gone.
func (b *Book) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, places := range []map[Place]map[string]tokens.Reports{b.known, b.own} {
		for place, kinds := range places {
			for kind, reports := range kinds {
				if kinds[kind] = reports.Since(now); len(kinds[kind]) == 0 {
					delete(kinds, kind)
				}
			}
			if len(kinds) == 0 {
				delete(places, place)
			}
		}
	}
}
