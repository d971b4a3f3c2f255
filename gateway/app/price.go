package app

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// ownPrices is the operator's price file; nil is none.
func ownPrices(settings config.Config) (*pricing.Catalogue, error) {
	if settings.PriceFile == "" {
		return nil, nil
	}
	data, err := os.ReadFile(settings.PriceFile)
	if err != nil {
		return nil, fmt.Errorf("prices.file: %w", err)
	}
	listed, err := pricing.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("prices.file: %s: %w", settings.PriceFile, err)
	}
	return listed, nil
}

// over puts the operator's prices over those that were fetched, and these over the built-in ones.
func (m *filedModels) over(fetched *pricing.Catalogue) {
	if m.own != nil && m.instead {
		m.catalogue = m.own
		return
	}
	m.catalogue = pricing.Embedded()
	for _, list := range []*pricing.Catalogue{fetched, m.own} {
		if list != nil {
			m.catalogue = list.Over(m.catalogue)
		}
	}
}

// readModels are what the configuration says of models, checked, and how old their prices are.
func readModels(settings config.Config, fetched *pricing.Catalogue) (*filedModels, time.Time, error) {
	own, err := ownPrices(settings)
	if err != nil {
		return nil, time.Time{}, err
	}
	since, err := pricesSince(settings)
	if err != nil {
		return nil, time.Time{}, err
	}
	filed := &filedModels{file: settings.File, declared: settings.Models, passed: settings.PassThrough, own: own, instead: settings.PriceFileInstead}
	filed.over(fetched)
	filed.fallback, filed.fallbackUntil = settings.UnpricedPrice, settings.UnpricedUntil
	_, err = filed.deployments()
	return filed, since, err
}

// pricesSince is when the prices were last compared, or the operator's file was last written.
func pricesSince(settings config.Config) (time.Time, error) {
	if settings.PriceFile == "" {
		return pricing.Embedded().Since(), nil
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

// CheckFiles reads the files that a configuration names, and says what is wrong with what stands in them.
func CheckFiles(settings config.Config) error {
	_, _, err := readModels(settings, nil)
	_, errPolicy := requestPolicy(settings)
	return errors.Join(err, errPolicy)
}
