package config

import "time"

// Metrics say which series /metrics has.
type Metrics struct {
	// LiteLLMNames adds series by the names of LiteLLM's metrics.
	LiteLLMNames bool
	// Teams and Keys are how many have series of their own: those that have spent the most, and the largest part of
	// their cap; 0 is none.
	Teams, Keys int
	// Refresh is how often budgets and limits are read for them, where that does not take too long.
	Refresh time.Duration
}

// fileMetrics is metrics in gateway.yaml.
type fileMetrics struct {
	LiteLLMNames bool `yaml:"litellm_names"`
	Teams        *int `yaml:"teams"`
	Keys         *int `yaml:"keys"`
	// Refresh is a duration as Go writes it, such as 15s.
	Refresh string `yaml:"refresh"`
}

const (
	// defaultMetricTeams and defaultMetricKeys are what a collector of today takes without being asked to.
	defaultMetricTeams = 20_000
	defaultMetricKeys  = 200
	// mostMetricSeries is what either may be at most.
	mostMetricSeries = 100_000

	defaultMetricRefresh = 15 * time.Second
)

func (c *checker) metrics(f fileMetrics) {
	c.config.Metrics = Metrics{
		LiteLLMNames: f.LiteLLMNames,
		Teams:        c.series("metrics.teams", f.Teams, defaultMetricTeams), Keys: c.series("metrics.keys", f.Keys, defaultMetricKeys),
		Refresh: defaultMetricRefresh,
	}
	if f.Refresh == "" {
		return
	}
	refresh, err := time.ParseDuration(f.Refresh)
	if err != nil || refresh < time.Second || refresh > time.Hour {
		c.fail("metrics.refresh", "%q is not a duration from 1s to an hour such as 15s", f.Refresh)
	}
	c.config.Metrics.Refresh = refresh
}

func (c *checker) series(field string, stated *int, fallback int) int {
	number := intOr(stated, fallback)
	if number < 0 || number > mostMetricSeries {
		c.fail(field, "is %d; it must be between 0, for none, and %d", number, mostMetricSeries)
	}
	return number
}
