package proxy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// judged are the fields that the gateway admits and charges a call by. Another spelling of one would
// be passed over here and might be obeyed by an upstream that does not mind upper and lower case.
var judged = []string{
	"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
	"service_tier", "web_search_options",
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
	return checkExtras(object)
}

// checkExtras refuses what providers charge for in ways that the price of tokens does not cover.
func checkExtras(object httpx.Object) error {
	if raw, given := object["web_search_options"]; given && string(raw) != "null" {
		return api.FieldErrorf("web_search_options", "is not served: its price is not known here")
	}
	var tier *string
	if raw, given := object["service_tier"]; given && json.Unmarshal(raw, &tier) != nil {
		return api.FieldErrorf("service_tier", "must be a string")
	}
	if tier != nil && !slices.Contains([]string{"auto", "default", "flex", "standard_only"}, *tier) {
		return api.FieldErrorf("service_tier", "must be auto, default or flex: the price of other tiers is not known here")
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
