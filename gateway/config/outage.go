package config

import (
	"slices"
	"strings"
)

// defaultMaxBacklog is how many ledger rows of one team may wait for the record.
const defaultMaxBacklog = 100_000

// outage reads what happens while a store is away or behind.
func (c *checker) outage(f file) {
	c.config.RateLimitsOnStoreDown = c.choice("rate_limits.on_store_down", f.RateLimits.OnStoreDown, "local", "closed", "open")
	c.config.BudgetsOnStoreDown = c.choice("budgets.on_store_down", f.Budgets.OnStoreDown, "closed", "open")
	c.config.RedisPreflightWarns = c.choice("redis.preflight", f.Redis.Preflight, "refuse", "warn") == "warn"
	c.config.RedisStrictRecovery = f.Redis.StrictRecovery == nil || *f.Redis.StrictRecovery
	c.config.ReadinessStrict = c.choice("readiness", f.Readiness, "serving", "strict") == "strict"
	c.config.MaxBacklog = defaultMaxBacklog
	if f.Budgets.MaxBacklog == nil {
		return
	}
	c.config.MaxBacklog = *f.Budgets.MaxBacklog
	if c.config.MaxBacklog < 1 {
		c.fail("budgets.max_backlog", "is %d; it is how many ledger rows of a team, and of a gateway, may wait and must be at least 1", c.config.MaxBacklog)
	}
}

// choice returns one of the words; the first is meant when nothing is given.
func (c *checker) choice(field, given string, words ...string) string {
	if given == "" {
		return words[0]
	}
	if !slices.Contains(words, given) {
		c.fail(field, "is %q; it must be %s", given, strings.Join(words, " or "))
	}
	return given
}
