// Package hosted knows what providers do by themselves while they answer: searching the web, running tools,
// summing up a long conversation.
//
// It promises that a tool which the client runs passes, that what the provider runs is bounded and that the
// provider is told of the bound, and that what nobody knows the price of is named. It must never know of models,
// budgets or HTTP.
package hosted

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Dialect is whose words a request is in.
type Dialect int

// Dialects.
const (
	// Chat is OpenAI's older one, which many vendors have added words to.
	Chat Dialect = iota
	Messages
	Responses
)

const (
	// DefaultUses is how often a tool that the provider runs may be used where the caller does not say; where the
	// dialect has a word for it, the provider is told so.
	DefaultUses = 5
	// MostUses is the largest number of uses that a caller can ask for.
	MostUses = 1000
	// TokensPerSearch is what one web search adds to the prompt.
	TokensPerSearch = 8_192
	// defaultSources is how many sources xAI's search reads where the caller does not say; each is charged.
	defaultSources = 20
	// resultsPerSearch is how many results OpenRouter's search has for the price of one.
	resultsPerSearch = 5
	// leastSummary is the shortest conversation that Anthropic sums up, in tokens.
	leastSummary = 50_000
	// mostTokens bounds a number of tokens that a caller names.
	mostTokens = 1 << 24
)

// Work is what a request lets its provider do besides one answer.
type Work struct {
	// Searches is how many web searches are charged at most, SearchesMade how many are made where the answer does
	// not say. SearchContext is how much of what they find is read, in the request's words.
	Searches, SearchesMade int64
	SearchContext          string
	// SearchedBy names what asks for them, "" if nothing does.
	SearchedBy string
	// Tokens are what tools add to the prompt at most.
	Tokens int64
	// Rounds is how often the model may go on within one answer, and Readings how often the whole prompt is charged
	// for it. Both count the first time, too.
	Rounds, Readings int64
	// SummaryFrom is from how many tokens on the conversation is summed up, which reads it once more and writes
	// besides the answer; 0 is never.
	SummaryFrom int64
	// Unpriced is the first thing whose price nobody knows; nil when there is none.
	Unpriced *content.Tool
	// Unweighed is the first tool that may add any number of tokens to the prompt.
	Unweighed *content.Part

	dialect Dialect
	// bounds are what the provider is to be told, by their place in the request.
	bounds []bound
}

// bound is a number that is written into the request.
type bound struct {
	path  string
	value int64
}

// Object is a request, by its members.
type Object = map[string]json.RawMessage

// Read finds what a request lets its provider do, from what was found in it and from its members.
func Read(dialect Dialect, object Object, found *content.Found) (Work, error) {
	w := Work{dialect: dialect, Rounds: 1, Readings: 1}
	for _, tool := range found.Tools {
		w.offer(tool)
	}
	for _, name := range asides[dialect] {
		if truthy(object[name]) {
			w.ask(content.Tool{Type: name, Path: name})
		}
	}
	if err := w.boundCalls(object); err != nil {
		return w, err
	}
	if err := w.options(object); err != nil {
		return w, err
	}
	w.summary(object["context_management"])
	return w, nil
}

// asides are members besides the tools by which a provider is made to do more than answer: Anthropic's connections
// and containers; what Azure reads from the caller's stores, and Cohere's and Groq's words for reading the web.
var asides = map[Dialect][]string{
	Messages: {"mcp_servers", "container"},
	Chat:     {"data_sources", "connectors", "search_settings"},
}

// offer takes in one tool that is more than a function of the client's.
func (w *Work) offer(tool content.Tool) {
	switch runnerOf(w.dialect, tool) {
	case atClient:
	case searching:
		w.search(fmt.Sprintf("%s (%s)", tool.Path, clip(tool.Type)), w.uses(tool), tool.ContextSize)
		if w.dialect == Chat {
			w.SearchesMade = max(w.SearchesMade, 1) // not all who search say so
		}
	case fetching:
		w.fetch(tool)
	default:
		w.ask(tool)
	}
}

