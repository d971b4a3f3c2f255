package review

var memberKind = &kind{
	resource: "bursar_team_member", noun: "team member", id: "user_id",
	attributes: join(tempBudget, tempRates, []attribute{
		{path: "max_budget_in_team", format: dollars, none: "the team's for members", limit: true, money: true, loosens: grown},
		{path: "budget_duration", format: plain, none: "the team's for members", loosens: opened("has the team's period for members")},
		{path: "rpm_limit", format: requestsPerMinute, none: "the team's for members", limit: true, loosens: grown},
		{path: "tpm_limit", format: tokensPerMinute, none: "the team's for members", limit: true, loosens: grown},
		{path: "role", format: plain, none: "`user`", loosens: becomes("admin", "may administer the team")},
		{path: "user_id", format: plain, none: "known by e-mail", inTeam: true, says: "somebody else"},
		{path: "user_email", format: plain, none: "none", inTeam: true, says: "has another address"},
	}, force),
	without: map[string]string{
		"max_budget_raised": raisedTold,
		"rpm_limit_raised":  raisedTold,
		"tpm_limit_raised":  raisedTold,
		"team_id":           "names the team; the column Team shows it",
	},
	deleted:  "leaves the team: the person's keys in it stop working",
	replaced: "leaves and joins again: nothing counts as spent",
	bare:     "no limits but the team's",
	anew:     "is replaced: nothing counts as spent",
}
