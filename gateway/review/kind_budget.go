package review

var budgetKind = &kind{
	resource: "bursar_budget", noun: "budget", id: "budget_id",
	attributes: join(budgetTerms, tempBudget, []attribute{
		{path: "timezone", format: plain, none: "the gateway's", says: "starts again at another hour"},
		alertThresholds,
		{path: "on_soft_limit.reduce_rpm_pct", format: share, none: "no throttling", loosens: unthrottled},
	}, rateLimits, enforcement, []attribute{
		{path: "team_ids", format: names, none: "not restricted", inTeam: true, loosens: lostEntries("counts fewer teams")},
		{path: "key_ids", format: names, none: "not restricted", loosens: lostEntries("counts fewer keys")},
		{path: "models", format: names, none: "not restricted", loosens: narrowed("counts fewer models")},
		{
			path: "everything", format: choice("counts everything", "counts its scope"), none: "counts its scope", ordinary: false,
			loosens: becomes(false, "no longer counts everything"),
		},
	}),
	without: map[string]string{
		"max_budget_raised": raisedTold,
		"budget_id":         "names the budget; a new name is a replacement",
	},
	route: "/budget/",
	rehearsed: []string{
		"max_budget", "budget_duration", "reset_day", "soft_budget", "soft_threshold_pct", "hard_cap",
		"rpm_limit", "tpm_limit", "max_parallel_requests", "models", "team_ids", "key_ids", "everything",
		"temp_budget_increase", "temp_budget_expiry", "mode", "enforce_from",
	},
	deleted:  "deleted: its cap no longer holds",
	replaced: "replaced by a new budget: nothing counts as spent from it",
	bare:     "no cap",
	gone:     "is deleted: its cap no longer holds",
	anew:     "is replaced: nothing counts as spent from it",
}

var alertThresholds = attribute{path: "alert_thresholds", format: shares, none: "none", loosens: lostEntries("warns less often")}

// lostEntries is the effect of a list of what is counted or told: with fewer entries less is.
func lostEntries(why string) effect {
	return func(d difference) loosening {
		switch {
		case d.new.unknown || d.new.sensitive:
			return unmeasured(notKnown)
		case missingIn(d.new.texts(), d.old.texts()) > 0:
			return unmeasured(why)
		default:
			return loosening{}
		}
	}
}

// unthrottled is the effect of what is taken off the requests above a soft limit.
func unthrottled(d difference) loosening {
	before, had := d.old.number()
	after, has := d.new.number()
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case had && d.new.empty():
		return unmeasured("throttles no more")
	case had && has && after < before:
		return unmeasured("throttles less")
	default:
		return loosening{}
	}
}