// uses is how often a tool may be used at most. The provider is told where the caller does not say it so.
func (w *Work) uses(tool content.Tool) int64 {
	uses := min(tool.MaxUses, MostUses)
	if uses == 0 {
		uses = DefaultUses
	}
	if path, ok := placeOf(tool.Path); ok && w.dialect == Messages {
		w.bounds = append(w.bounds, bound{path + ".max_uses", uses})
	}
	return uses
}

// placeOf words the path of a tool as it is written to.
func placeOf(path string) (string, bool) {
	index, ok := strings.CutPrefix(path, "tools[")
	if !ok {
		return "", false
	}
	index, ok = strings.CutSuffix(index, "]")
	if _, err := strconv.ParseUint(index, 10, 32); !ok || err != nil {
		return "", false
	}
	return "tools." + index, true
}

// search reserves web searches, and what they add to the prompt. Anthropic charges the prompt anew with each.
func (w *Work) search(asked string, uses int64, contextSize string) {
	if w.SearchedBy == "" {
		w.SearchedBy = asked
	}
	w.Searches += uses
	w.SearchContext = dearer(w.SearchContext, contextSize, w.Searches > uses)
	w.Tokens += uses * TokensPerSearch
	w.Rounds += uses
	if w.dialect == Messages {
		w.Readings += uses
	}
}

// dearer is the context size of all searches: where tools disagree it is left open, which is priced as the dearest.
func dearer(before, size string, several bool) string {
	if several && before != size {
		return "of several sizes"
	}
	return size
}

func (w *Work) fetch(tool content.Tool) {
	uses := w.uses(tool)
	w.Rounds += uses
	w.Readings += uses
	if tool.MaxContentTokens > 0 {
		w.Tokens += uses * min(tool.MaxContentTokens, mostTokens)
		return
	}
	w.unweigh(tool)
}

// ask notes what the provider does at a price that is not known.
func (w *Work) ask(tool content.Tool) {
	if w.Unpriced == nil {
		w.Unpriced = &tool
	}
	w.Rounds += DefaultUses
	w.unweigh(tool)
}

// unweigh notes that what a tool brings cannot be weighed.
func (w *Work) unweigh(tool content.Tool) {
	if w.Unweighed == nil {
		w.Unweighed = &content.Part{Path: tool.Path, Kind: clip(tool.Type)}
	}
}

// Refusal says why what has no price is not served.
func (w *Work) Refusal() error {
	tool := w.Unpriced
	if tool == nil {
		return nil
	}
	name := member(tool.Path)
	if name == tool.Type {
		return api.FieldErrorf(name, "is not served: the provider runs it, and what that costs is not known here. Leave it out, or ask the operator to set unpriced_tools: allow in the gateway's configuration file")
	}
	return api.FieldErrorf(name, "has one of type %q (%s), which the provider runs; what that costs is not known here. Leave it out, or ask the operator to set unpriced_tools: allow in the gateway's configuration file",
		clip(tool.Type), tool.Path)
}

// SearchRefusal says why searches are not served whose price is not known.
func (w *Work) SearchRefusal() error {
	name, where := member(w.SearchedBy), ""
	if name != w.SearchedBy {
		where = ": " + w.SearchedBy
	}
	return api.FieldErrorf(name, "is not served%s: the price of a web search is not known here for this model. Leave it out, or ask the operator to set the model's price.search, or unpriced_tools: allow in the gateway's configuration file", where)
}

// member is the member of the request that a path begins with.
func member(path string) string {
	if end := strings.IndexAny(path, "[. "); end >= 0 {
		return path[:end]
	}
	return path
}

const longestName = 64

// clip keeps what a caller wrote short enough to be told.
func clip(name string) string {
	if len(name) > longestName {
		return strings.ToValidUTF8(name[:longestName], "") + "…"
	}
	return name
}
