package config

import "time"

const (
	// maxRetries bounds how many deployments one call can wear out.
	maxRetries = 10
	// longest is more than anybody waits for.
	longest = 24 * time.Hour
)

func (c *checker) routing(f fileRouting) {
	c.config.Routing = Routing{
		AllowedFails: c.count("routing.allowed_fails", f.AllowedFails, 1_000_000),
		Cooldown:     c.duration("routing.cooldown", f.Cooldown),
		Retries:      c.count("routing.retries", f.Retries, maxRetries),
		RetryShare:   f.RetryBudgetPct,
		Timeout:      c.duration("routing.timeout", f.Timeout),
	}
	if share := f.RetryBudgetPct; share != nil && !(*share >= 0 && *share <= 1) {
		c.fail("routing.retry_budget_pct", "is %v; it is a share and must be between 0 and 1", *share)
	}
}

func (c *checker) count(field string, n *int, most int) *int {
	if n != nil && (*n < 0 || *n > most) {
		c.fail(field, "is %d; it must be between 0 and %d", *n, most)
	}
	return n
}

// duration reads a duration as Go writes it; "" is 0.
func (c *checker) duration(field, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > longest {
		c.fail(field, "%q is not a duration such as 30s or 5m, above 0 and up to 24h", text)
	}
	return d
}
