package pricing

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	million        = 1_000_000
	secondsPerHour = 3_600
)

// liteLLMTerms are the fields that price tokens, without what may follow their names.
var liteLLMTerms = map[string]func(*Terms) **money.Nano{
	"input_cost_per_token":            func(t *Terms) **money.Nano { return &t.Input },
	"cache_read_input_token_cost":     func(t *Terms) **money.Nano { return &t.CachedInput },
	"cache_creation_input_token_cost": func(t *Terms) **money.Nano { return &t.CacheWrite },
	"input_cost_per_audio_token":      func(t *Terms) **money.Nano { return &t.AudioInput },
	"input_cost_per_image_token":      func(t *Terms) **money.Nano { return &t.ImageInput },
	"output_cost_per_token":           func(t *Terms) **money.Nano { return &t.Output },
	"output_cost_per_reasoning_token": func(t *Terms) **money.Nano { return &t.Reasoning },
	"output_cost_per_audio_token":     func(t *Terms) **money.Nano { return &t.AudioOutput },
	"output_cost_per_image_token":     func(t *Terms) **money.Nano { return &t.ImageOutput },
}

// liteLLMField takes a field's name apart: the price, how long a cache is kept, the size of the
// prompt in thousands above which it holds, and the service tier.
var liteLLMField = regexp.MustCompile(`^([a-z_]+?)(_above_1hr)?(?:_above_(\d{1,9})k_tokens)?(?:_(batches|flex|priority))?$`)

// read fills in a model's limits and price; false is that no price is stated.
func (e entry) read(model *Model) (stated bool, err error) {
	if model.MaxInputTokens, err = e.limit("max_input_tokens", "max_tokens"); err != nil {
		return false, err
	}
	if model.MaxOutputTokens, err = e.limit("max_output_tokens", "max_tokens"); err != nil {
		return false, err
	}
	if model.Mode == "embedding" || model.Mode == "moderation" {
		model.MaxOutputTokens = 0
	}
	var list List
	if err := e.readTerms(&list); err != nil {
		return false, err
	}
	if err := e.readRanges(&list); err != nil {
		return false, err
	}
	if err := e.readPieces(model.Mode, &list); err != nil {
		return false, err
	}
	if !list.complete(model.Mode) {
		return false, nil
	}
	model.Price, err = list.price()
	return true, err
}

func (e entry) readTerms(list *List) error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		parts := liteLLMField.FindStringSubmatch(name)
		if parts == nil || liteLLMTerms[parts[1]] == nil {
			continue
		}
		price, err := e.price(name, million)
		if err != nil {
			return err
		}
		above, _ := strconv.ParseInt(parts[3], 10, 64) // digits or nothing
		terms := list.termsOf(parts[4], above*1_000)
		field := liteLLMTerms[parts[1]](terms)
		if parts[2] != "" {
			field = &terms.CacheWrite1h
		}
		if price != nil && *price == 0 && strings.HasPrefix(name, "cache_creation") {
			price = nil // "no such price" where DeepSeek's entries have it
		}
		*field = price
	}
	return nil
}

// termsOf are the terms of a service tier and of a prompt's size; 0 is any.
func (l *List) termsOf(service string, above int64) *Terms {
	terms, tiers := &l.Terms, &l.Tiers
	if plan := l.service(strings.Replace(service, "batches", ServiceBatch, 1)); plan != nil {
		if *plan == nil {
			*plan = &PlanTerms{}
		}
		terms, tiers = &(*plan).Terms, &(*plan).Tiers
	}
	if above == 0 {
		return terms
	}
	for i := range *tiers {
		if (*tiers)[i].Above == above {
			return &(*tiers)[i].Terms
		}
	}
	*tiers = append(*tiers, TierTerms{Above: above})
	return &(*tiers)[len(*tiers)-1].Terms
}

// readRanges reads tiered_pricing, a list of prices by the prompt's size.
func (e entry) readRanges(list *List) error {
	raw, given := e["tiered_pricing"]
	if !given {
		return nil
	}
	var ranges []entry
	if json.Unmarshal(raw, &ranges) != nil {
		return errors.New("tiered_pricing must be a list of objects")
	}
	for _, fields := range ranges {
		var bounds []float64
		if json.Unmarshal(fields["range"], &bounds) != nil || len(bounds) == 0 || bounds[0] < 0 {
			return errors.New("tiered_pricing: range must be a list of two numbers of tokens")
		}
		var within List
		if err := fields.readTerms(&within); err != nil {
			return fmt.Errorf("tiered_pricing: %w", err)
		}
		*list.termsOf("", int64(bounds[0])) = within.Terms
	}
	return nil
}

