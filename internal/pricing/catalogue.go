package pricing

import (
	"crypto/sha256"
	_ "embed" // the catalogue is a file of its own
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed catalogue.txt
var catalogueText string

// Model is one line of a catalogue.
type Model struct {
	// Provider is such as openai, anthropic or azure.
	Provider string
	Name     string
	// Mode is chat, responses, completion, embedding, image, speech, transcription or moderation.
	Mode string
	// MaxInputTokens and MaxOutputTokens are what the model takes; 0 is not known.
	MaxInputTokens  int64
	MaxOutputTokens int64
	Price           Price
}

// Catalogue is a list of models with their prices. It does not change.
type Catalogue struct {
	version string
	checks  []Check
	models  []Model
	byName  map[modelName]int
}

// Check is when, and with what, a provider's prices were last compared.
type Check struct {
	Provider string
	// Month is the first moment of that month in UTC.
	Month  time.Time
	Source string
}

type modelName struct{ provider, model string }

// Embedded is the catalogue that comes with the program.
var Embedded = sync.OnceValue(func() *Catalogue {
	catalogue, err := parseCatalogue(catalogueText)
	if err != nil {
		panic("the embedded price catalogue: " + err.Error()) // tests read the same file
	}
	return catalogue
})

// sections are where a provider's models stand that people, or price files, know by other names.
var sections = map[string][]string{
	"azure":     {"azure", "azure_ai"},
	"azure_ai":  {"azure_ai", "azure"},
	"google":    {"gemini", "vertex_ai"},
	"gemini":    {"gemini", "vertex_ai"},
	"vertex_ai": {"vertex_ai", "gemini"},
}

// compatible are the providers that are often reached through an OpenAI-compatible API,
// that is, with "openai" for a provider and a base URL of their own.
var compatible = []string{"gemini", "mistral", "deepseek", "groq", "xai", "anthropic"}

// Version names the catalogue by its date and content, such as "2026-07-1a2b3c4d".
func (c *Catalogue) Version() string { return c.version }

// Checks are when each provider's prices were last compared; none for a file of another format.
func (c *Catalogue) Checks() []Check { return slices.Clone(c.checks) }

// Since is when the prices were compared that have waited longest; zero is not known.
func (c *Catalogue) Since() time.Time {
	if len(c.checks) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(c.checks, func(a, b Check) int { return a.Month.Compare(b.Month) }).Month
}

// Models returns all lines in the order of the file.
func (c *Catalogue) Models() []Model { return slices.Clone(c.models) }

// Of returns the lines of one provider, in the order of the file.
func (c *Catalogue) Of(provider string) (models []Model) {
	names, several := sections[provider]
	if !several {
		names = []string{provider}
	}
	for _, model := range c.models {
		if slices.Contains(names, model.Provider) {
			models = append(models, model)
		}
	}
	return models
}

// Find returns what a provider charges for a model. False means that the price is not known,
// which is not the same as free.
func (c *Catalogue) Find(provider, model string) (Price, bool) {
	found, ok := c.Model(provider, model)
	return found.Price, ok
}

// Model finds a line by the names that people use: the exact name, a dated one of the same
// price ("gpt-4.1-mini-2025-04-14"), either with the provider in front ("anthropic/claude-opus-5",
// which then decides), and for the provider openai also the names of OpenAI-compatible vendors.
func (c *Catalogue) Model(provider, model string) (Model, bool) {
	if found, ok := c.inSections(provider, model); ok {
		return found, true
	}
	if prefix, rest, ok := strings.Cut(model, "/"); ok {
		if found, ok := c.inSections(prefix, rest); ok {
			return found, true
		}
	}
	if provider != "openai" {
		return Model{}, false
	}
	for _, other := range compatible {
		if found, ok := c.inSections(other, model); ok {
			return found, true
		}
	}
	return Model{}, false
}

func (c *Catalogue) inSections(provider, model string) (Model, bool) {
	if others, several := sections[provider]; several {
		for _, section := range others {
			if found, ok := c.lookUp(section, model); ok {
				return found, true
			}
		}
		return Model{}, false
	}
	return c.lookUp(provider, model)
}

func (c *Catalogue) lookUp(provider, model string) (Model, bool) {
	i, ok := c.byName[modelName{provider, model}]
	if !ok {
		i, ok = c.byName[modelName{provider, withoutDate(model)}]
	}
	if !ok {
		return Model{}, false
	}
	return c.models[i], true
}

// Over returns a catalogue of c's models and, where it has none of that provider and name,
// of the others'. Each price keeps the version of where it came from.
func (c *Catalogue) Over(others *Catalogue) *Catalogue {
	merged := &Catalogue{version: c.version + "+" + others.version, byName: map[modelName]int{}}
	for _, model := range slices.Concat(c.models, others.models) {
		merged.put(model, false)
	}
	return merged
}

// withoutDate cuts "-2025-04-14" or "-20250414" off the end of a name.
func withoutDate(model string) string {
	for _, layout := range []string{"-dddd-dd-dd", "-dddddddd"} {
		if cut := len(model) - len(layout); cut > 0 && hasLayout(model[cut:], layout) {
			return model[:cut]
		}
	}
	return model
}

func hasLayout(text, layout string) bool {
	for i := range len(layout) {
		digit := text[i] >= '0' && text[i] <= '9'
		if digit != (layout[i] == 'd') || (!digit && text[i] != '-') {
			return false
		}
	}
	return true
}

func catalogueVersion(date, text string) string {
	sum := sha256.Sum256([]byte(text))
	return date + "-" + hex.EncodeToString(sum[:4])
}
