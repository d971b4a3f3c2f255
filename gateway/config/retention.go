package config

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Retention says how long ledger rows are kept.
type Retention struct {
	// Ledger is how long; 0 is for ever.
	Ledger time.Duration
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
)

func (c *checker) retention(f fileRetention) {
	for _, kept := range []struct{ name, value string }{{"usage_daily", f.UsageDaily}, {"audit", f.Audit}, {"alerts", f.Alerts}} {
		if kept.value != "" && kept.value != never {
			c.fail("retention."+kept.name, "is %q; it is kept for ever, so it can only be never", kept.value)
		}
	}
	c.config.Retention.Archive = f.Archive
	if f.Ledger == "" || f.Ledger == never {
		if f.Archive != "" {
			c.fail("retention.archive", "needs retention.ledger: nothing is archived that is not deleted")
		}
		return
	}
	span, err := api.ParseSpan(f.Ledger)
	if err != nil || span.Approximate() < leastLedger {
		c.fail("retention.ledger", "%q is not never, nor a duration of at least 62d such as 400d", f.Ledger)
		return
	}
	c.config.Retention.Ledger = span.Approximate()
}
