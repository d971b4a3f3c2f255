// Package deployment knows which places serve a model, and which of them takes the next call.
//
// It promises that a change of the models is in force on every gateway when the call that made it
// returns, that calls are shared by weight among the deployments that work, and that failing ones are
// left alone for a while without retries adding to an outage. It must never send a call itself, nor
// know of keys, teams or HTTP.
package deployment

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// Deployment is a place that serves a model, with what its tokens cost.
type Deployment struct {
	upstream.Deployment
	// ID is the model_id.
	ID    string
	Price pricing.Price
	// Priced is false when nobody knows what the model costs.
	Priced bool
	// FallbackUntil is when Price ends, which stands for one that nobody knows; zero is that it is the model's own.
	FallbackUntil time.Time
	// MaxInputTokens and MaxOutputTokens are the model's own limits, 0 when unknown.
	MaxInputTokens  int64
	MaxOutputTokens int64
	// MinOutputTokens is the least that a caller without an output cap gets where limits have room; 0 is the gateway's.
	MinOutputTokens int64
	// Weight is its share of the model's calls; 0 stands by until no other can be asked.
	Weight int64
	// RPM and TPM are what it takes in any 60 seconds; nil is unlimited.
	RPM *int64
	TPM *int64
	// TPMSkipsCached: what is read from the provider's cache is no tokens per minute, here and for callers.
	TPMSkipsCached bool

	// Off keeps a deployment from being asked, and what it alone is called by from being served by a wildcard.
	Off bool

	// Real is what serves a name that the deployment's pattern matches, given what its star stands for.
	// It is nil for a deployment without a star. The real one keeps ID, limits and health.
	Real func(rest string) Deployment
	// Known are the names that a pattern is known to serve.
	Known []string
	// Aliases are other names that clients may ask for the model by; AccessGroups are what lists of
	// allowed models may say for it.
	Aliases      []string
	AccessGroups []string

	// Route is for what serves a path that is passed on, which [Registry.Route] finds by it: no model, whatever clients
	// ask for.
	Route bool

	health *health
}

// Limited says whether the deployment has limits of its own.
func (d Deployment) Limited() bool { return d.RPM != nil || d.TPM != nil }

// MinuteTokens is what a use counts in tokens per minute.
func (d Deployment) MinuteTokens(used pricing.Usage) int64 {
	tokens := used.PromptTokens + used.CompletionTokens
	if d.TPMSkipsCached {
		tokens -= min(max(used.CachedTokens, 0), used.PromptTokens)
	}
	return tokens
}

// target tells deployments apart that have the same id but not the same place: what one of them
// did says nothing about the other.
func (d Deployment) target() string {
	return d.ID + "\n" + d.Provider + "\n" + d.BaseURL + "\n" + d.UpstreamModel + "\n" + d.APIKey
}

// Model is what clients ask for by one of its names, and the deployments that serve it.
type Model struct {
	*modelname.Names
	Deployments []Deployment
	// Label is the name in metrics: the pattern's for names that callers may have made up.
	Label string

	group *group
}

// group is what the deployments of a model share.
type group struct {
	routing Routing
	retries *retryBudget
}

// PricedAs is the upstream's name for the model, by which prompts are weighed.
func (m Model) PricedAs() string { return m.Deployments[0].UpstreamModel }

// Routing says how calls are spread and what happens when deployments fail. The zero value of a
// field is its default.
type Routing struct {
	// AllowedFails is how often in a row a deployment may fail before it is left alone; nil is 2.
	AllowedFails *int
	// Cooldown is how long it is then left alone; 0 is 30 seconds. An upstream's Retry-After wins.
	Cooldown time.Duration
	// Retries is how many further deployments one call may ask; nil is 2.
	Retries *int
	// RetryShare bounds retries as a share of a model's calls, beyond the first few; nil is 0.2.
	RetryShare *float64
	// Timeout is how long a deployment may take to its first byte; 0 is five minutes.
	Timeout time.Duration
	// Random returns a number from 0 up to but not n, n being positive; nil is math/rand's.
	Random func(n int64) int64
}

// Defaults of [Routing].
const (
	DefaultAllowedFails = 2
	DefaultCooldown     = 30 * time.Second
	DefaultRetries      = 2
	DefaultRetryShare   = 0.2
	DefaultTimeout      = 5 * time.Minute
	// maxCooldown bounds what an upstream can ask for in Retry-After.
	maxCooldown = 10 * time.Minute
)

// FirstByteTimeout is how long a deployment may take to its first byte.
func (m Model) FirstByteTimeout() time.Duration { return m.group.routing.Timeout }
