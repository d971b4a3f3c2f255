package config

import (
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Error lists everything that is wrong with a configuration, one field per problem.
type Error struct{ Problems []string }

// Error returns the problems on lines of their own.
func (e *Error) Error() string {
	return "the configuration is not usable:\n  - " + strings.Join(e.Problems, "\n  - ")
}

// Load reads the file at path, or no file when path is empty, and lets the environment win over it.
// The error is an [*Error] when fields are wrong.
func Load(path string, getenv func(string) string) (Config, error) {
	environment := &secretFiles{getenv: getenv}
	getenv = environment.get
	f, from, err := readFile(path, getenv)
	if err != nil {
		return Config{}, err
	}
	problems := applyEnvironment(&f, from, getenv)
	c := &checker{config: Config{File: path}, problems: problems}
	c.stores(f)
	c.limits(f)
	c.streamIdle(f.Timeouts.StreamIdle)
	c.streamHold(f.Timeouts.StreamHold)
	c.passThrough(f.PassThrough)
	c.config.UpstreamNetworks = c.networks("upstream_networks", f.UpstreamNetworks)
	c.outage(f)
	c.prices(f)
	c.models(f)
	c.routing(f.Routing)
	c.exports(f)
	c.declared(f)
	c.tokens(f)
	c.workloads(f.Workloads)
	c.metrics(f.Metrics)
	c.minutes(f.Minutes)
	c.retention(f.Retention, getenv)
	c.watch(f.Alerts)
	from.locate(append(environment.problems, c.problems...))
	if len(from.problems) > 0 {
		return Config{}, &Error{Problems: from.texts()}
	}
	c.config.origins = from.origins()
	return c.config, nil
}

// Origin says where a setting such as budgets.timezone was made: "line 12" of the file, a variable such as BURSAR_LISTEN,
// or "" for one that is as it comes.
func (c Config) Origin(setting string) string {
	if origin, set := c.origins[setting]; set {
		return origin
	}
	for _, within := range slices.Sorted(maps.Keys(c.origins)) {
		if strings.HasPrefix(within, setting+".") || strings.HasPrefix(within, setting+"[") {
			return c.origins[within]
		}
	}
	return ""
}

// checker builds the configuration and collects what is wrong with it.
type checker struct {
	config   Config
	problems []string
}

func (c *checker) fail(field, format string, args ...any) {
	c.problems = append(c.problems, field+": "+fmt.Sprintf(format, args...))
}

func (c *checker) stores(f file) {
	c.doors(f)
	c.config.Console = f.Console.Enabled == nil || *f.Console.Enabled
	c.config.DataDir = valueOr(f.DataDir, "data")
	c.secretKeys(f)
	c.database(f)
	c.config.RedisURL = f.RedisURL
	c.redisTimeout(f.RedisTimeout)
	c.drainDelay(f.DrainDelay)
	c.drainTimeout(f.DrainTimeout)
	c.config.MinOutputTokens = c.minOutputTokens("min_output_tokens", f.MinOutputTokens)
	if f.RedisURL != "" {
		c.storeURL("redis_url", f.RedisURL, "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
	}
}

// secretKeys are texts here: what they must look like is said where they are read, which is not here alone.
func (c *checker) secretKeys(f file) {
	c.config.SecretKey, c.config.SecretKeyPrevious = f.SecretKey, f.SecretKeyPrevious
	if f.SecretKeyPrevious != "" && f.SecretKey == "" {
		c.fail("secret_key_previous", "is the key before secret_key, which is not set; a key made in the data directory has the one before it in a file there")
	}
}

func (c *checker) streamIdle(text string) {
	if text == "" {
		return
	}
	idle, err := time.ParseDuration(text)
	if err != nil || idle <= 0 || idle > time.Hour {
		c.fail("timeouts.stream_idle", "%q is not a duration up to an hour such as 90s", text)
	}
	c.config.StreamIdle = idle
}

func (c *checker) minOutputTokens(field string, least *int64) int64 {
	if least == nil {
		return 0
	}
	if wrong := api.CheckMinOutputTokens(*least); wrong != "" {
		c.fail(field, "%s", wrong)
	}
	return *least
}

// maxStreamHold is how long the opening of a stream can be kept back: clients that hear nothing for longer give up.
const maxStreamHold = 30 * time.Second

func (c *checker) streamHold(text string) {
	if text == "" {
		return
	}
	hold, err := time.ParseDuration(text)
	if err != nil || hold < 0 || hold > maxStreamHold {
		c.fail("timeouts.stream_hold", "%q is not a duration up to 30s such as 3s; 0s keeps nothing back", text)
	}
	if hold == 0 {
		hold = -1
	}
	c.config.StreamHold = hold
}

func (c *checker) redisTimeout(text string) {
	if text == "" {
		return
	}
	timeout, err := time.ParseDuration(text)
	if err != nil || timeout <= 0 || timeout > time.Minute {
		c.fail("redis_timeout", "%q is not a duration up to a minute such as 500ms", text)
	}
	c.config.RedisTimeout = timeout
}

func (c *checker) database(f file) {
	c.config.DatabaseURL = valueOr(f.DatabaseURL, "sqlite:"+filepath.Join(c.config.DataDir, "bursar.db"))
	if strings.HasPrefix(c.config.DatabaseURL, "sqlite:") {
		if c.config.DatabaseURL == "sqlite:" {
			c.fail("database_url", "sqlite: needs a file behind it, such as sqlite:data/bursar.db")
		}
		return
	}
	c.storeURL("database_url", c.config.DatabaseURL, "postgres", "postgresql")
	if f.SecretKey == "" {
		c.fail("secret_key", "is required with PostgreSQL, the same for every gateway; set BURSAR_SECRET_KEY to the output of: openssl rand -base64 32")
	}
}

// storeURL says what is wrong with an address without repeating it: it may hold a password.
func (c *checker) storeURL(field, address string, schemes ...string) {
	parsed, err := url.Parse(firstHost(address))
	if err != nil {
		c.fail(field, "is not an address; expected one that starts with %s://", strings.Join(schemes, ":// or "))
		return
	}
	if slices.Contains(schemes, parsed.Scheme) {
		return
	}
	c.fail(field, "starts with %q; expected %s://", parsed.Scheme, strings.Join(schemes, ":// or "))
}

// firstHost leaves out what follows the first of several hosts, which are more than an address may have.
func firstHost(address string) string {
	first, _, _ := strings.Cut(address, ",")
	return first
}

func (c *checker) limits(f file) {
	c.config.IdentifierHeader = valueOr(f.RateLimits.IdentifierHeader, "X-Team-ID")
	c.config.DefaultRPM = c.rate("rate_limits.default.rpm", f.RateLimits.Default.RPM)
	c.config.DefaultTPM = c.rate("rate_limits.default.tpm", f.RateLimits.Default.TPM)
	c.zone(f.Budgets.Timezone)
	c.config.ResetDay = intOr(f.Budgets.ResetDay, 1)
	if c.config.ResetDay < 1 || c.config.ResetDay > 28 {
		c.fail("budgets.reset_day", "is %d; it must be a day that every month has, 1 to 28", c.config.ResetDay)
	}
	c.refusals(f)
	c.requests(f)
	c.config.SoftLimitRPMFactor = f.DynamicRateLimits.OnSoftBudgetHit.ReduceRPMPct
	if factor := c.config.SoftLimitRPMFactor; factor != nil && !(*factor > 0 && *factor <= 1) {
		c.fail("dynamic_rate_limits.on_soft_budget_hit.reduce_rpm_pct", "is %v; it is a share and must be above 0 and at most 1", *factor)
	}
	c.enforcement(f.Enforcement)
	c.alerts(f.Alerts)
	c.unpriced(f.UnpricedModels)
	switch f.UnpricedTools {
	case "", "deny":
	case "allow":
		c.config.AllowUnpricedTools = true
	default:
		c.fail("unpriced_tools", "is %q; it must be deny or allow", f.UnpricedTools)
	}
}

func (c *checker) rate(field string, limit *int64) *int64 {
	if limit != nil && *limit < 0 {
		c.fail(field, "is %d; it cannot be negative", *limit)
	}
	return limit
}

func (c *checker) zone(name string) {
	c.config.Timezone = time.UTC
	if name == "" {
		return
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		c.fail("budgets.timezone", "%q is not an IANA time zone such as UTC or Europe/Berlin", name)
		return
	}
	c.config.Timezone = zone
}

func valueOr(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func intOr(value *int, fallback int) int {
	if value == nil {
		return fallback
	}
	return *value
}
