package review

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var alertRouteKind = &kind{
	resource: "bursar_alert_route", noun: "alert route", id: "alert_route_id",
	attributes: []attribute{
		{path: "name", format: plain, none: "none", says: "has another name"},
		{path: "events", format: names, none: "every event", loosens: narrowed("tells of fewer events")},
		{path: "team_ids", format: names, none: "every team", inTeam: true, loosens: narrowed("tells of fewer teams")},
		{path: "min_severity", format: plain, none: "every severity", loosens: quieter},
		{path: "thresholds", format: shares, none: "the budgets' own", loosens: narrowed("tells of fewer thresholds")},
		{path: "enabled", format: choice("on", "off"), none: "on", ordinary: true, loosens: becomes(false, "tells nobody any more")},
		{path: "labels", format: mapping, none: "every team", says: "tells of other teams", loosens: always("tells of other teams")},
		{path: "fallback", format: choice("on", "off"), none: "off", loosens: becomes(true, "hears only of what no other route takes")},
		{path: "group_wait", format: plain, none: "at once", says: "gathers messages for another time"},
		{path: "repeat_interval", format: plain, none: "never", says: "is told again at other times"},
		{path: "quiet_hours", format: plain, none: "none", says: "has other quiet hours", loosens: always("lets warnings wait at other times")},
		{path: "escalate_to", format: plain, none: "nobody", says: "hands refusals on elsewhere", loosens: always("hands on what nobody acknowledged elsewhere")},
		{path: "escalate_after", format: plain, none: "never", says: "hands refusals on after another time"},
		{path: "digest", format: plain, none: "none", says: "has its digest at other times"},
		sentTo("webhook.url"),
		{path: "webhook.format", format: plain, none: "the gateway's own", says: otherwise},
		secretOf("webhook.secret"), secretOf("webhook.second_secret"), secretOf("webhook.headers"),
		addressOf("slack.url"), sentTo("slack.channel"), secretOf("slack.token"), sentTo("slack.api_url"),
		addressOf("pagerduty.routing_key"), sentTo("pagerduty.url"),
		{path: "pagerduty.severities", format: mapping, none: "the gateway's", says: otherwise},
		addressOf("microsoft_teams.url"),
		{path: "email.to", format: names, none: "nobody", loosens: lostEntries("tells fewer people")},
		{path: "email.from", format: plain, none: "the gateway's", says: otherwise},
		sentTo("email.smtp_host"),
		{path: "email.smtp_port", format: plain, none: "by `smtp_tls`", ordinal: true, says: otherwise},
		{path: "email.smtp_tls", format: plain, none: "`starttls`", says: "is encrypted in another way", loosens: becomes("none", "is sent without encryption")},
		{path: "email.smtp_username", format: plain, none: "none", says: otherwise},
		secretOf("email.smtp_password"),
		sentTo("alertmanager.url"), secretOf("alertmanager.headers"),
		{path: "alertmanager.labels", format: mapping, none: "none", says: otherwise},
	},
	without: map[string]string{
		"alert_route_id":    "names the route; a new name is a replacement",
		"webhook.secret_wo": hidden, "webhook.second_secret_wo": hidden, "webhook.headers_wo": hidden,
		"slack.url_wo": hidden, "slack.token_wo": hidden,
		"pagerduty.routing_key_wo": hidden,
		"microsoft_teams.url_wo":   hidden,
		"email.smtp_password_wo":   hidden,
		"alertmanager.headers_wo":  hidden,
	},
	deleted:  "deleted: nobody is told by it any more",
	replaced: "replaced by a new alert route",
	bare:     "every event of every team",
	gone:     "is deleted: nobody is told by it any more",
}

const (
	hidden    = "is never in a plan; a new one shows by its version"
	otherwise = "messages are sent in another way"
)

// sentTo is an attribute that says where messages go.
func sentTo(path string) attribute {
	return attribute{path: path, format: plain, none: "none", says: "messages go elsewhere", loosens: always("sends its messages elsewhere")}
}

// addressOf is the version of a secret that says where messages go.
func addressOf(path string) attribute {
	a := sentTo(path + "_wo_version")
	a.ordinal = true
	return a
}

// secretOf is the version of any other secret.
func secretOf(path string) attribute {
	return attribute{path: path + "_wo_version", format: plain, none: "none", ordinal: true, says: "gets another secret"}
}

// quieter is the effect of the least severity that is told.
func quieter(d difference) loosening {
	rank := func(v value) int { return max(0, slices.Index(api.Severities, v.text())) }
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case rank(d.new) > rank(d.old):
		return unmeasured("tells of fewer events")
	default:
		return loosening{}
	}
}
