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

// Kinds of text, each with what vocabularies make of it. A kind is named in the record: by its script, what is special about it, and
// its length.
const (
	latin      = "latin"
	alphabets  = "alphabet"
	ideograms  = "ideographs"
	koreans    = "hangul"
	structured = "structured"
	mixed      = "mixed"
	// compound: most words are several tokens, as in German and in code. There are figures among the text, or it is mostly numbers.
	compound, figures, numbers = " compound", " figures", " numbers"
	// short prompts have more around their text, scanned ones were not tokenized to their end.
	short, scanned = " short", " scanned"
)

// Akin says whether what one kind of text teaches says something of the other: both are of the same script and length.
func Akin(kind, other string) bool {
	script, _, _ := strings.Cut(kind, " ")
	otherScript, _, _ := strings.Cut(other, " ")
	return kind != "" && script == otherScript && strings.HasSuffix(kind, short) == strings.HasSuffix(other, short) &&
		strings.HasSuffix(kind, scanned) == strings.HasSuffix(other, scanned)
}

// shortPrompt is where prompts begin to be long.
const shortPrompt = 1_000

// kindOf tells the kind of a text by what most of it is; "" if too much of it counts in bytes.
func kindOf(s *shape) string {
	if percent(s.of(rare), s.all()) > 10 {
		return ""
	}
	kind := scriptOf(s) + figuresOf(s)
	switch {
	case s.scanned > s.exact/4: // bytes, of which a token has about four
		return kind + scanned
	case s.exact < shortPrompt:
		return kind + short
	default:
		return kind
	}
}

// scriptOf is the script that most letters are of; of Latin ones whether they are prose, and what their words are like.
func scriptOf(s *shape) string {
	foreign := s.of(alphabet, ideographs, hangul)
	letters := foreign + s.of(words, parts)
	switch {
	case percent(foreign, s.all()) <= 10:
	case percent(s.of(alphabet), letters) > 50:
		return alphabets
	case percent(s.of(ideographs), letters) > 50:
		return ideograms
	case percent(s.of(hangul), letters) > 40:
		return koreans
	default:
		return mixed
	}
	kind := latin
	if percent(s.of(digits, marks, space), s.all()) > 30 {
		kind = structured
	}
	if percent(s.of(parts), s.of(words, parts)) > 50 {
		kind += compound
	}
	return kind
}

func figuresOf(s *shape) string {
	switch share := percent(s.of(digits), s.all()); {
	case share > 35:
		return numbers
	case share > 15:
		return figures
	default:
		return ""
	}
}

// of is how many tokens there are of some classes, all of how many of any.
func (s *shape) of(found ...class) (tokens int64) {
	for _, class := range found {
		tokens += s.by[class]
	}
	return tokens
}

func (s *shape) all() (tokens int64) {
	for _, of := range s.by {
		tokens += of
	}
	return tokens
}

func percent(part, whole int64) int64 { return 100 * part / max(1, whole) }