// readPieces reads what is not charged by the token. Where both are stated, tokens are what the
// vendor charges by, and the rest only shows what that comes to.
func (e entry) readPieces(mode string, list *List) error {
	fields := []pieceField{
		{"input_cost_per_request", 1, &list.Request},
	}
	var spoken, heard, made, answered *money.Nano
	switch mode {
	case "speech":
		fields = append(fields, pieceField{"input_cost_per_character", million, &list.Characters})
	case "transcription":
		fields = append(fields, pieceField{"input_cost_per_second", secondsPerHour, &heard}, pieceField{"output_cost_per_second", secondsPerHour, &spoken})
	case "image":
		fields = append(fields, pieceField{"input_cost_per_image", 1, &made}, pieceField{"output_cost_per_image", 1, &answered})
	}
	for _, field := range fields {
		price, err := e.price(field.name, field.times)
		if err != nil {
			return err
		}
		*field.into = price
	}
	if list.Input == nil {
		list.AudioHour = larger(heard, spoken) // the same price under two names
	}
	if each := larger(made, answered); each != nil && list.Output == nil && list.ImageOutput == nil {
		list.Images = []ImagePrice{{Each: *each}}
	}
	return e.readSearch(list)
}

type pieceField struct {
	name  string
	times int64
	into  **money.Nano
}

func larger(a, b *money.Nano) *money.Nano {
	if a == nil || (b != nil && *b > *a) {
		return b
	}
	return a
}

func (e entry) readSearch(list *List) error {
	const field = "search_context_cost_per_query"
	raw, given := e[field]
	if !given || string(raw) == "null" {
		return nil
	}
	var sizes entry
	if json.Unmarshal(raw, &sizes) != nil {
		return fmt.Errorf("%s must be an object", field)
	}
	for name, into := range map[string]*money.Nano{
		"search_context_size_low": &list.Search.Low, "search_context_size_medium": &list.Search.Medium,
		"search_context_size_high": &list.Search.High,
	} {
		price, err := sizes.price(name, 1)
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		*into = either(price, 0)
	}
	return nil
}

// complete fills in what the format leaves out and says whether the price is known.
func (l *List) complete(mode string) bool {
	if l.Output == nil {
		l.Output = larger(l.ImageOutput, l.AudioOutput)
	}
	if l.Output == nil && l.Input != nil && mode != "chat" && mode != "responses" && mode != "completion" {
		l.Output = new(money.Nano)
	}
	for i := range l.Tiers {
		l.Tiers[i].Terms = l.Tiers[i].over(l.Terms)
	}
	for _, plan := range []*PlanTerms{l.Flex, l.Priority, l.Batch} {
		if plan == nil {
			continue
		}
		if plan.Input == nil {
			plan.Input = l.Input
		}
		if plan.Output == nil {
			plan.Output = l.Output
		}
		for i := range plan.Tiers {
			plan.Tiers[i].Terms = plan.Tiers[i].over(plan.Terms)
		}
	}
	return (l.Input != nil && l.Output != nil) || l.byThePiece()
}

// price reads a number of US dollars, times what the price list counts in; nil is not stated.
func (e entry) price(field string, times int64) (*money.Nano, error) {
	raw, given := e[field]
	if !given || string(raw) == "null" {
		return nil, nil
	}
	text := strings.Trim(string(raw), `"`)
	price, err := money.ParseTimes(text, times)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if price < 0 {
		return nil, fmt.Errorf("%s is %s; a price cannot be negative", field, text)
	}
	return &price, nil
}

// limit reads the first number of tokens that is stated; 0 is none.
func (e entry) limit(fields ...string) (int64, error) {
	for _, field := range fields {
		raw, given := e[field]
		if !given || string(raw) == "null" {
			continue
		}
		limit, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		if err != nil || limit < 0 || limit > 1<<40 {
			return 0, fmt.Errorf("%s is %s, which is not a number of tokens", field, raw)
		}
		return int64(limit), nil
	}
	return 0, nil
}
