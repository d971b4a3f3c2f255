package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ModelPrice is what a model costs in USD. Nil is not charged for, or, for a kind of token, costs
// what its nearest relative does; 0 is free.
type ModelPrice struct {
	// From "provider" charges what the provider itself says that a call cost, as OpenRouter does in usage.cost, as
	// far as that is not above MaxFactor times what the prices here, or without any the catalogue's, make of the
	// call. One that says nothing, or 0, is charged by the prices. Empty and "list" charge by the prices alone.
	From string `json:"from,omitempty"`
	// MaxFactor is for From "provider", from 1 to 1000; nil is 1.5. As many times more is reserved.
	MaxFactor *float64 `json:"max_factor,omitempty"`
	TokenPrices
	// Tiers price the whole request by the size of its prompt.
	Tiers []PriceTier `json:"tiers,omitempty"`
	// Flex, Priority and Batch are what the provider's other service tiers cost. A call that asks for
	// one without a price is refused.
	Flex     *ServicePrice `json:"flex,omitempty"`
	Priority *ServicePrice `json:"priority,omitempty"`
	Batch    *ServicePrice `json:"batch,omitempty"`
	// Request is charged for every request.
	Request *money.Nano `json:"request_usd,omitempty"`
	// Characters is for text that is spoken.
	Characters *money.Nano `json:"characters_per_million_usd,omitempty"`
	// AudioHour is for sound that is written down, charged by the second.
	AudioHour *money.Nano `json:"audio_hour_usd,omitempty"`
	// Images are for pictures that are made, by size and quality.
	Images []ImagePrice `json:"images,omitempty"`
	// Search is for each web search that the model makes.
	Search *SearchPrice `json:"search,omitempty"`
}

// TokenPrices are in USD per million tokens.
type TokenPrices struct {
	// Input and Output are required where tokens are charged for.
	Input  *money.Nano `json:"input_per_million_usd,omitempty"`
	Output *money.Nano `json:"output_per_million_usd,omitempty"`
	// These are parts of the prompt. CacheWrite is for five minutes, CacheWrite1h for an hour.
	CachedInput  *money.Nano `json:"cached_input_per_million_usd,omitempty"`
	CacheWrite   *money.Nano `json:"cache_write_per_million_usd,omitempty"`
	CacheWrite1h *money.Nano `json:"cache_write_1h_per_million_usd,omitempty"`
	AudioInput   *money.Nano `json:"audio_input_per_million_usd,omitempty"`
	ImageInput   *money.Nano `json:"image_input_per_million_usd,omitempty"`
	// These are parts of the completion.
	Reasoning   *money.Nano `json:"reasoning_per_million_usd,omitempty"`
	AudioOutput *money.Nano `json:"audio_output_per_million_usd,omitempty"`
	ImageOutput *money.Nano `json:"image_output_per_million_usd,omitempty"`
}

// PriceTier prices a whole request whose prompt has more than Above tokens.
type PriceTier struct {
	Above int64 `json:"above_prompt_tokens"`
	TokenPrices
}

// ServicePrice is what one service tier of a provider costs. What it leaves out costs what it does
// in the standard service.
type ServicePrice struct {
	TokenPrices
	Tiers []PriceTier `json:"tiers,omitempty"`
}

// ImagePrice is what one picture costs. An empty Size or Quality is any.
type ImagePrice struct {
	Size    string     `json:"size,omitempty"`
	Quality string     `json:"quality,omitempty"`
	Each    money.Nano `json:"usd"`
}

// SearchPrice is what one web search costs, by how much of what it finds the model reads.
type SearchPrice struct {
	Low    money.Nano `json:"low_usd"`
	Medium money.Nano `json:"medium_usd"`
	High   money.Nano `json:"high_usd"`
}

// UnmarshalJSON reads a price and refuses fields that it does not have: a misspelled price is none.
// The error names the field.
func (p *ModelPrice) UnmarshalJSON(data []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return errors.New("a price must be an object, such as {\"input_per_million_usd\": 1, \"output_per_million_usd\": 2}")
	}
	type plain ModelPrice // without this method
	var price plain
	for _, name := range slices.Sorted(maps.Keys(object)) {
		one, err := json.Marshal(map[string]json.RawMessage{name: object[name]})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		decoder := json.NewDecoder(bytes.NewReader(one))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&price); err != nil {
			return priceError(name, err)
		}
	}
	*p = ModelPrice(price)
	return nil
}

