package review

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
	{path: "max_budget", format: dollars, none: unlimited, limit: true, loosens: grown},
	{path: "budget_duration", format: plain, none: "never resets", loosens: renewed},
	{path: "reset_day", format: plain, none: "the gateway's", ordinal: true},
	{path: "soft_budget", format: dollars, none: "no warning"},
	{path: "soft_threshold_pct", format: share, none: "no warning"},
	{
		path: "hard_cap", format: choice("refuses at the cap", "only warns at the cap"), none: "refuses at the cap", ordinary: true,
		loosens: becomes(false, "no longer refuses at the cap"),
	},
}

var access = []attribute{
	{path: "budget_id", format: plain, none: "none", loosens: opened("leaves its budget")},
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
