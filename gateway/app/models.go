package app

import (
	"fmt"
	"log/slog"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/pricing"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// models groups the configured deployments by the name that clients ask for and finds their prices.
func models(configured []config.Model, catalogue *pricing.Catalogue, logger *slog.Logger) ([]proxy.Model, error) {
	var list []proxy.Model
	index := map[string]int{}
	for _, entry := range configured {
		at, known := index[entry.Name]
		if !known {
			at = len(list)
			index[entry.Name] = at
			list = append(list, proxy.Model{Name: entry.Name})
		}
		deployment, err := deployment(entry, catalogue)
		if err != nil {
			return nil, err
		}
		if !deployment.Priced {
			logger.Warn("a model has no known price; set models[].price to serve it", slog.String("model", entry.Name))
		}
		list[at].Deployments = append(list[at].Deployments, deployment)
	}
	return list, nil
}

func deployment(entry config.Model, catalogue *pricing.Catalogue) (proxy.Deployment, error) {
	d := proxy.Deployment{Deployment: upstream.Deployment{
		Model: entry.Name, UpstreamModel: entry.UpstreamModel, Provider: entry.Upstream,
		BaseURL: entry.BaseURL, APIKey: entry.APIKey, APIVersion: entry.APIVersion,
	}}
	listed, known := catalogue.Model(entry.Upstream, entry.UpstreamModel)
	d.Price, d.Priced, d.MaxOutputTokens = listed.Price, known, listed.MaxOutputTokens
	if entry.Price != nil {
		price, err := pricing.Terms{
			Input: &entry.Price.InputPerMillion, Output: &entry.Price.OutputPerMillion,
			CachedInput: entry.Price.CachedInputPerMillion,
		}.Price()
		if err != nil {
			return d, fmt.Errorf("models: price of %s: %w", entry.Name, err)
		}
		d.Price, d.Priced = price, true
	}
	if entry.MaxOutputTokens > 0 {
		d.MaxOutputTokens = entry.MaxOutputTokens
	}
	return d, nil
}
