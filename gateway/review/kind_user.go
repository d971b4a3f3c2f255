package review

var userKind = &kind{
	resource: "bursar_user", noun: "user", id: "user_id",
	attributes: join(budgetTerms, tempBudget, rateLimits, []attribute{
		{path: "user_email", format: plain, none: "none", says: "has another address"},
		{path: "user_alias", format: plain, none: "none", says: "has another name"},
		{path: "user_role", format: plain, none: "none", says: "has another role in LiteLLM's words, which opens nothing"},
	}, protection, force),
	without: map[string]string{
		"max_budget_raised": raisedTold,
		"metadata":          labels,
		"user_id":           "names the user",
	},
	deleted:  "deleted: leaves its teams, and its keys stop working",
	replaced: "replaced by a new user: its keys stop working and nothing counts as spent",
	bare:     "no limits of its own",
	anew:     "is replaced: nothing counts as spent",
}
