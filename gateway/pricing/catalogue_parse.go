package pricing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var modes = []string{"chat", "responses", "embedding"}

// parseCatalogue reads the format that the head of catalogue.txt describes.
// The error names the line.
func parseCatalogue(text string) (*Catalogue, error) {
	c := &Catalogue{byName: map[modelName]int{}}
	var provider, date string
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "date "):
			date = strings.TrimSpace(line[len("date "):])
		case line[0] == '[':
			provider = strings.Trim(line, "[]")
		default:
			if err := c.addLine(provider, line); err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
		}
	}
	if date == "" {
		return nil, errors.New("has no date")
	}
	c.version = catalogueVersion(date, text)
	for i := range c.models {
		c.models[i].Price.Version = c.version
	}
	return c, nil
}

func (c *Catalogue) addLine(provider, line string) error {
	model, err := parseModel(line)
	if err != nil {
		return err
	}
	model.Provider = provider
	name := modelName{provider, model.Name}
	if _, twice := c.byName[name]; twice {
		return fmt.Errorf("%s is listed twice", model.Name)
	}
	c.byName[name] = len(c.models)
	c.models = append(c.models, model)
	return nil
}

func parseModel(line string) (Model, error) {
	base, tier, tiered := strings.Cut(line, "|")
	words := strings.Fields(base)
	if len(words) < 4 {
		return Model{}, errors.New("want a name, a mode, two token limits and prices")
	}
	model := Model{Name: words[0], Mode: words[1]}
	if !slices.Contains(modes, model.Mode) {
		return Model{}, fmt.Errorf("%q is no mode", model.Mode)
	}
	var err error
	if model.MaxInputTokens, err = parseTokens(words[2]); err != nil {
		return Model{}, err
	}
	if model.MaxOutputTokens, err = parseTokens(words[3]); err != nil {
		return Model{}, err
	}
	terms, err := parseTerms(words[4:])
	if err != nil {
		return Model{}, err
	}
	if model.Price.Rates, err = terms.rates(); err != nil {
		return Model{}, err
	}
	if tiered {
		model.Price.TierAbove, model.Price.Tier, err = parseTier(tier)
	}
	return model, err
}

func parseTier(text string) (above int64, rates Rates, err error) {
	words := strings.Fields(text)
	if len(words) == 0 || !strings.HasPrefix(words[0], "above=") {
		return 0, Rates{}, errors.New("a tier starts with above=")
	}
	if above, err = parseTokens(strings.TrimPrefix(words[0], "above=")); err != nil {
		return 0, Rates{}, err
	}
	if above == 0 {
		return 0, Rates{}, errors.New("a tier cannot start above 0")
	}
	terms, err := parseTerms(words[1:])
	if err != nil {
		return 0, Rates{}, err
	}
	rates, err = terms.rates()
	return above, rates, err
}

func parseTokens(text string) (int64, error) {
	tokens, err := strconv.ParseInt(text, 10, 64)
	if err != nil || tokens < 0 {
		return 0, fmt.Errorf("%q is not a number of tokens", text)
	}
	return tokens, nil
}

func parseTerms(words []string) (Terms, error) {
	var terms Terms
	fields := map[string]**money.Nano{
		"in": &terms.Input, "cached": &terms.CachedInput, "write": &terms.CacheWrite, "write_1h": &terms.CacheWrite1h,
		"audio_in": &terms.AudioInput, "out": &terms.Output, "reasoning": &terms.Reasoning, "audio_out": &terms.AudioOutput,
	}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		field, known := fields[key]
		if !known {
			return Terms{}, fmt.Errorf("%q is no price", word)
		}
		if *field != nil {
			return Terms{}, fmt.Errorf("%q is given twice", key)
		}
		price, err := money.Parse(value)
		if err != nil {
			return Terms{}, fmt.Errorf("%s: %w", key, err)
		}
		*field = &price
	}
	return terms, nil
}
