package tokens

import (
	"math"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// Weight is what a prompt was found to consist of, and what a model may make of it at most.
type Weight struct {
	// Kind tells apart what vocabularies make more or less of: the script, whether it is prose or structured text,
	// whether it is long; "" is text that tells nothing, or a prompt that is more than text.
	Kind string
	// text is what is known by a vocabulary and its family's weights, and dense what counts in bytes.
	text, dense int64
	// fixed is what is not text, loose the bound by the length of the body.
	fixed, loose int64
	// exact: the model's own vocabulary is known, so there is nothing to learn.
	exact bool
	// tools are offered, of which providers make more than their text.
	tools bool
}

// Weigh counts a prompt for a model, and remembers what was counted of an owner's prompts before; a nil memory remembers
// nothing. For OpenAI's models the text is tokenized; for others the nearest public vocabulary is asked, and what it says is
// multiplied by what the model's family makes more of a text of that kind. What cannot be tokenized in 40 ms is weighed by its
// bytes. The first call loads a vocabulary.
func (m *Memory) Weigh(owner, model string, body []byte) Weight {
	return m.weighWithin(maxTokenizing, owner, model, body)
}

func (m *Memory) weighWithin(budget time.Duration, owner, model string, body []byte) Weight {
	found := content.Find(body)
	measure := newMeasure(vocabularyOf(model), budget)
	measure.memory, measure.owner = m, owner
	count := countPrompt(measure, found.Without(body))
	family := dearest(familiesOf(model), &count.total)
	w := Weight{
		text: tokensPerRequest + count.tokens + family.bound(&count.total), fixed: mediaTokens(model, &found),
		loose: BoundOf(model, body, &found), exact: family.name == openai.name, tools: found.Toolset,
	}
	if !w.exact {
		w.dense = count.total.by[rare]
		w.text -= w.dense
	}
	if !w.exact && found.Pictures == 0 && found.Sounds == 0 && found.Unweighed == nil && len(found.Tools) == 0 {
		w.Kind = kindOf(&count.total)
	}
	return w
}

// Bound is the most that the prompt has, by what was learned of prompts of its kind. It is never more than
// [BoundOf].
func (w Weight) Bound(learned Learned) int64 {
	text := int64(math.Ceil(float64(w.text) * w.factor(learned)))
	return min(text+w.dense+w.fixed, w.loose)
}

// factor is 1 where nothing was learned. Text of several scripts is never taken for less than it was found to be.
func (w Weight) factor(learned Learned) float64 {
	factor := learned.factor(margin)
	switch {
	case w.exact:
		return 1
	case w.Kind == "", strings.HasPrefix(w.Kind, mixed):
		return max(1, factor)
	default:
		return factor
	}
}

// margin is what the next prompt may have above the highest so far. It was found with public vocabularies, by
// make bench-tokens: of 6,384 prompts none was below what was reported, the closest 3 % above.
const margin = 1.10

const (
	// leastText is the shortest prompt that tells something about a vocabulary: what providers wrap around
	// shorter ones weighs more than the text. leastTextWithTools is for prompts with tools, around which they
	// wrap more.
	leastText, leastTextWithTools = 200, 4_000
	// densePerToken is more bytes than a token of any vocabulary takes of text that counts in bytes.
	densePerToken = 6
)

// Ratio is what a provider's report makes of the text, divided by what it was weighed as. It is false where the
// report says nothing about text.
func (w Weight) Ratio(reported int64) (float64, bool) {
	least := int64(leastText)
	if w.tools {
		least = leastTextWithTools
	}
	if w.Kind == "" || w.text < least || reported <= 0 || reported > w.loose {
		return 0, false
	}
	return float64(max(0, reported-w.dense/densePerToken)) / float64(w.text), true
}

// Kinds of text, each with what vocabularies make of it. A kind is named in the record.
const (
	latin      = "latin"
	alphabets  = "alphabet"
	ideograms  = "ideographs"
	koreans    = "hangul"
	structured = "structured"
	mixed      = "mixed"
	// short prompts have more around their text, scanned ones were not tokenized to their end.
	short, scanned = " short", " scanned"
)

// shortPrompt is where prompts begin to be long.
const shortPrompt = 1_000

// kindOf tells the kind of a text by what most of it is; "" if too much of it counts in bytes.
func kindOf(s *shape) string {
	var sum int64
	for _, tokens := range s.by {
		sum += tokens
	}
	const percent = 100
	share := func(found ...class) int64 {
		var tokens int64
		for _, class := range found {
			tokens += s.by[class]
		}
		return percent * tokens / max(1, sum)
	}
	kind := latin
	switch {
	case share(rare) > 10:
		return ""
	case share(alphabet) > 50:
		kind = alphabets
	case share(ideographs) > 50:
		kind = ideograms
	case share(hangul) > 40:
		kind = koreans
	case share(alphabet, ideographs, hangul) > 10:
		kind = mixed
	case share(digits, marks, space) > 30:
		kind = structured
	}
	switch {
	case s.scanned > s.exact/4: // bytes, of which a token has about four
		return kind + scanned
	case s.exact < shortPrompt:
		return kind + short
	default:
		return kind
	}
}
