package console

import (
	"net/url"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The forms of all kinds of objects: what can be typed, and which routes of the admin API take it.

var budgetFields = []field{
	{Name: "max_budget", Label: "Cap in USD", Kind: asMoney, Help: "Nothing is no cap; 0 refuses everything that costs."},
	{Name: "budget_duration", Label: "Period", Kind: asText, Help: "Such as 1d, 7d, 30d, 1mo, 3mo; nothing never resets."},
	{Name: "soft_budget", Label: "Warn at, in USD", Kind: asMoney},
	{Name: "soft_threshold_pct", Label: "Or warn at a share of the cap", Kind: asNumber, Help: "Between 0 and 1, such as 0.8."},
	{Name: "hard_cap", Label: "Refuse calls at the cap", Kind: asFlag},
}

var rateFields = []field{
	{Name: "rpm_limit", Label: "Requests a minute", Kind: asWhole},
	{Name: "tpm_limit", Label: "Tokens a minute", Kind: asWhole},
	{Name: "max_parallel_requests", Label: "Calls at once", Kind: asWhole},
}

var teamNoun = noun{
	Name: "team", naming: named("team_id"), idField: "team_id", NewID: true, page: pageOf("team"), alone: true, checked: true, find: findTeam, create: "/team/new", edit: "/team/update",
	Fields: slices.Concat([]field{{Name: "team_alias", Label: "Name", Kind: asText}}, budgetFields, rateFields, []field{
		{Name: "models", Label: "Models", Kind: asList, Help: "With commas between them; nothing is every model."},
		{Name: "budget_id", Label: "Takes the terms of the budget", Kind: asText, Help: "In place of a cap of its own."},
		{Name: "team_member_budget", Label: "Each member's cap in USD", Kind: asMoney, Help: "Of members without one of their own."},
		{Name: "team_member_budget_duration", Label: "Over the period", Kind: asText},
	}),
	actions: map[string]action{
		"block":   {Label: "Block", route: "/team/block", body: named("team_id")},
		"unblock": {Label: "Unblock", route: "/team/unblock", body: named("team_id")},
		"delete":  {Label: "Delete", route: "/team/delete", body: listed("team_ids"), destructive: true},
	},
}

var keyNoun = noun{
	Name: "key", naming: named("key"), page: pageOf("key"), alone: true, checked: true, find: findKey, create: "/key/generate", edit: "/key/update",
	Fields: slices.Concat([]field{
		{Name: "key_alias", Label: "Name", Kind: asText},
		{Name: "team_id", Label: "Team", Kind: asText, OnlyNew: true},
		{Name: "user_id", Label: "User", Kind: asText, OnlyNew: true},
		{Name: "duration", Label: "Lives for", Kind: asText, OnlyNew: true, Help: "Such as 30d; nothing is for ever."},
	}, budgetFields, rateFields, []field{{Name: "models", Label: "Models", Kind: asList, Help: "With commas between them; nothing is all of the team's."}}),
	actions: map[string]action{
		"block":   {Label: "Block", route: "/key/block", body: named("key")},
		"unblock": {Label: "Unblock", route: "/key/unblock", body: named("key")},
		"rotate": {Label: "New secret, the old one works for a day", route: "/key/rotate", body: func(id string) map[string]any {
			return map[string]any{"key": id, "grace_period": "24h"}
		}},
		"delete": {Label: "Delete", route: "/key/delete", body: listed("keys"), destructive: true},
	},
}

var budgetNoun = noun{
	Name: "budget", naming: named("budget_id"), idField: "budget_id", NewID: true, page: listPage("budgets"), checked: true, find: findBudget, create: "/budget/new", edit: "/budget/update",
	Fields: slices.Concat(budgetFields, rateFields[:2], []field{
		{Name: "alert_thresholds", Label: "Tell at shares of the cap", Kind: asShares, Help: "Such as 0.5, 0.8."},
		{Name: "team_ids", Label: "A pot for the teams", Kind: asList, Help: "With commas. Without teams, keys, models or everything, these are terms that teams and keys can take."},
		{Name: "key_ids", Label: "A pot for the keys", Kind: asList},
		{Name: "models", Label: "A pot for the models", Kind: asList},
		{Name: "everything", Label: "A pot over everything", Kind: asFlag},
	}),
	actions: map[string]action{"delete": {Label: "Delete", route: "/budget/delete", body: named("budget_id"), destructive: true}},
}

// memberNoun is a user's place in a team. Its id has both, see [memberID].
var memberNoun = noun{
	Name: "member", resource: "bursar_team_member", naming: memberNamed, page: pageOfMember, find: findMember, create: "/team/member_add", edit: "/team/member_update",
	Fields: []field{
		{Name: "team_id", Label: "Team", Kind: asText, OnlyNew: true},
		{Name: "user_id", In: "member", Label: "User", Kind: asText, OnlyNew: true, Help: "By id, or by the address below."},
		{Name: "user_email", In: "member", Label: "Or e-mail address", Kind: asText, OnlyNew: true},
		{Name: "role", In: "member", Label: "Role", Kind: asChoice, Choices: memberRoles, OnlyNew: true, Help: memberRoleHelp},
		{Name: "role", Label: "Role", Kind: asChoice, Choices: memberRoles, OnlyOld: true, Help: memberRoleHelp},
		{Name: "max_budget_in_team", Label: "Cap in USD", Kind: asMoney, Help: "Nothing is what the team has for its members."},
		{Name: "budget_duration", Label: "Period", Kind: asText, Help: "Such as 1d, 7d, 30d, 1mo."},
		{Name: "rpm_limit", Label: "Requests a minute", Kind: asWhole},
		{Name: "tpm_limit", Label: "Tokens a minute", Kind: asWhole},
	},
	actions: map[string]action{"delete": {Label: "Remove from the team, with the keys there", route: "/team/member_delete", body: memberNamed, destructive: true}},
}

var memberRoles = []string{api.MemberUser, api.MemberAdmin}

const memberRoleHelp = "An admin manages the team's keys and members as well."

// modelNoun is one deployment of a model.
var modelNoun = noun{
	Name: "model", naming: named("model_id"), idField: "model_id", page: listPage("models"), find: findModel, create: "/model/new", edit: "/model/update",
	Fields: []field{
		{Name: "name", Label: "Name", Kind: asText, Help: "What clients ask for; acme/* serves every name that begins so."},
		{Name: "upstream", Label: "Provider speaks", Kind: asChoice, Choices: api.Upstreams, Help: "Whatever speaks OpenAI's interface is openai, with an address."},
		{Name: "base_url", Label: "Address", Kind: asText, Help: "Nothing is the provider's own."},
		{Name: "api_key", Label: "Credential", Kind: asSecret, Help: "Kept encrypted and never shown. Left empty, it stays as it is; another address needs it again."},
		{Name: "upstream_model", Label: "The provider's name of it", Kind: asText, Help: "Nothing is the name above."},
		{Name: "base_model", Label: "Priced as", Kind: asText, Help: "The catalogue's name, where the provider's is another."},
		{Name: "api_version", Label: "Azure's api-version", Kind: asText},
		{Name: "input_per_million_usd", In: "price", Label: "A million prompt tokens cost, in USD", Kind: asMoney, Help: "Nothing is the catalogue's price."},
		{Name: "cached_input_per_million_usd", In: "price", Label: "Of them cached", Kind: asMoney},
		{Name: "output_per_million_usd", In: "price", Label: "A million answered tokens cost, in USD", Kind: asMoney},
		{Name: "aliases", Label: "Other names", Kind: asList},
		{Name: "access_groups", Label: "Access groups", Kind: asList},
		{Name: "max_input_tokens", Label: "Context window", Kind: asWhole, Help: "In tokens; nothing is the catalogue's."},
		{Name: "max_output_tokens", Label: "Longest answer", Kind: asWhole},
		{Name: "min_output_tokens", Label: "Least room for an answer", Kind: asWhole},
		{Name: "weight", Label: "Share of the calls", Kind: asWhole, Help: "Beside deployments of the same name; 0 stands by."},
		{Name: "rpm", Label: "Takes requests a minute", Kind: asWhole},
		{Name: "tpm", Label: "Takes tokens a minute", Kind: asWhole},
		{Name: "tpm_counts_cached", Label: "Cached tokens count in limits of tokens", Kind: asFlag},
		{Name: "enabled", Label: "Takes calls", Kind: asFlag},
	},
	actions: map[string]action{"delete": {Label: "Take away", route: "/model/delete", body: named("model_id"), destructive: true}},
}

// alertRouteNouns are one for each place that alerts can go to: each has fields of its own.
var alertRouteNouns = []noun{
	alertRouteNoun("slack", "Slack", []field{
		{Name: "url", Label: "Address of the incoming webhook", Kind: asSecret, Help: "It opens the channel, so it is kept encrypted and never shown. Left empty, it stays as it is."},
		{Name: "token", Label: "Or a bot's token", Kind: asSecret, Help: "Its messages about one team stand in one thread."},
		{Name: "channel", Label: "Channel of the bot", Kind: asText, Help: "By its id, such as C024BE91L."},
	}),
	alertRouteNoun("email", "e-mail", []field{
		{Name: "to", Label: "Receivers", Kind: asList, Help: "Addresses, with commas between them."},
		{Name: "from", Label: "Sender", Kind: asText, Help: "Nothing is the gateway's."},
		{Name: "smtp_host", Label: "Mail server", Kind: asText, Help: "Nothing is the gateway's."},
		{Name: "smtp_port", Label: "Port", Kind: asWhole},
		{Name: "smtp_tls", Label: "Protected by", Kind: asChoice, Choices: []string{"", api.SMTPStartTLS, api.SMTPTLS, api.SMTPPlain}},
		{Name: "smtp_username", Label: "User name", Kind: asText},
		{Name: "smtp_password", Label: "Password", Kind: asSecret, Help: "Left empty, it stays as it is."},
	}),
	alertRouteNoun("pagerduty", "PagerDuty", []field{
		{Name: "routing_key", Label: "Integration key", Kind: asSecret, Help: "Of a service with Events API v2. Left empty, it stays as it is."},
		{Name: "url", Label: "Address", Kind: asText, Help: "Nothing is PagerDuty's own."},
	}),
	alertRouteNoun("microsoft_teams", "Microsoft Teams", []field{
		{Name: "url", Label: "Address of the workflow", Kind: asSecret, Help: "It opens the channel, so it is kept encrypted and never shown. Left empty, it stays as it is."},
	}),
	alertRouteNoun("webhook", "a webhook", []field{
		{Name: "url", Label: "Address", Kind: asText},
		{Name: "secret", Label: "Secret that signs", Kind: asSecret, Help: "24 to 64 bytes. Left empty, it stays as it is."},
		{Name: "format", Label: "Body", Kind: asChoice, Choices: []string{"", api.WebhookStandard, api.WebhookLiteLLM}},
	}),
	alertRouteNoun("alertmanager", "Alertmanager", []field{{Name: "url", Label: "Address", Kind: asText, Help: "/api/v2/alerts is added."}}),
}

// routeKind is the noun of an alert route by where it sends to.
func routeKind(target string) string { return target + "_route" }

func alertRouteNoun(target, people string, fields []field) noun {
	for i := range fields {
		fields[i].In = target
	}
	return noun{
		Name: routeKind(target), Place: people, title: "alert route to " + people, resource: "bursar_alert_route", naming: named("alert_route_id"), idField: "alert_route_id",
		page: listPage("alerts"), find: findAlertRoute, create: "/alert_route/new", edit: "/alert_route/update",
		Fields: slices.Concat([]field{{Name: "name", Label: "Name", Kind: asText}}, fields, []field{
			{Name: "events", Label: "Events", Kind: asList, Help: "Nothing is all but those that tell what somebody did on purpose."},
			{Name: "team_ids", Label: "Teams", Kind: asList, Help: "With commas between them; nothing is every team."},
			{Name: "min_severity", Label: "From the severity on", Kind: asChoice, Choices: slices.Concat([]string{""}, api.Severities)},
			{Name: "thresholds", Label: "Tell at shares of the cap", Kind: asShares, Help: "Such as 0.5, 0.8, beside those of the budgets."},
			{Name: "quiet_hours", Label: "Quiet hours", Kind: asText, Help: "Such as 22:00-07:00 Europe/Berlin. What is critical does not wait."},
			{Name: "group_wait", Label: "Waits for more about a team", Kind: asText, Help: "Such as 30s."},
			{Name: "repeat_interval", Label: "Tells again every", Kind: asText, Help: "Such as 24h."},
			{Name: "digest", Label: "Digest", Kind: asText, Help: "Such as daily 08:00 Europe/Berlin; nothing is none."},
			{Name: "escalate_to", Label: "Escalates to the route", Kind: asText, Help: "By its id, when nobody acknowledged a refusal."},
			{Name: "escalate_after", Label: "After", Kind: asText, Help: "Such as 15m."},
			{Name: "fallback", Label: "Only what no other route takes", Kind: asFlag},
			{Name: "enabled", Label: "Sends", Kind: asFlag},
		}),
		actions: map[string]action{"delete": {Label: "Delete", route: "/alert_route/delete", body: listed("alert_route_ids"), destructive: true}},
	}
}

func named(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: id} }
}

func listed(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: []string{id}} }
}

// pageOf is the page of one object, listPage the one that lists all of a kind.
func pageOf(name string) func(string) string {
	return func(id string) string { return Root + name + "?done=1&id=" + url.QueryEscape(id) }
}

func listPage(name string) func(string) string {
	return func(string) string { return Root + name + "?done=1" }
}
