package proxy

import (
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// judged are the fields that the gateway admits and charges a call by. Another spelling of one would
// be passed over here and might be obeyed by an upstream that does not mind upper and lower case.
var judged = []string{
	"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
	"service_tier", "web_search_options", "prompt", "best_of", "input", "max_output_tokens", "tools", "store",
	"background", "previous_response_id", "conversation", "mcp_servers", "container", "speed", "inference_geo",
	"functions", "size", "quality", "stream_format",
}

// forbidden are the fields by which routers let a caller choose where a call goes and with whose credentials.
var forbidden = []string{
	"api_base", "base_url", "api_key", "api_version", "custom_llm_provider", "litellm_params",
	"fallbacks", "context_window_fallbacks", "models", "route", "provider", "mock_response",
}

// checkNames refuses fields that would get around what the gateway decides.
func checkNames(object httpx.Object) error {
	for name := range object {
		lower := strings.ToLower(name)
		if slices.Contains(forbidden, lower) {
			return api.FieldErrorf(clipName(name), "is the operator's to decide; leave it out")
		}
		if name != lower && slices.Contains(judged, lower) {
			return api.FieldErrorf(clipName(name), "must be written %s", lower)
		}
	}
	return nil
}

// parseExtras reads what providers charge for beside tokens, or at other prices.
func (c *call) parseExtras(object httpx.Object) error {
	var tier *string
	var search *struct {
		ContextSize string `json:"search_context_size"`
	}
	err := parseFields(object,
		field{"service_tier", &tier, isString},
		field{"web_search_options", &search, isObject},
	)
	if err != nil {
		return err
	}
	if tier != nil {
		c.most.Service = *tier
	}
	if search != nil {
		c.most.Searches, c.most.SearchContext = 1, search.ContextSize
		c.made.Searches, c.made.SearchContext = 1, search.ContextSize
	}
	return nil
}

// checkExtras refuses what the call asks for and nobody knows the price of.
func (c *call) checkExtras(price pricing.Price) error {
	if !price.Offers(c.most.Service) {
		return api.FieldErrorf("service_tier", "%q is not served: its price for this model is not known here", clipName(c.most.Service))
	}
	if c.most.Searches > 0 && price.Search == (pricing.SearchPrice{}) {
		return api.FieldErrorf("web_search_options", "is not served: its price for this model is not known here")
	}
	return nil
}

const longestName = 64

func clipName(name string) string {
	if len(name) > longestName {
		return name[:longestName]
	}
	return name
}
