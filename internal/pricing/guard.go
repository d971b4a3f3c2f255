package pricing

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// mostChange is by how much a list that comes by itself may change a price at once.
	mostChange = 10
	// mostPerMillion is more than anybody asks for a million tokens or characters, mostPerPiece for a picture,
	// an hour of sound or a request.
	mostPerMillion = 10_000 * money.USD
	mostPerPiece   = 1_000 * money.USD
)

// Refusal is a price of a new list that is not taken over, and why.
type Refusal struct{ Provider, Model, Reason string }

// Parse reads a price list in LiteLLM's format, a JSON object, or in that of the built-in catalogue.
func Parse(data []byte) (*Catalogue, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return ParseLiteLLM(data)
	}
	return parseCatalogue(string(data))
}

// Restore is a catalogue of models that another one had.
func Restore(version string, models []Model) *Catalogue {
	c := &Catalogue{version: version, byName: map[modelName]int{}}
	for _, model := range models {
		c.put(model, false)
	}
	return c
}

// Accept is what of a new list can be believed, c being what was believed so far: a price that would become 0, or
// that changes more than tenfold, stays as it was, and a model that is new is left out if it would be free or absurd.
func (c *Catalogue) Accept(next *Catalogue) (*Catalogue, []Refusal) {
	accepted := &Catalogue{version: next.version, checks: next.checks, byName: map[modelName]int{}}
	var refused []Refusal
	for _, model := range next.models {
		i, known := c.byName[modelName{model.Provider, model.Name}]
		reason := model.free()
		if known {
			reason = c.models[i].Price.change(&model.Price)
		}
		if reason = cmp.Or(reason, model.Price.absurd()); reason != "" {
			refused = append(refused, Refusal{model.Provider, model.Name, reason})
			if !known {
				continue
			}
			model = c.models[i]
		}
		accepted.put(model, false)
	}
	return accepted, refused
}

// free says what of a model that nobody knew would be free; "" is nothing.
func (m *Model) free() string {
	rates := m.Price.Rates
	spoken := slices.Contains([]string{"chat", "responses", "completion"}, m.Mode)
	if spoken && (rates.Input <= 0 || rates.Output <= 0) {
		return "it would be free"
	}
	charged := max(rates.Input, rates.Output, rates.AudioInput, rates.AudioOutput, rates.ImageOutput) > 0
	if !charged && !slices.ContainsFunc(m.Price.pieces(), func(p named) bool { return p.each > 0 }) {
		return "it would be free"
	}
	for _, rate := range m.Price.sampled(nil) {
		if rate.each <= 0 && rates.Input > 0 && rate.of == "prompt" {
			return rate.name + " would be free"
		}
	}
	return ""
}

// absurd says what of a price nobody asks; "" is nothing.
func (p *Price) absurd() string {
	for _, rate := range p.sampled(nil) {
		if rate.each > mostPerMillion {
			return fmt.Sprintf("%s US dollars for a million tokens (%s) is more than anybody asks", rate.each, rate.name)
		}
	}
	for _, piece := range p.pieces() {
		most := mostPerPiece
		if piece.name == "characters" {
			most = mostPerMillion
		}
		if piece.each > most {
			return fmt.Sprintf("%s US dollars (%s) is more than anybody asks", piece.each, piece.name)
		}
	}
	return ""
}

// change says what is wrong with a price's becoming another; "" when nothing is.
func (p *Price) change(next *Price) string {
	before, after := append(p.sampled(next), p.pieces()...), append(next.sampled(p), next.pieces()...)
	for i, old := range before {
		switch became := after[i].each; {
		case old.each <= 0 || became == old.each:
		case became <= 0:
			return fmt.Sprintf("%s would become free", old.name)
		case became/mostChange > old.each || old.each/mostChange > became:
			return fmt.Sprintf("%s would change from %s to %s US dollars, which is more than tenfold", old.name, old.each, became)
		}
	}
	return ""
}

// named is a price that a list states. of is the prompt, for a rate that prompts are charged at.
type named struct {
	name, of string
	each     money.Nano
}

func (p *Price) pieces() []named {
	return []named{
		{"a request", "", p.Request}, {"characters", "", p.Characters}, {"an hour of sound", "", p.AudioHour}, {"a picture", "", p.image("", "")},
	}
}

// sampled are all rates of all services at all sizes of prompts at which they change, or those of another price do.
func (p *Price) sampled(other *Price) []named {
	sizes := append([]int64{0}, p.steps()...)
	if other != nil {
		sizes = append(sizes, other.steps()...)
	}
	slices.Sort(sizes)
	var list []named
	for _, size := range slices.Compact(sizes) {
		for _, service := range []string{"", ServiceFlex, ServicePriority, ServiceBatch} {
			rates := p.plan(service).at(size)
			list = append(list,
				named{"input", "prompt", rates.Input}, named{"cached input", "prompt", rates.CachedInput}, named{"a cache write", "prompt", rates.CacheWrite},
				named{"a cache write for an hour", "prompt", rates.CacheWrite1h}, named{"sound", "prompt", rates.AudioInput}, named{"pictures", "prompt", rates.ImageInput},
				named{"output", "", rates.Output}, named{"reasoning", "", rates.Reasoning}, named{"spoken output", "", rates.AudioOutput}, named{"drawn output", "", rates.ImageOutput},
			)
		}
	}
	return list
}

// steps are the sizes of prompts from which other rates hold.
func (p *Price) steps() (sizes []int64) {
	for _, plan := range []*Plan{&p.Plan, p.Flex, p.Priority, p.Batch} {
		if plan == nil {
			continue
		}
		for _, tier := range plan.Tiers {
			sizes = append(sizes, tier.Above+1)
		}
	}
	return sizes
}
