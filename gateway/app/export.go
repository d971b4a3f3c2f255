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
	"github.com/bursarhq/terraform-provider-bursar/gateway/retention/s3"
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

func (p *parts) openRetention(options Options) error {
	settings := options.Config.Retention
	if settings.Ledger == 0 && settings.Alerts == 0 {
		return nil
	}
	archive, err := archiveOf(settings)
	if err != nil {
		return err
	}
	p.retention = retention.New(retentionOf(options.Config, retention.Options{
		Record: p.store, Archive: archive, OnDeleted: p.metrics.LedgerDeleted, Logger: options.Logger, Now: options.Now,
	}))
	return nil
}

// archiveOf is where rows are written before they go, nil for nowhere. The address of a bucket is the operator's, as those of
// providers are that stand in the file.
func archiveOf(settings config.Retention) (retention.Archive, error) {
	switch {
	case settings.S3.Bucket != "":
		bucket, err := s3.New(s3.Place(settings.S3), safedial.Reach{Operator: true}.Control)
		if err != nil {
			return nil, fmt.Errorf("retention.s3: %w", err)
		}
		return bucket, nil
	case settings.Archive != "":
		return retention.Folder{Path: settings.Archive}, nil
	default:
		return nil, nil
	}
}

// retentionOf adds what the configuration says.
func retentionOf(settings config.Config, options retention.Options) retention.Options {
	options.Keep, options.Alerts = settings.Retention.Ledger, settings.Retention.Alerts
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
