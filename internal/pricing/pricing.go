// Package pricing knows what models cost: the catalogue of prices, and the bill for a request.
//
// It promises that costs are whole nano-dollars rounded up once per request, and that an
// upper bound is never below the cost of what stayed within it. It must never know of teams,
// limits, HTTP or the text of a prompt: it is arithmetic on counts.
package pricing

import "github.com/bursarhq/terraform-provider-bursar/internal/money"

// Rates are prices of single tokens, each as nano-USD per million tokens. All of them are
// set: a kind of token that a vendor does not price apart costs what its nearest relative does.
type Rates struct {
	Input        money.Nano
	CachedInput  money.Nano
	CacheWrite   money.Nano
	CacheWrite1h money.Nano
	AudioInput   money.Nano
	ImageInput   money.Nano
	Output       money.Nano
	Reasoning    money.Nano
	AudioOutput  money.Nano
	ImageOutput  money.Nano
}

// Tier prices a whole request, not only what exceeds it, whose prompt has more tokens than Above.
type Tier struct {
	Above int64
	Rates
}

// Plan is what the tokens of one service tier cost.
type Plan struct {
	Rates
	// Tiers are in ascending order of Above; the last one that a prompt exceeds prices the request.
	Tiers []Tier
}

// Price is what a model costs. The zero Price is free.
type Price struct {
	// Plan is the vendor's standard service.
	Plan
	// Flex, Priority and Batch are the other service tiers; a nil one costs as the standard one.
	Flex     *Plan
	Priority *Plan
	Batch    *Plan

	// Request is for the request itself, whatever it used.
	Request money.Nano
	// Characters is nano-USD per million characters of text that is spoken.
	Characters money.Nano
	// AudioHour is nano-USD per hour of sound, charged by the second.
	AudioHour money.Nano
	// Images are for each picture that is made, by size and quality.
	Images []ImagePrice
	// Search is for each web search that the model makes.
	Search SearchPrice

	// Believed is up to which multiple of what the list makes of a request its provider's own word on the cost
	// counts, in thousandths; 0 is that it is not asked.
	Believed int64

	// Version names this price in ledger rows, so that history survives price changes.
	Version string
}

// ImagePrice is what one picture costs, in nano-USD.
type ImagePrice struct {
	// Size is as clients ask for it, such as "1024x1024"; empty is any.
	Size string
	// Quality is as clients ask for it, such as "hd" or "low"; empty is any.
	Quality string
	Each    money.Nano
}

// SearchPrice is what one web search costs, in nano-USD, by how much of what it finds the model reads.
type SearchPrice struct {
	Low    money.Nano
	Medium money.Nano
	High   money.Nano
}

// Usage is what a request used, or what it may use at most. The parts of the prompt and of the
// completion are counted within PromptTokens and CompletionTokens, as OpenAI reports them.
type Usage struct {
	PromptTokens       int64
	CachedTokens       int64
	CacheWriteTokens   int64 // kept for five minutes
	CacheWrite1hTokens int64
	AudioInputTokens   int64
	ImageInputTokens   int64
	// LargestPrompt is the most that the model read at once, where one answer made it read several times; 0 is
	// PromptTokens. Prices by size go by it.
	LargestPrompt int64

	CompletionTokens  int64
	ReasoningTokens   int64
	AudioOutputTokens int64
	ImageOutputTokens int64

	// Images is how many pictures were made, of one size and quality; empty is not known.
	Images       int64
	ImageSize    string
	ImageQuality string
	// AudioSeconds is the length of the sound that was written down, in started seconds.
	AudioSeconds int64
	// Characters is the length of the text that was spoken.
	Characters int64
	// Searches is how many web searches were made; SearchContext is low, medium or high, empty is medium.
	Searches      int64
	SearchContext string

	// Service is the service tier that a request asks for or that served it, in the vendor's word.
	Service string
	// Cost is what the provider itself says that the request cost; 0 is not said.
	Cost money.Nano
}
