package hosted

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// boundCalls bounds all calls of OpenAI's own tools together, where the caller does not.
func (w *Work) boundCalls(object Object) error {
	raw := object["max_tool_calls"]
	if w.dialect != Responses || w.Rounds == 1 {
		return nil
	}
	calls := w.Rounds - 1
	if len(raw) > 0 && string(raw) != "null" {
		var given int64
		if json.Unmarshal(raw, &given) != nil || given < 1 {
			return api.FieldErrorf("max_tool_calls", "must be a whole number, at least 1. Received: %s", clip(string(raw)))
		}
		calls = min(given, MostUses)
	}
	if w.Searches > 0 {
		w.Tokens += (calls - w.Searches) * TokensPerSearch
		w.Searches = calls
	}
	w.Rounds = 1 + calls
	w.bounds = append(w.bounds, bound{"max_tool_calls", calls})
	return nil
}

// Bounded tells the provider how often its tools may be used, where the caller does not.
func (w *Work) Bounded(body []byte) ([]byte, error) {
	for _, bound := range w.bounds {
		if gjson.GetBytes(body, bound.path).Raw == fmt.Sprint(bound.value) {
			continue
		}
		var err error
		if body, err = sjson.SetBytes(body, bound.path, bound.value); err != nil {
			return nil, api.Errorf(api.Invalid, "the request's tools cannot be read").WithCause(err)
		}
	}
	return body, nil
}

// options reads the other ways to ask for a search, of which providers do not always say whether they did it.
func (w *Work) options(object Object) error {
	search, err := readOptions(object, "web_search_options")
	if err != nil {
		return err
	} else if search.given {
		w.searchOnce("web_search_options", 1, search.said("search_context_size"))
	}
	if err := w.liveSearch(object); err != nil {
		return err
	}
	for _, name := range []string{"enable_search", "web_search"} {
		if truthy(object[name]) {
			w.searchOnce(name, 1, "")
			w.Tokens += TokensPerSearch
		}
	}
	return w.plugins(object["plugins"])
}

// liveSearch reads xAI's words; each source is charged.
func (w *Work) liveSearch(object Object) error {
	live, err := readOptions(object, "search_parameters")
	if err != nil || !live.given || strings.EqualFold(live.said("mode"), "off") {
		return err
	}
	sources := int64(defaultSources)
	if most := live.most("max_search_results"); most > 0 {
		sources = min(most, MostUses)
	}
	w.searchOnce("search_parameters", sources, "")
	w.Tokens += TokensPerSearch
	return nil
}

func readOptions(object Object, name string) (options, error) {
	raw := object[name]
	if len(raw) == 0 || string(raw) == "null" {
		return options{}, nil
	}
	if raw[0] != '{' {
		return options{}, api.FieldErrorf(name, "must be an object")
	}
	return optionsOf(gjson.ParseBytes(raw)), nil
}

func truthy(raw json.RawMessage) bool {
	return len(raw) > 0 && !slices.Contains([]string{"null", "false", `""`, "0", `"false"`, "[]", "{}"}, string(raw))
}

// searchOnce takes in searches of which at least one is made.
func (w *Work) searchOnce(asked string, most int64, contextSize string) {
	if w.SearchedBy == "" {
		w.SearchedBy = asked
	}
	w.SearchContext = dearer(w.SearchContext, contextSize, w.Searches > 0)
	w.Searches += most
	w.SearchesMade++
	w.Rounds++
}

// SearchAlways takes in that the model itself searches for every answer.
func (w *Work) SearchAlways() {
	if w.Searches == 0 {
		w.searchOnce("model", 1, "")
		w.Tokens += TokensPerSearch
	}
}

// plugins reads OpenRouter's.
func (w *Work) plugins(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if raw[0] != '[' {
		return api.FieldErrorf("plugins", "must be a list")
	}
	for i, raw := range gjson.ParseBytes(raw).Array() {
		plugin := optionsOf(raw)
		if plugin.off("enabled") {
			continue
		}
		switch id := plugin.said("id"); id {
		case "response-healing":
		case "web":
			results := max(plugin.most("max_results"), 1)
			w.searchOnce(fmt.Sprintf("plugins[%d]", i), min((results+resultsPerSearch-1)/resultsPerSearch, MostUses), "")
			w.Tokens += TokensPerSearch
		default:
			w.ask(content.Tool{Type: id, Path: fmt.Sprintf("plugins[%d]", i)})
		}
	}
	return nil
}

// summary: a provider that sums up a long conversation reads it once more, and writes besides the answer.
func (w *Work) summary(raw json.RawMessage) {
	if !strings.Contains(content.Fold(string(raw)), "compact") && !strings.Contains(string(raw), `\`) {
		return
	}
	w.Rounds++
	w.SummaryFrom = 1
	if w.dialect == Messages {
		w.SummaryFrom = leastSummary
	}
	// The smallest number is when it begins, if it is anything: other strategies have numbers of their own.
	if named := smallest(gjson.ParseBytes(raw)); named > 0 {
		w.SummaryFrom = max(w.SummaryFrom, named)
	}
}

// smallest is the smallest positive number in a value; 0 is none.
func smallest(value gjson.Result) int64 {
	var least int64
	note := func(number int64) {
		if number > 0 && (least == 0 || number < least) {
			least = number
		}
	}
	if value.Type == gjson.Number {
		note(value.Int())
	}
	if value.IsObject() || value.IsArray() {
		value.ForEach(func(_, within gjson.Result) bool {
			note(smallest(within))
			return true
		})
	}
	return least
}
