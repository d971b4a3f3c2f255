// Package config turns gateway.yaml and the environment into one validated value.
//
// It promises that a mistake is reported with the field it stands in and what would be
// right, all mistakes at once, and that a secret never stands in such a report.
// It must never know how the rest of the gateway uses a setting.
package config

import (
	"net/netip"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Config is everything `bursar serve` can be told.
type Config struct {
	// File is the path the configuration was read from; empty without a file.
	File string
	// origins are where each setting was made, see [Config.Origin].
	origins map[string]string
	// Listen is the host and port to serve on.
	Listen string
	// ListenAdmin is where the admin API is served instead; "" is at Listen, too.
	ListenAdmin string
	// TLS encrypts both.
	TLS TLS
	// AllowPlainHTTP serves without TLS where other machines reach the gateway.
	AllowPlainHTTP bool
	// AdminKey opens the admin API.
	AdminKey string
	// PublicURL is the address at which people reach the gateway, without a slash at its end; "" is not known.
	PublicURL string
	// ReviewsRequired refuses changes that come from a configuration without an approved review, and ReviewsByOthers a
	// review that was approved with the credential that applies it.
	ReviewsRequired bool
	ReviewsByOthers bool
	// AutoApprove are the rules by which requests for more are approved without anybody.
	AutoApprove []AutoApproval
	// RequestPolicy is the path of the quota-policy.yaml that says what is never approved without anybody; "" is none.
	RequestPolicy string
	// Console serves the pages under /console/.
	Console bool
	// MetricsKey opens /metrics and nothing else; "" is none.
	MetricsKey string
	// DataDir holds the embedded stores and the generated secret key.
	DataDir string
	// DatabaseURL is "sqlite:PATH" or "postgres://…".
	DatabaseURL string
	// RedisURL is empty for in-process counters.
	RedisURL string
	// MinOutputTokens is the least that a request without an output cap gets where limits have room; 0 is the
	// data path's default.
	MinOutputTokens int64
	// RedisTimeout bounds one trip to Redis; 0 is the engine's default.
	RedisTimeout time.Duration
	// RedisStrictRecovery keeps hard budgets closed after Redis has lost data until all gateways have told it again.
	RedisStrictRecovery bool
	// RedisPreflightWarns starts with a Redis that may lose counters, and only warns.
	RedisPreflightWarns bool
	// RateLimitsOnStoreDown is "local", "closed" or "open", BudgetsOnStoreDown "closed" or "open".
	RateLimitsOnStoreDown string
	BudgetsOnStoreDown    string
	// MaxBacklog is how many ledger rows of a team may wait for the record before hard budgets close.
	MaxBacklog int64
	// DrainDelay is how long the gateway goes on to take calls after it was told to stop, while readiness says
	// no; 0 is not at all.
	DrainDelay time.Duration
	// ReadinessStrict says not ready while any store is away, also when calls are served.
	ReadinessStrict bool
	// SecretKey encrypts stored secrets; empty lets the data directory hold a generated one. SecretKeyPrevious is the one
	// before it, while the record moves from one to the other.
	SecretKey, SecretKeyPrevious string

	// IdentifierHeader names the request header that names the team.
	IdentifierHeader string
	// DefaultRPM and DefaultTPM are for teams without limits of their own; nil is unlimited.
	DefaultRPM *int64
	DefaultTPM *int64

	// Timezone is the zone that budget periods are aligned in.
	Timezone *time.Location
	// ResetDay is the day of the month on which monthly periods start.
	ResetDay int
	// ExceededStatus is the HTTP status for an exhausted budget.
	ExceededStatus ExceededStatus
	// Contact is who can raise limits, told to whom one refuses: an e-mail address or a link; "" names nobody.
	Contact string
	// LiteLLMErrors answers 401 for a model that is not allowed, as LiteLLM does and no provider.
	LiteLLMErrors bool
	// SoftLimitRPMFactor multiplies a team's RPM at its soft limit; nil does not throttle.
	SoftLimitRPMFactor *float64
	// Enforcement is that of limits whose objects have none of their own.
	Enforcement api.Enforcement

	// AllowPrivateTargets lets webhooks go to private and loopback addresses and use plain http.
	AllowPrivateTargets bool
	// AlertsToOwners writes to the admins of a team, and its metadata.contacts, what happens to it.
	AlertsToOwners bool
	// SMTP is the mail server for alert routes without one of their own; nil for none.
	SMTP *SMTP
	// PriceFile is a price list in LiteLLM's format; empty is none. PriceFileInstead takes it instead
	// of the built-in catalogue and not over it.
	PriceFile        string
	PriceFileInstead bool
	// PriceFeed is the price list that is fetched; nil is none.
	PriceFeed *PriceFeed
	// AllowUnpriced serves models that have no price, at no cost, instead of refusing them.
	AllowUnpriced bool
	// UnpricedPrice is what models without a price cost until UnpricedUntil, after which they are refused; nil is
	// that they are refused at once.
	UnpricedPrice *api.ModelPrice
	UnpricedUntil time.Time
	// AllowUnpricedTools serves tools that providers run at a price that is not known, at the cost of their tokens.
	AllowUnpricedTools bool

	// OIDC lets people in to the admin API with tokens of an identity provider; nil does not.
	OIDC *OIDC
	// Workloads let pipelines in to the admin API with tokens of the platforms that they run on. The first that a token fits counts.
	Workloads []Workload
	// JWT lets callers of models come with a token instead of a key; nil does not.
	JWT *JWT

	// TrustedProxies are networks whose X-Forwarded-For says where a request came from.
	TrustedProxies []netip.Prefix
	// FailuresAllowed is how many requests of one address to the admin API may fail to authenticate in a
	// row; 0 is the admin API's own default.
	FailuresAllowed int

	// Warnings are what is allowed but not wise, in the words of an operator.
	Warnings []string

	// Models are the deployments, in the order of the file. Several may share one name.
	Models []Model
	// UpstreamNetworks are networks, public addresses apart, where models that are made through the API may be.
	UpstreamNetworks []netip.Prefix
	// PassThrough are routes that are passed on at a fixed price.
	PassThrough []PassThrough
	// StreamIdle is how long an upstream may say nothing within a stream; 0 is the data path's default.
	StreamIdle time.Duration
	// DrainTimeout is how long calls under way may go on when the gateway stops.
	DrainTimeout time.Duration
	// StreamHold is how long the opening of a stream is kept back; 0 is the data path's default, below that none is.
	StreamHold time.Duration
	// Routing says how calls are spread over them.
	Routing Routing

	// Metrics say which series /metrics has.
	Metrics Metrics

	// Watch says what people are told of that no single call brings about.
	Watch Watch

	// Minutes say how much is kept of what was used and refused in each minute.
	Minutes Minutes

	// Retention says how long ledger rows are kept.
	Retention Retention

	// Exports are where ledger rows are sent to.
	Exports []Export

	// Teams, Budgets and AlertRoutes declared in the file.
	Teams       []api.Team
	Budgets     []api.Budget
	AlertRoutes []api.AlertRoute
}

// Model is one deployment behind a name that clients ask for.
type Model struct {
	// ID names the deployment: the file's, or the name and which of that name it is, such as "gpt-4.1:2".
	ID   string
	Name string
	// Aliases and AccessGroups are as in the admin API.
	Aliases      []string
	AccessGroups []string
	// Upstream is the provider's dialect: openai, azure or anthropic.
	Upstream string
	BaseURL  string
	APIKey   string
	// APIVersion is Azure's, "" for others and for base URLs that end with /openai/v1.
	APIVersion    string
	UpstreamModel string
	// Price overrides the catalogue; nil does not.
	Price *api.ModelPrice
	// BaseModel is the catalogue's name of the model, by which it is priced; "" is UpstreamModel.
	BaseModel string
	// MaxInputTokens overrides the catalogue's context window of the model; 0 does not.
	MaxInputTokens int64
	// MaxOutputTokens overrides the catalogue's limit of the model; 0 does not.
	MaxOutputTokens int64
	// MinOutputTokens is the least that a request without an output cap gets; 0 is the gateway's.
	MinOutputTokens int64
	// Weight is the share of the name's calls; nil is 1, 0 stands by.
	Weight *int64
	// RPM and TPM are what the deployment takes in any 60 seconds; nil is unlimited.
	RPM *int64
	TPM *int64
	// TPMSkipsCached leaves what is read from the provider's cache out of tokens per minute.
	TPMSkipsCached bool
}

// Routing says how calls are spread over the deployments of a model; nil and zero are the defaults of
// the deployment package.
type Routing struct {
	AllowedFails *int
	Cooldown     time.Duration
	Retries      *int
	// RetryShare bounds retries as a share of calls.
	RetryShare *float64
	// Timeout is to the first byte of an answer.
	Timeout time.Duration
}

// PassThrough is a route that is passed on as it is, at a fixed price.
type PassThrough struct {
	// Path begins with /v1/; one that ends with /* stands for all below it.
	Path string
	// BaseURL takes the place of /v1.
	BaseURL string
	APIKey  string
	// PricePerRequest is charged for every answer.
	PricePerRequest money.Nano
	// Teams may call it; empty is everybody.
	Teams []string
}
