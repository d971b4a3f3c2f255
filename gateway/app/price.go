package app

import (
	"fmt"
	"os"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// catalogue is the built-in price list, or the operator's instead of it or over it.
func catalogue(settings config.Config) (*pricing.Catalogue, error) {
	if settings.PriceFile == "" {
		return pricing.Embedded(), nil
	}
	data, err := os.ReadFile(settings.PriceFile)
	if err != nil {
		return nil, fmt.Errorf("prices.file: %w", err)
	}
	listed, err := pricing.ParseLiteLLM(data)
	if err != nil {
		return nil, fmt.Errorf("prices.file: %s: %w", settings.PriceFile, err)
	}
	if settings.PriceFileInstead {
		return listed, nil
	}
	return listed.Over(pricing.Embedded()), nil
}

// readModels are what the configuration says of models, checked, and how old their prices are.
func readModels(settings config.Config) (*filedModels, time.Time, error) {
	prices, err := catalogue(settings)
	if err != nil {
		return nil, time.Time{}, err
	}
	since, err := pricesSince(settings, prices)
	if err != nil {
		return nil, time.Time{}, err
	}
	filed := &filedModels{file: settings.File, declared: settings.Models, passed: settings.PassThrough, catalogue: prices}
	_, err = filed.deployments()
	return filed, since, err
}

// pricesSince is when the prices were last compared, or the operator's file was last written.
func pricesSince(settings config.Config, prices *pricing.Catalogue) (time.Time, error) {
	if settings.PriceFile == "" {
		return prices.Since(), nil
	}
	file, err := os.Stat(settings.PriceFile)
	if err != nil {
		return time.Time{}, fmt.Errorf("prices.file: %w", err)
	}
	return file.ModTime(), nil
}

// priceList is a price of the API or of the configuration in the words of the price list.
func priceList(price *api.ModelPrice) pricing.List {
	list := pricing.List{
		Terms: terms(price.TokenPrices), Tiers: tiers(price.Tiers),
		Flex: service(price.Flex), Priority: service(price.Priority), Batch: service(price.Batch),
		Request: price.Request, Characters: price.Characters, AudioHour: price.AudioHour,
	}
	for _, image := range price.Images {
		list.Images = append(list.Images, pricing.ImagePrice(image))
	}
	if price.Search != nil {
		list.Search = pricing.SearchPrice(*price.Search)
	}
	return list
}

func terms(prices api.TokenPrices) pricing.Terms {
	return pricing.Terms{
		Input: prices.Input, CachedInput: prices.CachedInput, CacheWrite: prices.CacheWrite, CacheWrite1h: prices.CacheWrite1h,
		AudioInput: prices.AudioInput, ImageInput: prices.ImageInput,
		Output: prices.Output, Reasoning: prices.Reasoning, AudioOutput: prices.AudioOutput, ImageOutput: prices.ImageOutput,
	}
}

func tiers(listed []api.PriceTier) []pricing.TierTerms {
	var list []pricing.TierTerms
	for _, tier := range listed {
		list = append(list, pricing.TierTerms{Above: tier.Above, Terms: terms(tier.TokenPrices)})
	}
	return list
}

func service(price *api.ServicePrice) *pricing.PlanTerms {
	if price == nil {
		return nil
	}
	return &pricing.PlanTerms{Terms: terms(price.TokenPrices), Tiers: tiers(price.Tiers)}
}
