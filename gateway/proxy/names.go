package proxy

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
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
			return api.FieldErrorf(clipName(name), "is the operator's to decide; leave it out")
		}
		if known, found := judged[fold]; found && known != name {
			return api.FieldErrorf(clipName(name), "must be written %s", known)
		}
	}
	return nil
}

// parseExtras reads what providers charge for beside tokens, or at other prices.
func (c *call) parseExtras(object httpx.Object) error {
	var tier *string
	if err := parseFields(object, field{"service_tier", &tier, isString}); err != nil {
		return err
	}
	if tier != nil {
		c.most.Service = *tier
	}
	return c.parseWork(object)
}

// parseWork reads what the call lets its provider do by itself. Whether that is served is decided when the model is known.
func (c *call) parseWork(object httpx.Object) error {
	if c.endpoint.free {
		return nil
	}
	work, err := hosted.Read(c.endpoint.voice.words(), object, &c.holds)
	if err != nil {
		return err
	}
	body, err := work.Bounded(c.body)
	if err != nil {
		return err
	}
	if len(body) != len(c.body) || &body[0] != &c.body[0] {
		c.body, c.holds.Data = body, content.Find(body).Data
	}
	c.work = work
	c.most.Searches, c.made.Searches = work.Searches, work.SearchesMade
	c.most.SearchContext, c.made.SearchContext = work.SearchContext, work.SearchContext
	c.most.PromptTokens += work.Tokens
	if c.holds.Unweighed == nil {
		c.holds.Unweighed = work.Unweighed
	}
	return nil
}

// checkExtras refuses what the call asks for and nobody knows the price of.
func (p *Proxy) checkExtras(c *call, d deployment.Deployment) error {
	if !d.Price.Offers(c.most.Service) {
		return api.FieldErrorf("service_tier", "%q is not served: its price for this model is not known here", clipName(c.most.Service))
	}
	if p.AllowUnpricedTools {
		return nil
	}
	if c.most.Searches > 0 && d.Price.Search == (pricing.SearchPrice{}) {
		return c.work.SearchRefusal()
	}
	return c.work.Refusal()
}

const longestName = 64

func clipName(name string) string {
	if len(name) > longestName {
		return name[:longestName]
	}
	return name
}
