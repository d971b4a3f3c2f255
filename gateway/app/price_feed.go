package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/pricefeed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

const (
	// firstPrices bounds how long a start waits for a price list that was never fetched before.
	firstPrices    = 10 * time.Second
	fetchingPrices = 30 * time.Second
	keptPrices     = "prices-last-good.json"
)

// openPriceFeed reads the last good price list, or fetches the first. A list that cannot be had ends no start: the
// built-in prices hold.
func (p *parts) openPriceFeed(ctx context.Context, options Options) error {
	listed := options.Config.PriceFeed
	if listed == nil {
		return nil
	}
	path := ""
	if info, err := os.Stat(options.Config.DataDir); err == nil && info.IsDir() {
		path = filepath.Join(options.Config.DataDir, keptPrices)
	}
	p.feed = pricefeed.New(pricefeed.Options{
		URL: listed.URL, Refresh: listed.Refresh, SHA256: listed.SHA256, PublicKey: listed.PublicKey, Path: path,
		Under: pricing.Embedded(), Changed: p.pricesChanged, Logger: options.Logger, Now: options.Now,
		Client: safedial.NewClient(safedial.Options{
			AllowPrivate: options.Config.AllowPrivateTargets, RootCAs: listed.RootCAs, Timeout: fetchingPrices, MaxResponse: pricefeed.MaxBytes,
		}),
	})
	p.metrics.PriceFeed(func() metrics.PriceFeed {
		status := p.feed.Status()
		return metrics.PriceFeed{Age: options.Now().Sub(status.Fetched), Failures: status.Failures, Refused: status.Refused}
	})
	if p.feed.Catalogue() == nil {
		ctx, cancel := context.WithTimeout(ctx, firstPrices)
		defer cancel()
		_ = p.feed.Fetch(ctx) // it says so itself, and is tried again
	}
	return nil
}

func (p *parts) runPriceFeed(ctx context.Context) {
	if p.feed != nil {
		p.feed.Run(ctx)
	}
}

// fetchedPrices is the list that was fetched last; nil is none.
func (p *parts) fetchedPrices() *pricing.Catalogue {
	if p.feed == nil {
		return nil
	}
	return p.feed.Catalogue()
}

// pricesChanged serves the models by a list that was fetched. Before there are models, whoever reads them takes it in.
func (p *parts) pricesChanged(ctx context.Context, fetched *pricing.Catalogue) error {
	if p.models == nil {
		return nil
	}
	for {
		before := p.source.filed.Load()
		now := *before
		now.over(fetched)
		if !p.source.filed.CompareAndSwap(before, &now) {
			continue // the configuration was read again meanwhile
		}
		if err := p.models.Reload(ctx); err != nil {
			p.source.filed.CompareAndSwap(&now, before)
			return err
		}
		return nil
	}
}
