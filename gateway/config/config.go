// Package config turns gateway.yaml and the environment into one validated value.
//
// It promises that a mistake is reported with the field it stands in and what would be
// right, all mistakes at once, and that a secret never stands in such a report.
// It must never know how the rest of the gateway uses a setting.
package config

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Config is everything `bursar serve` can be told.
type Config struct {
	// File is the path the configuration was read from; empty without a file.
	File string
	// Listen is the host and port to serve on.
	Listen string
	// AdminKey opens the admin API.
	AdminKey string
	// DataDir holds the embedded stores and the generated secret key.
	DataDir string
	// DatabaseURL is "sqlite:PATH" or "postgres://…".
	DatabaseURL string
	// RedisURL is empty for in-process counters.
	RedisURL string
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
	// SecretKey encrypts stored secrets; empty lets the data directory hold a generated one.
	SecretKey string

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
	ExceededStatus int
	// SoftLimitRPMFactor multiplies a team's RPM at its soft limit; nil does not throttle.
	SoftLimitRPMFactor *float64

	// AllowPrivateTargets lets webhooks go to private and loopback addresses and use plain http.
	AllowPrivateTargets bool
	// AllowUnpriced serves models that have no price, at no cost, instead of refusing them.
	AllowUnpriced bool

	// Models are the deployments, in the order of the file. Several may share one name.
	Models []Model

	// Teams, Budgets and AlertRoutes declared in the file.
	Teams       []api.Team
	Budgets     []api.Budget
	AlertRoutes []api.AlertRoute
}

// Model is one deployment behind a name that clients ask for.
type Model struct {
	Name string
	// Upstream is the provider's dialect: openai, azure or anthropic.
	Upstream string
	BaseURL  string
	APIKey   string
	// APIVersion is Azure's, "" for others and for base URLs that end with /openai/v1.
	APIVersion    string
	UpstreamModel string
	// Price overrides the catalogue; nil does not.
	Price *Price
	// MaxOutputTokens overrides the catalogue's limit of the model; 0 does not.
	MaxOutputTokens int64
}

// Price is in USD per million tokens. A nil CachedInputPerMillion costs what input does.
type Price struct {
	InputPerMillion       money.Nano
	OutputPerMillion      money.Nano
	CachedInputPerMillion *money.Nano
}
