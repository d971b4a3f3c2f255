package config

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Retention says how long ledger rows and alerts are kept.
type Retention struct {
	// Ledger and Alerts are how long; 0 is for ever.
	Ledger, Alerts time.Duration
	// Archive is the folder that rows are written to before they are deleted, "" for none.
	Archive string
}

// fileRetention is retention in gateway.yaml. Durations are as budgets have them, such as 400d.
type fileRetention struct {
	Ledger     string `yaml:"ledger"`
	Archive    string `yaml:"archive"`
	UsageDaily string `yaml:"usage_daily"`
	Audit      string `yaml:"audit"`
	Alerts     string `yaml:"alerts"`
}

const (
	never = "never"
	// leastLedger is a month and the one before it: counters are filled again from rows, and replays read them.
	leastLedger = 62 * 24 * time.Hour
	// leastAlerts is a month: who is told once a month still finds what it was about.
	leastAlerts = 31 * 24 * time.Hour
)

func (c *checker) retention(f fileRetention) {
	for _, kept := range []struct{ name, value string }{{"usage_daily", f.UsageDaily}, {"audit", f.Audit}} {
		if kept.value != "" && kept.value != never {
			c.fail("retention."+kept.name, "is %q; it is kept for ever, so it can only be never", kept.value)
		}
	}
	c.config.Retention.Archive = f.Archive
	if f.Archive != "" && (f.Ledger == "" || f.Ledger == never) {
		c.fail("retention.archive", "needs retention.ledger: nothing else is archived")
	}
	c.config.Retention.Ledger = c.kept("ledger", f.Ledger, leastLedger, "400d")
	c.config.Retention.Alerts = c.kept("alerts", f.Alerts, leastAlerts, "90d")
}

// kept is for how long something is kept, 0 for ever.
func (c *checker) kept(name, text string, least time.Duration, example string) time.Duration {
	if text == "" || text == never {
		return 0
	}
	span, err := api.ParseSpan(text)
	if err != nil || span.Approximate() < least {
		c.fail("retention."+name, "%q is not never, nor a duration of at least %dd such as %s", text, least/(24*time.Hour), example)
		return 0
	}
	return span.Approximate()
}
