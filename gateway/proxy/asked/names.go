package asked

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// judged are the fields that the gateway admits and charges a call by. Another spelling of one would
// be passed over here and might be obeyed by an upstream that does not mind how a name is spelled.
var judged = folded(
	"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
	"service_tier", "web_search_options", "prompt", "best_of", "input", "max_output_tokens", "tools", "store",
	"background", "previous_response_id", "conversation", "mcp_servers", "container", "speed", "inference_geo",
	"functions", "size", "quality", "stream_format", "search_parameters", "enable_search", "plugins", "context_management",
	"max_tool_calls", "system", "data_sources", "connectors", "search_settings", "web_search",
)

// forbidden are the fields by which routers let a caller choose where a call goes and with whose credentials, or
// send fields that are not looked at here.
var forbidden = folded(
	"api_base", "base_url", "api_key", "api_version", "custom_llm_provider", "litellm_params",
	"fallbacks", "context_window_fallbacks", "models", "route", "provider", "mock_response",
	"extra_body", "extra_headers", "extra_query",
)

// folded are names by how a lenient server compares them.
func folded(names ...string) map[string]string {
	spelled := make(map[string]string, len(names))
	for _, name := range names {
		spelled[content.Fold(name)] = name
	}
	return spelled
}

// checkNames refuses fields that would get around what the gateway decides.
func checkNames(object httpx.Object) error {
	for name := range object {
		if known, ok := judged[name]; ok && known == name {
			continue
		}
		fold := content.Fold(name)
		if _, found := forbidden[fold]; found {
			return api.FieldErrorf(Clip(name), "is the operator's to decide; leave it out")
		}
		if known, found := judged[fold]; found && known != name {
			return api.FieldErrorf(Clip(name), "must be written %s", known)
		}
	}
	return nil
}

// parseService reads at which price the provider shall serve the call.
func (c *Call) parseService(object httpx.Object) error {
	var tier *string
	if err := parseFields(object, field{"service_tier", &tier, isString}); err != nil {
		return err
	}
	if tier != nil {
		c.Most.Service = *tier
	}
	return nil
}

// parseWork reads what the call lets its provider do by itself. Whether that is served is decided when the model is known.
func (c *Call) parseWork(object httpx.Object, words hosted.Dialect) error {
	work, err := hosted.Read(words, object, &c.Holds)
	if err != nil {
		return err
	}
	body, err := work.Bounded(c.Body)
	if err != nil {
		return err
	}
	if len(body) != len(c.Body) || &body[0] != &c.Body[0] {
		c.Body, c.Holds.Data = body, content.Find(body).Data
	}
	c.Work = work
	c.Most.Searches, c.Made.Searches = work.Searches, work.SearchesMade
	c.Most.SearchContext, c.Made.SearchContext = work.SearchContext, work.SearchContext
	c.Most.PromptTokens += work.Tokens
	if c.Holds.Unweighed == nil {
		c.Holds.Unweighed = work.Unweighed
	}
	return nil
}

const longestName = 64

// Clip repeats a name of the caller's, but not a whole page of it.
func Clip(name string) string {
	if len(name) > longestName {
		return name[:longestName]
	}
	return name
}
