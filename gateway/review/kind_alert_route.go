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
		{path: "webhook.secret_wo_version", format: plain, none: "none", ordinal: true, says: "gets another secret"},
	},
	without: map[string]string{
		"alert_route_id":    "names the route; a new name is a replacement",
		"webhook.secret_wo": "is never in a plan; a new one shows by `webhook.secret_wo_version`",
	},
	deleted:  "deleted: nobody is told by it any more",
	replaced: "replaced by a new alert route",
	bare:     "every event of every team",
	gone:     "is deleted: nobody is told by it any more",
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