// priceError words why a field of a price cannot be read.
func priceError(name string, err error) error {
	if unknown, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		if unknown != strconv.Quote(name) {
			return fmt.Errorf("%s has %s, which is not known there", name, unknown)
		}
		fields := map[string]reflect.Value{}
		collectFields(reflect.ValueOf(&ModelPrice{}).Elem(), fields, map[string]string{})
		return fmt.Errorf("%s is not known; known are %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s must be %s, not %s", cmp.Or(wrong.Field, name), kindName(wrong.Type), wrong.Value)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// IsZero says whether the price states nothing at all, which is not the same as free.
func (p *ModelPrice) IsZero() bool { return reflect.DeepEqual(*p, ModelPrice{}) }

// Sources of what a call is charged.
const (
	priceFromList     = "list"
	priceFromProvider = "provider"
	// LeastPriceFactor and MostPriceFactor bound MaxFactor.
	LeastPriceFactor = 1
	MostPriceFactor  = 1_000
)

// FromProvider says whether the provider is believed about what a call cost.
func (p *ModelPrice) FromProvider() bool { return p != nil && p.From == priceFromProvider }

// Lists says whether there are prices, and not only whose word counts.
func (p *ModelPrice) Lists() bool {
	if p == nil {
		return false
	}
	prices := *p
	prices.From, prices.MaxFactor = "", nil
	return !prices.IsZero()
}

// Validate says whether something is charged by the price; the error names the field.
func (p *ModelPrice) Validate() error {
	v := newValidation()
	v.modelPrice("price", p)
	return v.err()
}

func (v *validation) modelPrice(field string, price *ModelPrice) {
	if price == nil {
		return
	}
	v.priceSource(field, price)
	if price.FromProvider() && !price.Lists() {
		return
	}
	byThePiece := price.Request != nil || price.Characters != nil || price.AudioHour != nil || len(price.Images) > 0
	byTheToken := price.Input != nil || price.Output != nil
	if (byTheToken || !byThePiece) && (price.Input == nil || price.Output == nil) {
		v.fail(field, "needs input_per_million_usd and output_per_million_usd, or a price by the piece; 0 is free")
	}
	if price.FromProvider() && !byThePiece && isFree(price.Input) && isFree(price.Output) {
		v.fail(field, "bounds what the provider says by prices of 0; state the list price, or leave the prices out for the catalogue's")
	}
	v.tokenPrices(field, price.TokenPrices)
	v.priceTiers(field, price.Tiers)
	for name, service := range map[string]*ServicePrice{".flex": price.Flex, ".priority": price.Priority, ".batch": price.Batch} {
		if service == nil {
			continue
		}
		if service.Input == nil || service.Output == nil {
			v.fail(field+name, "needs input_per_million_usd and output_per_million_usd")
		}
		v.tokenPrices(field+name, service.TokenPrices)
		v.priceTiers(field+name, service.Tiers)
	}
	v.amount(field+".request_usd", price.Request)
	v.amount(field+".characters_per_million_usd", price.Characters)
	v.amount(field+".audio_hour_usd", price.AudioHour)
	for i := range price.Images {
		v.amount(fmt.Sprintf("%s.images[%d].usd", field, i), &price.Images[i].Each)
	}
	if search := price.Search; search != nil {
		v.amount(field+".search.low_usd", &search.Low)
		v.amount(field+".search.medium_usd", &search.Medium)
		v.amount(field+".search.high_usd", &search.High)
	}
}

func isFree(price *money.Nano) bool { return price != nil && *price == 0 }

func (v *validation) priceSource(field string, price *ModelPrice) {
	switch price.From {
	case "", priceFromList, priceFromProvider:
	default:
		v.fail(field+".from", "is %q; it must be list, for the prices here, or provider, for what the provider says that a call cost", price.From)
	}
	factor := price.MaxFactor
	if factor == nil {
		return
	}
	if !price.FromProvider() {
		v.fail(field+".max_factor", "is for from: provider only")
	}
	if !(*factor >= LeastPriceFactor && *factor <= MostPriceFactor) {
		v.fail(field+".max_factor", "is %v; it must be between %d and %d times the list price", *factor, LeastPriceFactor, MostPriceFactor)
	}
}

func (v *validation) tokenPrices(field string, prices TokenPrices) {
	v.amount(field+".input_per_million_usd", prices.Input)
	v.amount(field+".output_per_million_usd", prices.Output)
	v.amount(field+".cached_input_per_million_usd", prices.CachedInput)
	v.amount(field+".cache_write_per_million_usd", prices.CacheWrite)
	v.amount(field+".cache_write_1h_per_million_usd", prices.CacheWrite1h)
	v.amount(field+".audio_input_per_million_usd", prices.AudioInput)
	v.amount(field+".image_input_per_million_usd", prices.ImageInput)
	v.amount(field+".reasoning_per_million_usd", prices.Reasoning)
	v.amount(field+".audio_output_per_million_usd", prices.AudioOutput)
	v.amount(field+".image_output_per_million_usd", prices.ImageOutput)
}

func (v *validation) priceTiers(field string, tiers []PriceTier) {
	starts := map[int64]bool{}
	for i, tier := range tiers {
		field := fmt.Sprintf("%s.tiers[%d]", field, i)
		if tier.Above < 1 {
			v.fail(field+".above_prompt_tokens", "is %d; it must be 1 at least", tier.Above)
		}
		if starts[tier.Above] {
			v.fail(field+".above_prompt_tokens", "%d stands in two tiers", tier.Above)
		}
		starts[tier.Above] = true
		if tier.Input == nil || tier.Output == nil {
			v.fail(field, "needs input_per_million_usd and output_per_million_usd")
		}
		v.tokenPrices(field, tier.TokenPrices)
	}
}
