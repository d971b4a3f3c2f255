package hosted

import (
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// runner says who runs a tool and what is charged for it besides tokens.
type runner int

const (
	// atProvider: the provider runs it, and its price is not known.
	atProvider runner = iota
	// atClient: the client runs it, or it costs nothing besides its tokens.
	atClient
	// searching: the provider searches the web at a price for each search.
	searching
	// fetching: the provider reads pages and charges their tokens.
	fetching
)

// runnerOf knows a tool by its type.
func runnerOf(dialect Dialect, tool content.Tool) runner {
	kind := strings.ToLower(tool.Type)
	switch {
	case slices.Contains(webSearches, content.Fold(kind)), strings.HasPrefix(kind, "web_search_"):
		return searching
	case dialect == Messages && strings.HasPrefix(kind, "web_fetch_"):
		return fetching
	case slices.Contains(clientTools, kind), startsWithOneOf(kind, clientToolVersions):
		return atClient
	case kind == "shell" && (tool.Environment == "" || tool.Environment == "local"):
		return atClient
	default:
		return atProvider
	}
}

// webSearches are the vendors' names for searching the web, folded.
var webSearches = []string{
	"websearch", "websearchpreview", "openrouter:websearch", "googlesearch", "googlesearchretrieval", "browsersearch",
}

// clientTools are OpenAI's names of tools that the client runs, or that find the client's own tools. Functions,
// custom tools and namespaces of them are no case for this package.
var clientTools = []string{"local_shell", "apply_patch", "computer", "computer_use", "computer_use_preview", "tool_search"}

// clientToolVersions begin Anthropic's names of such tools; a date follows.
var clientToolVersions = []string{"bash_", "text_editor_", "computer_", "memory_", "tool_search_tool_"}

func startsWithOneOf(kind string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(kind, prefix) })
}
