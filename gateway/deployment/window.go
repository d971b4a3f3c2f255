package deployment

import (
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// DefaultWindow is the context window of a model whose window nobody knows: that of the largest common ones.
const DefaultWindow = 1 << 20

// Window is how many tokens a prompt can have that the model reads once.
func (d Deployment) Window() int64 {
	if d.MaxInputTokens > 0 {
		return d.MaxInputTokens
	}
	return DefaultWindow
}

// LargestWindow is what the window may be for some accounts: a model that has prices for prompts above its window
// has a larger one for those who ask.
func (d Deployment) LargestWindow() int64 {
	window := d.Window()
	for _, tier := range d.Price.Tiers {
		if tier.Above >= window {
			return max(window, DefaultWindow)
		}
	}
	return window
}

// SearchesAlways says whether the model searches the web for every answer, as OpenAI's and OpenRouter's names for
// such models tell.
func (d Deployment) SearchesAlways() bool {
	searches := strings.HasSuffix(d.UpstreamModel, ":online") || strings.Contains(d.UpstreamModel, "-search-preview") ||
		strings.Contains(d.UpstreamModel, "-search-api")
	return searches && d.Price.Search != (pricing.SearchPrice{})
}
