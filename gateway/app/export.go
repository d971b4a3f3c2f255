package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/ledgerexport"
	"github.com/bursarhq/terraform-provider-bursar/gateway/retention"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

// openExports makes what sends ledger rows to the configured receivers.
func (p *parts) openExports(options Options) error {
	holder := ulid.Make().String()
	for _, export := range options.Config.Exports {
		target, err := p.exportTarget(export, options)
		if err != nil {
			return fmt.Errorf("export %s: %w", export.Name, err)
		}
		p.exports = append(p.exports, ledgerexport.New(ledgerexport.Options{
			Name: export.Name, Source: p.store, Target: target, Holder: holder, Logger: options.Logger,
			OnLag: func(lag ledgerexport.Lag) { p.metrics.ExportLags(export.Name, lag.Rows, lag.Age) },
		}))
	}
	return nil
}

func (p *parts) exportTarget(export config.Export, options Options) (ledgerexport.Target, error) {
	if export.Type == config.ExportFile {
		file := &ledgerexport.File{Path: export.Path, MaxBytes: export.MaxBytes, Keep: export.Keep}
		p.onClose("export "+export.Name, func(context.Context) error { return file.Close() })
		return file, nil
	}
	client := safedial.NewClient(safedial.Options{
		AllowPrivate: options.Config.AllowPrivateTargets, AllowHTTP: options.Config.AllowPrivateTargets,
	})
	return ledgerexport.NewHTTP(client, export.URL, export.Secret, options.Version)
}

func (p *parts) runExports(ctx context.Context) { ledgerexport.RunAll(ctx, p.exports) }

// runRetention deletes ledger rows that are older than they are to be kept, until ctx ends.
func (p *parts) runRetention(ctx context.Context) {
	if p.retention != nil {
		p.retention.Run(ctx)
	}
}

func (p *parts) openRetention(options Options) {
	if settings := options.Config.Retention; settings.Ledger == 0 && settings.Alerts == 0 {
		return
	}
	p.retention = retention.New(retentionOf(options.Config, retention.Options{
		Record: p.store, OnDeleted: p.metrics.LedgerDeleted, Logger: options.Logger, Now: options.Now,
	}))
}

// retentionOf adds what the configuration says.
func retentionOf(settings config.Config, options retention.Options) retention.Options {
	options.Keep, options.Alerts, options.Archive = settings.Retention.Ledger, settings.Retention.Alerts, settings.Retention.Archive
	for _, export := range settings.Exports {
		options.Exports = append(options.Exports, export.Name)
	}
	return options
}

// PlanRetention says what gateways would delete now of a record. It deletes nothing.
func PlanRetention(ctx context.Context, settings config.Config) (ledger, alerts retention.Planned, err error) {
	if err := recordThere(settings); err != nil {
		return ledger, alerts, err
	}
	record, err := openRecord(ctx, settings)
	if err != nil {
		return ledger, alerts, err
	}
	defer func() { err = errors.Join(err, record.Close()) }()
	return retention.New(retentionOf(settings, retention.Options{Record: record, Now: time.Now})).Plan(ctx)
}
