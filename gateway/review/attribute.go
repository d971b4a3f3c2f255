package review

// attribute is one attribute that is a quota, or decides on one.
type attribute struct {
	// path is the attribute's name, with dots for nested ones.
	path   string
	format format
	// none is what null or an empty list means.
	none string
	// ordinary is the value that a new resource need not mention.
	ordinary any
	// inTeam says that the column Team tells it of a new resource.
	inTeam bool
	// limit says that a larger number allows more, and null everything.
	limit bool
	// ordinal says that a number is a place in an order, not an amount.
	ordinal bool
	// perModel says that the attribute is a map of such limits by model name.
	perModel bool
}

const unlimited = "unlimited"

var rateLimits = []attribute{
	{path: "rpm_limit", format: counted("request/min", "requests/min"), none: unlimited, limit: true},
	{path: "tpm_limit", format: counted("token/min", "tokens/min"), none: unlimited, limit: true},
	{path: "max_parallel_requests", format: counted("at once", "at once"), none: unlimited, limit: true},
}

// outputFloor limits nothing: it says how short an answer may be that a limit cuts.
var outputFloor = []attribute{
	{path: "min_output_tokens", format: counted("token", "tokens"), none: "the gateway's"},
}

var modelRateLimits = []attribute{
	{path: "model_rpm_limit", format: counted("request/min", "requests/min"), none: unlimited, limit: true, perModel: true},
	{path: "model_tpm_limit", format: counted("token/min", "tokens/min"), none: unlimited, limit: true, perModel: true},
}

var budgetTerms = []attribute{
	{path: "max_budget", format: dollars, none: unlimited, limit: true},
	{path: "budget_duration", format: plain, none: "never resets"},
	{path: "reset_day", format: plain, none: "the gateway's", ordinal: true},
	{path: "soft_budget", format: dollars, none: "no warning"},
	{path: "soft_threshold_pct", format: share, none: "no warning"},
	{path: "hard_cap", format: choice("refuses at the cap", "only warns at the cap"), none: "refuses at the cap", ordinary: true},
}

var access = []attribute{
	{path: "budget_id", format: plain, none: "none"},
	{path: "models", format: names, none: "every model"},
	{path: "blocked", format: choice("blocked", "open"), none: "open", ordinary: false},
}

// kind is a type of resource that holds quotas.
type kind struct {
	resource string
	noun     string
	// id is the attribute that names the object on the gateway.
	id         string
	attributes []attribute
	// deleted, replaced and bare say what that means for people; bare is a new one without limits.
	deleted  string
	replaced string
	bare     string
}

var kinds = []*kind{
	{
		resource: "bursar_team", noun: "team", id: "team_id",
		attributes: join(budgetTerms, rateLimits, modelRateLimits, outputFloor, access),
		deleted:    "deleted: its keys stop working",
		replaced:   "replaced by a new team: its keys stop working and nothing counts as spent",
		bare:       "no limits of its own",
	},
	{
		resource: "bursar_key", noun: "key", id: "key_id",
		attributes: join(budgetTerms, rateLimits, modelRateLimits, access, []attribute{
			{path: "team_id", format: plain, none: "no team", inTeam: true},
			{path: "speak_for_teams", format: names, none: "no other team"},
			{path: "duration", format: plain, none: "for ever"},
			{path: "expires", format: plain, none: "never"},
		}),
		deleted:  "deleted: it stops working",
		replaced: "replaced by a new key: the old secret stops working",
		bare:     "no limits but its team's",
	},
	{
		resource: "bursar_budget", noun: "budget", id: "budget_id",
		attributes: join(budgetTerms, []attribute{
			{path: "timezone", format: plain, none: "the gateway's"},
			{path: "alert_thresholds", format: shares, none: "none"},
			{path: "on_soft_limit.reduce_rpm_pct", format: share, none: "no throttling"},
		}, rateLimits, []attribute{
			{path: "team_ids", format: names, none: "not restricted", inTeam: true},
			{path: "key_ids", format: names, none: "not restricted"},
			{path: "models", format: names, none: "not restricted"},
			{path: "everything", format: choice("counts everything", "counts its scope"), none: "counts its scope", ordinary: false},
		}),
		deleted:  "deleted: its cap no longer holds",
		replaced: "replaced by a new budget: nothing counts as spent from it",
		bare:     "no cap",
	},
	{
		resource: "bursar_alert_route", noun: "alert route", id: "alert_route_id",
		attributes: []attribute{
			{path: "events", format: names, none: "every event"},
			{path: "team_ids", format: names, none: "every team", inTeam: true},
			{path: "min_severity", format: plain, none: "every severity"},
			{path: "thresholds", format: shares, none: "the budgets' own"},
			{path: "enabled", format: choice("on", "off"), none: "on", ordinary: true},
			{path: "webhook.url", format: plain, none: "nowhere"},
		},
		deleted:  "deleted: nobody is told by it any more",
		replaced: "replaced by a new alert route",
		bare:     "every event of every team",
	},
}

func join(lists ...[]attribute) []attribute {
	var all []attribute
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

func kindOf(resource string) *kind {
	for _, kind := range kinds {
		if kind.resource == resource {
			return kind
		}
	}
	return nil
}
