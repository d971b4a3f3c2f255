package config

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// fileEnforcement says whether limits refuse, or are only watched for a while.
type fileEnforcement struct {
	// Mode is "enforce" or "audit".
	Mode string `yaml:"mode"`
	// EnforceFrom is a day in budgets.timezone, or a time.
	EnforceFrom string `yaml:"enforce_from"`
}

// enforcement reads what holds for all limits whose objects say nothing. It follows the time zone.
func (c *checker) enforcement(f fileEnforcement) {
	switch f.Mode {
	case "", api.ModeEnforce, api.ModeAudit:
	default:
		c.fail("enforcement.mode", "is %q; it must be %s or %s", f.Mode, api.ModeEnforce, api.ModeAudit)
		return
	}
	if f.Mode != "" {
		c.config.Enforcement.Mode = &f.Mode
	}
	if f.EnforceFrom == "" {
		return
	}
	if f.Mode != api.ModeAudit {
		c.fail("enforcement.enforce_from", "needs mode: audit; it says until when limits are only watched")
		return
	}
	from, err := time.Parse(time.RFC3339, f.EnforceFrom)
	if err != nil {
		from, err = time.ParseInLocation(time.DateOnly, f.EnforceFrom, c.config.Timezone)
	}
	if err != nil {
		c.fail("enforcement.enforce_from", "is %q, which is neither a day nor a time; write a day of budgets.timezone such as 2026-12-15, or a time such as 2026-12-15T06:00:00Z", f.EnforceFrom)
		return
	}
	if wrong := api.WrongEnforceFrom(from); wrong != "" {
		c.fail("enforcement.enforce_from", "%s", wrong)
		return
	}
	from = from.UTC()
	c.config.Enforcement.EnforceFrom = &from
}
