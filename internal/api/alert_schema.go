package api

// AlertVersion is that of the messages to webhooks. A field that is added leaves it as it is; one that is taken off or that
// means something else raises it.
const AlertVersion = 1

// AlertKind says what events of a name carry besides what all carry.
type AlertKind struct {
	Event string
	// Text says when there is one.
	Text string
	// Always are the fields that each has, Often those that some have.
	Always, Often []string
}

var (
	// identity is whose budget, limit or key it is.
	identity = []string{"team_id", "team_alias", "key_id", "user_id", "budget_id"}
	// counted is what else is known of a budget.
	counted = append([]string{"period_start", "period_end"}, identity...)
	// again is what has been told before.
	again = append([]string{"to_alert_route_id", "repeat_of"}, counted...)
	// made is who changed something, and why.
	made = append([]string{"actor", "reason"}, identity...)
)

// AlertKinds are all events with their fields, in the order of [Events], and the test at the end.
var AlertKinds = []AlertKind{
	{EventBudgetSoftLimit, "Spending reached a threshold below the cap.", []string{"scope"}, append([]string{"threshold"}, again...)},
	{EventBudgetHardLimit, "Spending reached the cap, or a request was refused by it, or would be if the budget were not only watched.", []string{"scope", "threshold"}, append([]string{"watched"}, again...)},
	{EventBudgetResolved, "What was told of a budget is over.", []string{"scope", "was"}, append([]string{"threshold", "actor", "reason"}, counted...)},
	{EventRateLimitSustained, "A rate limit refused calls of a team minute after minute.", []string{"scope", "team_id", "refusals"}, []string{"team_alias"}},
	{EventQuotaDrift, "A counter and the ledger have disagreed for more than a minute.", []string{"scope", "period_start"}, nil},
	{EventStoreDegraded, "A gateway cannot reach the counters.", nil, nil},
	{EventUsageImpossible, "A provider reported a use that cannot be.", nil, []string{"team_id"}},
	{EventUsageAboveBound, "A provider counted more prompt tokens than were reserved.", []string{"model", "upstream"}, nil},
	{EventAlertFailing, "A message was given up on its way to an alert route.", []string{"alert_route_id", "scope"}, nil},
	{EventKeyCreated, "A key was made.", []string{"key_id"}, append([]string{"until"}, made...)},
	{EventKeyRotated, "A key was given another secret.", []string{"key_id"}, made},
	{EventKeyExpiring, "A key stops working within a week.", []string{"key_id", "until"}, []string{"team_id", "user_id"}},
	{EventTeamBlocked, "A team was blocked.", []string{"team_id"}, made},
	{EventTeamThrottled, "A rate limit was cut because the soft limit is reached.", []string{"scope", "changes"}, append([]string{"threshold", "until"}, counted...)},
	{EventQuotaChanged, "A limit or budget was changed.", []string{"changes"}, made},
	{EventQuotaRequested, "A team asks for more of a limit.", []string{"team_id"}, []string{"key_id", "user_id", "budget_id"}},
	{EventModelUnpriced, "A model without a known price was asked for.", []string{"model"}, nil},
	{EventUpstreamFailing, "A deployment of a model is left alone because it failed.", []string{"model", "upstream"}, nil},
	{EventBudgetForecast, "A cap falls before its period ends.", []string{"scope", "forecast", "period_start", "period_end"}, []string{"team_id", "team_alias", "budget_id"}},
	{EventSpendAnomaly, "A day of a team has cost far more than usual.", []string{"scope", "team_id", "anomaly"}, []string{"team_alias"}},
	{EventDigest, "What teams have spent on a day or in a week.", []string{"scope", "digest"}, []string{"to_alert_route_id"}},
	{EventTest, "Somebody tested the route.", nil, nil},
}
