package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// Reload puts in force what can be changed without a restart: the file's models, prices, teams, budgets, alert
// routes and workloads. It logs what else has changed and needs one. When it fails nothing has changed, but for a store that
// broke off in the middle; the error says what is wrong.
func (a *App) Reload(ctx context.Context, next config.Config) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	restart := a.options.Config.NeedsRestart(next)
	// What needs a restart stays as it is, also where it bears on what does not.
	now := a.options.Config.Reloaded(next)
	filed, since, err := readModels(now, a.parts.fetchedPrices())
	if err != nil {
		return err
	}
	p := a.parts
	if err := p.declared.declare(ctx, p.store, p.changes, now, a.options.Logger); err != nil {
		return err
	}
	before := p.source.filed.Swap(filed)
	if err := p.models.Reload(ctx); err != nil {
		p.source.filed.Store(before)
		return fmt.Errorf("the models stay as they were, teams and budgets have changed: %w", err)
	}
	p.pricesSince.Store(&since)
	p.workloads.Replace(p.readers.workloads(now, a.options.Logger))
	for _, warning := range next.Warnings {
		a.options.Logger.Warn(warning)
	}
	a.options.Logger.Info("the configuration was read again", slog.String("file", next.File),
		slog.Int("models", len(now.Models)), slog.Int("teams", len(now.Teams)), slog.Int("budgets", len(now.Budgets)),
		slog.Int("alert_routes", len(now.AlertRoutes)), slog.Int("workloads", len(now.Workloads)))
	if len(restart) > 0 {
		a.options.Logger.Warn("settings have changed that need a restart, and stay as they were", slog.Any("settings", restart))
	}
	return nil
}
