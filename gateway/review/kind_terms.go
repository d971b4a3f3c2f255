package review

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// What several resources have.

const unlimited = "unlimited"

var (
	requestsPerMinute = counted("request/min", "requests/min")
	tokensPerMinute   = counted("token/min", "tokens/min")
)

var rateLimits = []attribute{
	{path: "rpm_limit", format: requestsPerMinute, none: unlimited, limit: true, loosens: grown},
	{path: "tpm_limit", format: tokensPerMinute, none: unlimited, limit: true, loosens: grown},
	{path: "max_parallel_requests", format: counted("at once", "at once"), none: unlimited, limit: true, loosens: grown},
}

var modelRateLimits = []attribute{
	{path: "model_rpm_limit", format: requestsPerMinute, none: unlimited, limit: true, perModel: true, loosens: grown},
	{path: "model_tpm_limit", format: tokensPerMinute, none: unlimited, limit: true, perModel: true, loosens: grown},
}

// outputFloor limits nothing: it says how short an answer may be that a limit cuts.
var outputFloor = []attribute{
	{path: "min_output_tokens", format: counted("token", "tokens"), none: "the gateway's"},
}

var budgetTerms = []attribute{
	{path: "max_budget", format: dollars, none: unlimited, limit: true, money: true, loosens: grown},
	{path: "budget_duration", format: plain, none: "never resets", loosens: renewed},
	{path: "reset_day", format: plain, none: "the gateway's", ordinal: true},
	{path: "soft_budget", format: dollars, none: "no warning"},
	{path: "soft_threshold_pct", format: share, none: "no warning"},
	{
		path: "hard_cap", format: choice("refuses at the cap", "only warns at the cap"), none: "refuses at the cap", ordinary: true,
		loosens: becomes(false, "no longer refuses at the cap"),
	},
}

// Increases that end by themselves. Nobody knows beforehand what they are added to, so that each larger one needs approval.
var (
	tempBudget = []attribute{
		{path: "temp_budget_increase", format: dollars, none: "none", loosens: raisedForATime},
		{path: "temp_budget_expiry", format: plain, none: "none", says: "ends at another time", loosens: lasting},
	}
	tempRates = []attribute{
		{path: "temp_rpm_increase", format: requestsPerMinute, none: "none", loosens: raisedForATime},
		{path: "temp_tpm_increase", format: tokensPerMinute, none: "none", loosens: raisedForATime},
		{path: "temp_limit_expiry", format: plain, none: "none", says: "ends at another time", loosens: lasting},
	}
)

// raisedTold is why what the provider works out of a limit and its increase has no row.
const raisedTold = "is told with the increase"

// raisedForATime is the effect of an increase: none is 0.
func raisedForATime(d difference) loosening {
	before, _ := d.old.number()
	after, _ := d.new.number()
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case after > before:
		return unmeasured("allows more for a time")
	default:
		return loosening{}
	}
}

// raises are the limits that increases are added to, and when each ends.
var raises = map[string]struct {
	limits []string
	ends   string
}{
	"temp_budget_increase": {[]string{"max_budget", "max_budget_in_team"}, "temp_budget_expiry"},
	"temp_rpm_increase":    {[]string{"rpm_limit"}, "temp_limit_expiry"},
	"temp_tpm_increase":    {[]string{"tpm_limit"}, "temp_limit_expiry"},
}

// raisedTo is the limit that holds with an increase, and until when; nothing for what raises none that the plan tells.
func (o object) raisedTo(d difference) string {
	raise, ends := raises[d.attribute.path], o.after.at(raises[d.attribute.path].ends)
	by, hasNumber := d.new.number()
	for _, name := range raise.limits {
		if limit, limited := o.after.at(name).number(); limited && hasNumber && ends.text() != "" {
			sum := json.Number(strconv.FormatFloat(limit+by, 'f', -1, 64))
			return fmt.Sprintf(": %s until %s", d.attribute.show(value{raw: sum}), code(ends.text()))
		}
	}
	return ""
}

// lasting is the effect of when an increase ends. Its first end is told by the increase.
func lasting(d difference) loosening {
	before, errBefore := time.Parse(time.RFC3339, d.old.text())
	after, errAfter := time.Parse(time.RFC3339, d.new.text())
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case d.old.empty() || errBefore == nil && errAfter == nil && !after.After(before):
		return loosening{}
	default:
		return unmeasured("allows more for longer")
	}
}

var access = []attribute{
	{path: "budget_id", format: plain, none: "none", loosens: renamed},
	{path: "models", format: names, none: "every model", loosens: opened("allows every model")},
	{path: "blocked", format: choice("blocked", "open"), none: "open", ordinary: false, loosens: becomes(false, "is let through again")},
}

var protection = []attribute{{
	path: "deletion_protection", format: choice("may not be destroyed", "may be destroyed"), none: "may be destroyed",
	ordinary: false, loosens: becomes(false, "may be destroyed"),
}}

var force = []attribute{{
	path: "force_destroy", format: choice("takes its keys along", "stays while it has keys"), none: "stays while it has keys", ordinary: false,
	loosens: becomes(true, "takes its keys along when it is destroyed"),
}}

const labels = "labels: nothing is limited by them"
