package form

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The forms of all kinds of objects: what can be typed, and which routes of the admin API take it.

var budgetFields = []Field{
	{Name: "max_budget", Label: "Cap in USD", Kind: Money, Help: "Nothing is no cap; 0 refuses everything that costs."},
	{Name: "budget_duration", Label: "Period", Kind: Text, Help: "Such as 1d, 7d, 30d, 1mo, 3mo; nothing never resets."},
	{Name: "soft_budget", Label: "Warn at, in USD", Kind: Money},
	{Name: "soft_threshold_pct", Label: "Or warn at a share of the cap", Kind: Number, Help: "Between 0 and 1, such as 0.8."},
	{Name: "hard_cap", Label: "Refuse calls at the cap", Kind: Flag},
}

var thresholdsField = Field{Name: "alert_thresholds", Label: "Tell at shares of the cap", Kind: Shares, Help: "Such as 0.5, 0.8."}

var rateFields = []Field{
	{Name: "rpm_limit", Label: "Requests a minute", Kind: Whole},
	{Name: "tpm_limit", Label: "Tokens a minute", Kind: Whole},
	{Name: "max_parallel_requests", Label: "Calls at once", Kind: Whole},
}

// Team is a team.
var Team = Noun{
	Name: "team", Naming: named("team_id"), IDField: "team_id", NewID: true, Alone: true, Checked: true, Create: "/team/new", Edit: "/team/update",
	Fields: slices.Concat([]Field{{Name: "team_alias", Label: "Name", Kind: Text}}, budgetFields, []Field{thresholdsField}, rateFields, []Field{
		{Name: "models", Label: "Models", Kind: List, Help: "With commas between them; nothing is every model."},
		{Name: "budget_id", Label: "Takes the terms of the budget", Kind: Text, Help: "In place of a cap of its own."},
		{Name: "team_member_budget", Label: "Each member's cap in USD", Kind: Money, Help: "Of members without one of their own."},
		{Name: "team_member_budget_duration", Label: "Over the period", Kind: Text},
	}),
	Actions: map[string]Action{
		"block":   {Label: "Block", Route: "/team/block", Body: named("team_id")},
		"unblock": {Label: "Unblock", Route: "/team/unblock", Body: named("team_id")},
		"delete":  {Label: "Delete", Route: "/team/delete", Body: listed("team_ids"), Destructive: true},
	},
}

// Key is a key.
var Key = Noun{
	Name: "key", Naming: named("key"), Alone: true, Checked: true, Create: "/key/generate", Edit: "/key/update",
	Fields: slices.Concat([]Field{
		{Name: "key_alias", Label: "Name", Kind: Text},
		{Name: "team_id", Label: "Team", Kind: Text, OnlyNew: true},
		{Name: "user_id", Label: "User", Kind: Text, OnlyNew: true},
		{Name: "duration", Label: "Lives for", Kind: Text, OnlyNew: true, Help: "Such as 30d; nothing is for ever."},
	}, budgetFields, rateFields, []Field{{Name: "models", Label: "Models", Kind: List, Help: "With commas between them; nothing is all of the team's."}}),
	Actions: map[string]Action{
		"block":   {Label: "Block", Route: "/key/block", Body: named("key")},
		"unblock": {Label: "Unblock", Route: "/key/unblock", Body: named("key")},
		"rotate": {Label: "New secret, the old one works for a day", Route: "/key/rotate", Body: func(id string) map[string]any {
			return map[string]any{"key": id, "grace_period": "24h"}
		}},
		"delete": {Label: "Delete", Route: "/key/delete", Body: listed("keys"), Destructive: true},
	},
}

// Budget is a pot, or terms that teams and keys take.
var Budget = Noun{
	Name: "budget", Naming: named("budget_id"), IDField: "budget_id", NewID: true, Checked: true, Create: "/budget/new", Edit: "/budget/update",
	Fields: slices.Concat(budgetFields, rateFields[:2], []Field{
		thresholdsField,
		{Name: "team_ids", Label: "A pot for the teams", Kind: List, Help: "With commas. Without teams, keys, models or everything, these are terms that teams and keys can take."},
		{Name: "key_ids", Label: "A pot for the keys", Kind: List},
		{Name: "models", Label: "A pot for the models", Kind: List},
		{Name: "everything", Label: "A pot over everything", Kind: Flag},
	}),
	Actions: map[string]Action{"delete": {Label: "Delete", Route: "/budget/delete", Body: named("budget_id"), Destructive: true}},
}

