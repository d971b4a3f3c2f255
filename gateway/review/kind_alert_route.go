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
		{path: "webhook.url", format: plain, none: "nowhere", says: "messages go elsewhere", loosens: always("sends its messages elsewhere")},
		{path: "webhook.format", format: plain, none: "standard", says: "messages are written otherwise"},
		version("webhook.secret"), version("webhook.second_secret"), version("webhook.headers"),
		partOfAddress("slack.channel", "none"), partOfAddress("slack.api_url", "Slack's own"), version("slack.url"), version("slack.token"),
		partOfAddress("pagerduty.url", "PagerDuty's own"), {path: "pagerduty.severities", format: plain, none: "as they are"}, version("pagerduty.routing_key"),
		{path: "email.to", format: names, none: "nobody", says: "other people are told", loosens: narrowed("tells fewer people")},
		{path: "email.from", format: plain, none: "the gateway's"},
		partOfAddress("email.smtp_host", "the gateway's"), {path: "email.smtp_port", format: plain, none: "the usual", ordinal: true},
		{path: "email.smtp_tls", format: plain, none: "starttls"}, {path: "email.smtp_username", format: plain, none: "nobody"}, version("email.smtp_password"),
		version("microsoft_teams.url"),
		partOfAddress("alertmanager.url", "nowhere"), {path: "alertmanager.labels", format: plain, none: "none"}, version("alertmanager.headers"),
	},
	without: map[string]string{
		"alert_route_id":           "names the route; a new name is a replacement",
		"webhook.secret_wo":        writeOnly,
		"webhook.second_secret_wo": writeOnly,
		"webhook.headers_wo":       writeOnly,
		"slack.url_wo":             writeOnly,
		"slack.token_wo":           writeOnly,
		"pagerduty.routing_key_wo": writeOnly,
		"email.smtp_password_wo":   writeOnly,
		"microsoft_teams.url_wo":   writeOnly,
		"alertmanager.headers_wo":  writeOnly,
	},
	deleted:  "deleted: nobody is told by it any more",
	replaced: "replaced by a new alert route",
	bare:     "every event of every team",
	gone:     "is deleted: nobody is told by it any more",
}

// writeOnly is why a secret of a target is passed over.
const writeOnly = "is never in a plan; a new one shows by its version"

// version is that of a secret of a target.
func version(secret string) attribute {
	return attribute{path: secret + "_wo_version", format: plain, none: "none", ordinal: true, says: "gets another secret"}
}

// partOfAddress is a part of a target's address.
func partOfAddress(path, none string) attribute {
	return attribute{path: path, format: plain, none: none, says: "messages go elsewhere", loosens: always("sends its messages elsewhere")}
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
