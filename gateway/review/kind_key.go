package review

var keyKind = &kind{
	resource: "bursar_key", noun: "key", id: "key_id",
	attributes: join(budgetTerms, tempBudget, rateLimits, tempRates, modelRateLimits, enforcement, access, []attribute{
		{path: "team_id", format: plain, none: "no team", inTeam: true, loosens: always("spends for another team")},
		{path: "user_id", format: plain, none: "nobody", says: "somebody else's", loosens: always("is somebody else's")},
		{path: "speak_for_teams", format: names, none: "no other team", loosens: granted("may spend for more teams")},
		{path: "duration", format: plain, none: "for ever", loosens: opened("never expires"), says: "expires at another time"},
		{path: "expires", format: plain, none: "never", loosens: opened("never expires"), says: "expires at another time"},
		{path: "rotation_trigger", format: plain, none: "none", says: "gets a new secret"},
		{path: "rotation_grace", format: plain, none: "none", says: "old secrets stop at another time after a rotation"},
		{path: "key_wo_version", format: plain, none: "none", ordinal: true, says: "gets a secret of your own"},
		{
			path: "store_key_in_state", format: choice("secret stands in the state", "secret stays out of the state"), none: "secret stands in the state",
			ordinary: true, loosens: becomes(true, "puts the secret into the state"),
		},
		{path: "key_alias", format: plain, none: "none", says: "has another name"},
	}, protection),
	without: map[string]string{
		"max_budget_raised": raisedTold,
		"rpm_limit_raised":  raisedTold,
		"tpm_limit_raised":  raisedTold,
		"metadata":          labels,
		"created_at":        "is told by the gateway",
		"key":               "is told by the gateway; a new secret shows by `rotation_trigger` or `key_wo_version`",
		"key_id":            "is told by the gateway",
		"key_name":          "is told by the gateway",
		"key_wo":            "is never in a plan; a new one shows by `key_wo_version`",
	},
	deleted:  "deleted: it stops working",
	replaced: "replaced by a new key: the old secret stops working",
	bare:     "no limits but its team's",
	anew:     "is replaced: nothing counts as spent",
}