// Member is a user's place in a team. Its id has both, see [MemberID].
var Member = Noun{
	Name: "member", resource: "bursar_team_member", Checked: true, Naming: memberNamed, Create: "/team/member_add", Edit: "/team/member_update",
	Fields: []Field{
		{Name: "team_id", Label: "Team", Kind: Text, OnlyNew: true},
		{Name: "user_id", In: "member", Label: "User", Kind: Text, OnlyNew: true, Help: "By id, or by the address below."},
		{Name: "user_email", In: "member", Label: "Or e-mail address", Kind: Text, OnlyNew: true},
		{Name: "role", In: "member", Label: "Role", Kind: Choice, Choices: memberRoles, OnlyNew: true, Help: memberRoleHelp},
		{Name: "role", Label: "Role", Kind: Choice, Choices: memberRoles, OnlyOld: true, Help: memberRoleHelp},
		{Name: "max_budget_in_team", Label: "Cap in USD", Kind: Money, Help: "Nothing is what the team has for its members."},
		{Name: "budget_duration", Label: "Period", Kind: Text, Help: "Such as 1d, 7d, 30d, 1mo."},
		{Name: "rpm_limit", Label: "Requests a minute", Kind: Whole},
		{Name: "tpm_limit", Label: "Tokens a minute", Kind: Whole},
	},
	Actions: map[string]Action{"delete": {Label: "Remove from the team, with the keys there", Route: "/team/member_delete", Body: memberNamed, Destructive: true}},
}

var memberRoles = []string{api.MemberUser, api.MemberAdmin}

const memberRoleHelp = "An admin manages the team's keys and members as well."

// User is a person or a service over all teams.
var User = Noun{
	Name: "user", Checked: true, Naming: named("user_id"), IDField: "user_id", NewID: true, Create: "/user/new", Edit: "/user/update",
	Always: map[string]any{"auto_create_key": false},
	Fields: slices.Concat([]Field{
		{Name: "user_email", Label: "E-mail address", Kind: Text},
		{Name: "user_alias", Label: "Name", Kind: Text},
	}, budgetFields, rateFields),
	Actions: map[string]Action{"delete": {Label: "Delete, with the keys and places in teams", Route: "/user/delete", Body: listed("user_ids"), Destructive: true}},
}

// Model is one deployment of a model.
var Model = Noun{
	Name: "model", Checked: true, Naming: named("model_id"), IDField: "model_id", Create: "/model/new", Edit: "/model/update",
	Fields: []Field{
		{Name: "name", Label: "Name", Kind: Text, Help: "What clients ask for; acme/* serves every name that begins so."},
		{Name: "upstream", Label: "Provider speaks", Kind: Choice, Choices: api.Upstreams, Help: "Whatever speaks OpenAI's interface is openai, with an address."},
		{Name: "base_url", Label: "Address", Kind: Text, Help: "Nothing is the provider's own."},
		{Name: "api_key", Label: "Credential", Kind: Secret, Help: "Kept encrypted and never shown. Left empty, it stays as it is; another address needs it again."},
		{Name: "upstream_model", Label: "The provider's name of it", Kind: Text, Help: "Nothing is the name above."},
		{Name: "base_model", Label: "Priced as", Kind: Text, Help: "The catalogue's name, where the provider's is another."},
		{Name: "api_version", Label: "Azure's api-version", Kind: Text},
		{Name: "input_per_million_usd", In: "price", Label: "A million prompt tokens cost, in USD", Kind: Money, Help: "Nothing is the catalogue's price."},
		{Name: "cached_input_per_million_usd", In: "price", Label: "Of them cached", Kind: Money},
		{Name: "output_per_million_usd", In: "price", Label: "A million answered tokens cost, in USD", Kind: Money},
		{Name: "aliases", Label: "Other names", Kind: List},
		{Name: "access_groups", Label: "Access groups", Kind: List},
		{Name: "max_input_tokens", Label: "Context window", Kind: Whole, Help: "In tokens; nothing is the catalogue's."},
		{Name: "max_output_tokens", Label: "Longest answer", Kind: Whole},
		{Name: "min_output_tokens", Label: "Least room for an answer", Kind: Whole},
		{Name: "weight", Label: "Share of the calls", Kind: Whole, Help: "Beside deployments of the same name; 0 stands by."},
		{Name: "rpm", Label: "Takes requests a minute", Kind: Whole},
		{Name: "tpm", Label: "Takes tokens a minute", Kind: Whole},
		{Name: "tpm_counts_cached", Label: "Cached tokens count in limits of tokens", Kind: Flag},
		{Name: "enabled", Label: "Takes calls", Kind: Flag},
	},
	Actions: map[string]Action{"delete": {Label: "Take away", Route: "/model/delete", Body: named("model_id"), Destructive: true}},
}

