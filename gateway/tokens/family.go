package tokens

import (
	"slices"
	"strings"
)

// family is what a vendor's vocabularies make of a text at most, beside OpenAI's newest one: a weight
// for each class of text, in thousandths.
type family struct {
	name    string
	weights [classes]int64
}

// families by a word in the model's name. The weights were measured with the vocabularies that are public
// (Llama 2 and 3, Mistral 7B, Qwen 3, Gemma 3, DeepSeek V3, Claude 2) on prose in several languages, code and
// JSON, and stand some 10 % above the dearest kilobyte that was seen.
var families = []struct {
	word string
	family
}{
	{"llama", llama},
	{"vicuna", llama},
	{"mistral", mistral},
	{"mixtral", mistral},
	{"ministral", mistral},
	{"magistral", mistral},
	{"codestral", mistral},
	{"devstral", mistral},
	{"pixtral", mistral},
	{"voxtral", mistral},
	{"qwen", qwen},
	{"qwq", qwen},
	{"gemini", gemini},
	{"gemma", gemini},
	{"deepseek", deepseek},
	{"claude", claude},
}

var (
	llama    = family{"llama", [classes]int64{1_270, 1_640, 1_750, 2_010, 3_290, 1_060, 950, 1_060, 1_000}}
	deepseek = family{"deepseek", [classes]int64{1_170, 1_380, 1_480, 1_110, 1_380, 640, 850, 850, 1_000}}
	llama3   = family{"llama3", [classes]int64{1_150, 1_400, 1_430, 1_220, 1_330, 640, 850, 850, 1_000}}
	mistral  = family{"mistral", [classes]int64{1_270, 1_700, 1_860, 1_700, 2_330, 1_060, 950, 1_060, 1_000}}
	qwen     = family{"qwen", [classes]int64{1_150, 1_380, 1_540, 1_220, 1_430, 1_170, 850, 850, 1_000}}
	gemini   = family{"gemini", [classes]int64{1_220, 1_430, 1_220, 1_060, 1_170, 1_110, 950, 1_060, 1_000}}
	// claude is a tenth above the vocabulary that Anthropic published, which newer models do not use.
	claude = family{"claude", [classes]int64{1_340, 1_860, 2_680, 1_570, 2_330, 580, 930, 930, 1_000}}
	// claudeDense is for models since Claude Opus 4.7, which make up to 1.35 times as many.
	claudeDense = family{"claude since 4.7", [classes]int64{1_550, 2_160, 3_080, 1_820, 2_680, 700, 1_100, 1_070, 1_000}}
	// stranger is the dearest of all, for names that say nothing.
	stranger = family{"other", [classes]int64{1_340, 1_860, 2_680, 2_010, 3_290, 1_170, 950, 1_060, 1_000}}
	openai   = family{name: "openai"}
)

// olderClaude are the words that follow claude- in the names of models that share an older vocabulary.
var olderClaude = []string{
	"1", "2", "3", "instant", "sonnet-3", "haiku-3", "opus-3", "haiku-4", "sonnet-4",
	"opus-4-0", "opus-4-1", "opus-4-2", "opus-4-5", "opus-4-6", "opus-4.0", "opus-4.1", "opus-4.5", "opus-4.6",
}

// familiesOf are those that a model's name speaks of; a model may be one vendor's, made of another's.
func familiesOf(model string) []family {
	if _, known := encodingOf(model); known {
		return []family{openai}
	}
	name := strings.ToLower(model)
	var found []family
	for _, family := range families {
		if strings.Contains(name, family.word) {
			found = append(found, family.ofVersion(name))
		}
	}
	if found == nil {
		return []family{stranger}
	}
	return found
}

// ofVersion tells the vocabularies apart that one vendor has had.
func (f family) ofVersion(name string) family {
	switch f.name {
	case "llama":
		if _, version, _ := strings.Cut(name, "llama"); strings.HasPrefix(strings.TrimLeft(version, "-_v"), "3") ||
			strings.HasPrefix(strings.TrimLeft(version, "-_v"), "4") {
			return llama3
		}
	case "claude":
		_, version, _ := strings.Cut(name, "claude-")
		if !slices.ContainsFunc(olderClaude, func(older string) bool { return strings.HasPrefix(version, older) }) {
			return claudeDense
		}
	}
	return f
}

// dearest is the one of a model's families that makes the most of a text.
func dearest(families []family, s *shape) family {
	most := families[0]
	for _, family := range families[1:] {
		if family.bound(s) > most.bound(s) {
			most = family
		}
	}
	return most
}

// bound is the most tokens that the family makes of a text.
func (f family) bound(s *shape) int64 {
	if f.name == openai.name {
		return s.exact
	}
	const thousand = 1_000
	var sum int64
	for class, tokens := range s.by {
		sum += tokens * f.weights[class]
	}
	return (sum + thousand - 1) / thousand
}
