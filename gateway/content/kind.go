package content

import (
	"slices"
	"strings"
)

// longestKind is how much of a type is told to people.
const longestKind = 64

// unquotedKind is the type that a part claims.
func unquotedKind(raw []byte) string {
	kind := head(raw)
	if len(kind) > longestKind {
		kind = kind[:longestKind]
	}
	return kind
}

func cmp(kind, otherwise string) string {
	if kind != "" {
		return kind
	}
	return otherwise
}

func isOneOf(kind string, kinds ...string) bool { return slices.Contains(kinds, kind) }

// isPicture: vendors make a picture of such a part or refuse it.
func isPicture(kind string) bool {
	return isOneOf(kind, "image", "image_url", "input_image", "computer_screenshot", "image_file")
}

// isSound: vendors listen to such a part or refuse it.
func isSound(kind string) bool {
	return isOneOf(kind, "input_audio", "audio", "audio_url", "output_audio")
}

// isDocument: vendors read pages out of such a part.
func isDocument(kind string) bool {
	return isOneOf(kind, "document", "file", "input_file", "container_upload", "document_url", "file_url",
		"video", "video_url", "input_video")
}

// isCitation: these name a file without handing it to the model.
func isCitation(kind string) bool {
	return isOneOf(kind, "file_citation", "container_file_citation", "file_path", "url_citation", "char_location", "page_location",
		"content_block_location", "search_result_location", "web_search_result_location",
		"code_execution_output", "bash_code_execution_output")
}

// isPlain: such a part is text for the model; what it holds besides is found by itself.
func isPlain(kind string) bool {
	switch kind {
	case "text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal", "thinking",
		"redacted_thinking", "message", "reasoning", "compaction", "compaction_summary", "context_compaction", "compaction_trigger",
		"tool_use", "tool_result", "function", "function_call", "function_call_output", "custom", "custom_tool_call",
		"custom_tool_call_output", "search_result", "tool_reference", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "tool_search_output",
		"additional_tools", "image_generation_call", "item_reference", "connector_text", "fallback":
		return true
	}
	return false
}

// isHostedMember: a member of this name makes a tool of its provider's of whatever it stands in, in the words of Gemini's tools and of those who
// translate to them. One object may have several.
func isHostedMember(folded string) bool {
	return isOneOf(folded, "googlesearch", "googlesearchretrieval", "enterprisewebsearch", "googlemaps", "urlcontext", "codeexecution",
		"computeruse", "filesearch", "retrieval", "websearch", "websearchpreview", "codeinterpreter")
}

// describesFunction: a member of this name, folded, says what a function of the client's is like, in the words of all vendors. Any other
// member with an object in it may be a tool that its provider runs, for vendors name their new ones so.
func describesFunction(folded string) bool {
	return isOneOf(folded, "parameters", "parametersjsonschema", "inputschema", "outputschema", "responseschema", "schema", "response",
		"custom", "format", "inputexamples", "examples", "cachecontrol", "annotations", "metadata", "meta", "allowedcallers")
}

// knownEnds are those of the kinds of calls and results, of which vendors add new ones all the time.
var knownEnds = []string{"_call", "_call_output", "_tool_use", "_tool_result", "_result", "_error"}

// isKnown: what such a part holds is text, or is found by the names of its members.
func isKnown(kind string) bool {
	return isPlain(kind) || isPicture(kind) || isSound(kind) || isDocument(kind) || isCitation(kind) ||
		slices.ContainsFunc(knownEnds, func(end string) bool { return strings.HasSuffix(kind, end) })
}