// AlertRoutes are one for each place that alerts can go to: each has fields of its own.
var AlertRoutes = []Noun{
	alertRouteNoun("slack", "Slack", []Field{
		{Name: "url", Label: "Address of the incoming webhook", Kind: Secret, Help: "It opens the channel, so it is kept encrypted and never shown. Left empty, it stays as it is."},
		{Name: "token", Label: "Or a bot's token", Kind: Secret, Help: "Its messages about one team stand in one thread."},
		{Name: "channel", Label: "Channel of the bot", Kind: Text, Help: "By its id, such as C024BE91L."},
	}),
	alertRouteNoun("email", "e-mail", []Field{
		{Name: "to", Label: "Receivers", Kind: List, Help: "Addresses, with commas between them."},
		{Name: "from", Label: "Sender", Kind: Text, Help: "Nothing is the gateway's."},
		{Name: "smtp_host", Label: "Mail server", Kind: Text, Help: "Nothing is the gateway's."},
		{Name: "smtp_port", Label: "Port", Kind: Whole},
		{Name: "smtp_tls", Label: "Protected by", Kind: Choice, Choices: []string{"", api.SMTPStartTLS, api.SMTPTLS, api.SMTPPlain}},
		{Name: "smtp_username", Label: "User name", Kind: Text},
		{Name: "smtp_password", Label: "Password", Kind: Secret, Help: "Left empty, it stays as it is."},
	}),
	alertRouteNoun("pagerduty", "PagerDuty", []Field{
		{Name: "routing_key", Label: "Integration key", Kind: Secret, Help: "Of a service with Events API v2. Left empty, it stays as it is."},
		{Name: "url", Label: "Address", Kind: Text, Help: "Nothing is PagerDuty's own."},
	}),
	alertRouteNoun("microsoft_teams", "Microsoft Teams", []Field{
		{Name: "url", Label: "Address of the workflow", Kind: Secret, Help: "It opens the channel, so it is kept encrypted and never shown. Left empty, it stays as it is."},
	}),
	alertRouteNoun("webhook", "a webhook", []Field{
		{Name: "url", Label: "Address", Kind: Text},
		{Name: "secret", Label: "Secret that signs", Kind: Secret, Help: "24 to 64 bytes. Left empty, it stays as it is."},
		{Name: "format", Label: "Body", Kind: Choice, Choices: []string{"", api.WebhookStandard, api.WebhookLiteLLM}},
	}),
	alertRouteNoun("alertmanager", "Alertmanager", []Field{{Name: "url", Label: "Address", Kind: Text, Help: "/api/v2/alerts is added."}}),
}

// routeKind is the noun of an alert route by where it sends to.
func routeKind(target string) string { return target + "_route" }

func alertRouteNoun(target, people string, fields []Field) Noun {
	for i := range fields {
		fields[i].In = target
	}
	return Noun{
		Name: routeKind(target), Place: people, title: "alert route to " + people, resource: "bursar_alert_route", Naming: named("alert_route_id"), IDField: "alert_route_id",
		Create: "/alert_route/new", Edit: "/alert_route/update",
		Fields: slices.Concat([]Field{{Name: "name", Label: "Name", Kind: Text}}, fields, []Field{
			{Name: "events", Label: "Events", Kind: List, Help: "Nothing is all but those that tell what somebody did on purpose."},
			{Name: "team_ids", Label: "Teams", Kind: List, Help: "With commas between them; nothing is every team."},
			{Name: "min_severity", Label: "From the severity on", Kind: Choice, Choices: slices.Concat([]string{""}, api.Severities)},
			{Name: "thresholds", Label: "Tell at shares of the cap", Kind: Shares, Help: "Such as 0.5, 0.8, in addition to those of the budgets."},
			{Name: "quiet_hours", Label: "Quiet hours", Kind: Text, Help: "Such as 22:00-07:00 Europe/Berlin. What is critical does not wait."},
			{Name: "group_wait", Label: "Waits for more about a team", Kind: Text, Help: "Such as 30s."},
			{Name: "repeat_interval", Label: "Tells again every", Kind: Text, Help: "Such as 24h."},
			{Name: "digest", Label: "Digest", Kind: Text, Help: "Such as daily 08:00 Europe/Berlin; nothing is none."},
			{Name: "escalate_to", Label: "Escalates to the route", Kind: Text, Help: "By its id, when nobody acknowledged a refusal."},
			{Name: "escalate_after", Label: "After", Kind: Text, Help: "Such as 15m."},
			{Name: "fallback", Label: "Only what no other route takes", Kind: Flag},
			{Name: "enabled", Label: "Sends", Kind: Flag},
		}),
		Actions: map[string]Action{"delete": {Label: "Delete", Route: "/alert_route/delete", Body: listed("alert_route_ids"), Destructive: true}},
	}
}

func named(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: id} }
}

func listed(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: []string{id}} }
}

// MemberID is the id of a membership in forms and links.
func MemberID(teamID, userID string) string {
	return url.PathEscape(teamID) + "/" + url.PathEscape(userID)
}

// MemberOf takes it apart.
func MemberOf(id string) (teamID, userID string, known bool) {
	team, user, known := strings.Cut(id, "/")
	teamID, teamErr := url.PathUnescape(team)
	userID, userErr := url.PathUnescape(user)
	return teamID, userID, known && teamErr == nil && userErr == nil
}

func memberNamed(id string) map[string]any {
	teamID, userID, _ := MemberOf(id)
	return map[string]any{"team_id": teamID, "user_id": userID}
}
