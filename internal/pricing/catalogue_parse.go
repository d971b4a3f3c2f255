package pricing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var modes = []string{"chat", "responses", "completion", "embedding", "image", "speech", "transcription", "moderation"}

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
		case strings.HasPrefix(line, "checked "):
			if err := c.addCheck(provider, line); err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
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

func (c *Catalogue) addCheck(provider, line string) error {
	words := strings.Fields(line)
	if len(words) != 3 {
		return errors.New("behind checked stand a month and an address")
	}
	month, err := time.Parse("2006-01", words[1])
	if err != nil {
		return fmt.Errorf("%q is not a month such as 2026-07", words[1])
	}
	c.checks = append(c.checks, Check{Provider: provider, Month: month, Source: words[2]})
	return nil
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
	sections := strings.Split(line, "|")
	words := strings.Fields(sections[0])
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
	var list List
	pieces, words := split(words[4:], isPiece)
	if list.Terms, err = parseTerms(words); err != nil {
		return Model{}, err
	}
	if err := list.parsePieces(pieces); err != nil {
		return Model{}, err
	}
	for _, section := range sections[1:] {
		if err := list.parseSection(strings.Fields(section)); err != nil {
			return Model{}, err
		}
	}
	model.Price, err = list.price()
	return model, err
}

// parseSection reads what stands behind a "|": a service tier's name, "above=" with a prompt
// size, or both, and prices of tokens.
func (l *List) parseSection(words []string) error {
	var service **PlanTerms
	if len(words) > 0 {
		service = l.service(words[0])
	}
	tiers := &l.Tiers
	if service != nil {
		words = words[1:]
		if *service == nil {
			*service = &PlanTerms{}
		}
		tiers = &(*service).Tiers
	}
	if len(words) == 0 || (service == nil && !strings.HasPrefix(words[0], "above=")) {
		return errors.New("behind | stands flex, priority, batch or above=, and then prices")
	}
	above, tiered := strings.CutPrefix(words[0], "above=")
	if !tiered {
		terms, err := parseTerms(words)
		(*service).Terms = terms
		return err
	}
	size, err := parseTokens(above)
	if err != nil {
		return err
	}
	terms, err := parseTerms(words[1:])
	*tiers = append(*tiers, TierTerms{size, terms})
	return err
}

func (l *List) service(word string) **PlanTerms {
	switch word {
	case ServiceFlex:
		return &l.Flex
	case ServicePriority:
		return &l.Priority
	case ServiceBatch:
		return &l.Batch
	default:
		return nil
	}
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
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		i := slices.IndexFunc(kinds, func(kind kind) bool { return kind.word == key })
		if i < 0 {
			return Terms{}, fmt.Errorf("%q is no price", word)
		}
		if err := parsePrice(key, value, kinds[i].term(&terms)); err != nil {
			return Terms{}, err
		}
	}
	return terms, nil
}

func parsePrice(key, value string, field **money.Nano) error {
	if *field != nil {
		return fmt.Errorf("%q is given twice", key)
	}
	price, err := money.Parse(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*field = &price
	return nil
}
