package review

var teamKind = &kind{
	resource: "bursar_team", noun: "team", id: "team_id",
	attributes: join(budgetTerms, tempBudget, rateLimits, tempRates, modelRateLimits, outputFloor, enforcement, access, []attribute{
		alertThresholds,
		{path: "team_member_budget", format: dollars, none: unlimited, limit: true, money: true, loosens: grown},
		{path: "team_member_budget_duration", format: plain, none: "never resets", loosens: renewed},
		{path: "team_member_rpm_limit", format: requestsPerMinute, none: unlimited, limit: true, loosens: grown},
		{path: "team_member_tpm_limit", format: tokensPerMinute, none: unlimited, limit: true, loosens: grown},
		{path: "team_member_permissions", format: names, none: "the gateway's", loosens: granted("gives its members more rights")},
		{path: "team_alias", format: plain, none: "none", says: "has another name"},
	}, protection, force),
	without: map[string]string{
		"max_budget_raised": raisedTold,
		"rpm_limit_raised":  raisedTold,
		"tpm_limit_raised":  raisedTold,
		"metadata":          labels,
		"team_id":           "names the team; the column Team shows it",
	},
	route: "/team/",
	rehearsed: []string{
		"max_budget", "budget_duration", "reset_day", "soft_budget", "soft_threshold_pct", "hard_cap",
		"rpm_limit", "tpm_limit", "max_parallel_requests", "models", "model_rpm_limit", "model_tpm_limit", "budget_id", "blocked",
		"temp_budget_increase", "temp_budget_expiry", "temp_rpm_increase", "temp_tpm_increase", "temp_limit_expiry", "mode", "enforce_from",
	},
	deleted:  "deleted: its keys stop working",
	replaced: "replaced by a new team: its keys stop working and nothing counts as spent",
	bare:     "no limits of its own",
	anew:     "is replaced: nothing counts as spent",
}
