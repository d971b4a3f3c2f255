package alert

import (
	"math"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// sameThreshold is how far apart two shares may be and still mean the same; shares are read to the sixth decimal.
const sameThreshold = 1e-6

// wanting returns the ids of the routes that an event goes to.
func wanting(routes []api.AlertRoute, event api.AlertEvent) []string {
	var ids []string
	for _, route := range routes {
		if wants(route, event) {
			ids = append(ids, route.AlertRouteID)
		}
	}
	return ids
}

// wants says whether a route hears of an event: it must be enabled and every restriction must fit.
func wants(route api.AlertRoute, event api.AlertEvent) bool {
	return route.Enabled && (event.AlertRouteID == "" || event.AlertRouteID != route.AlertRouteID) &&
		route.Covers(event.TeamID) &&
		wantsType(route, event) &&
		severe(route.MinSeverity, weight(event)) &&
		hears(route.Thresholds, event.Threshold)
}

// wantsType lets what is over go where it was told of, when the receiver keeps incidents open: nobody would close them.
func wantsType(route api.AlertRoute, event api.AlertEvent) bool {
	if len(route.Events) == 0 {
		return !slices.Contains(api.News, event.Type)
	}
	if event.Was != nil && (route.PagerDuty != nil || route.Alertmanager != nil) && slices.Contains(route.Events, event.Was.Type) {
		return true
	}
	return slices.Contains(route.Events, event.Type)
}

// weight is how severe an event is; what is over weighs as much as it did.
func weight(event api.AlertEvent) string {
	if event.Was != nil {
		return event.Was.Severity
	}
	return event.Severity
}

// severe lets a severity that nobody knows pass: one message too many is better than one too few.
func severe(least *string, severity string) bool {
	rank := slices.Index(api.Severities, severity)
	return least == nil || rank < 0 || rank >= slices.Index(api.Severities, *least)
}

// hears lets events without a threshold always pass.
func hears(thresholds []float64, threshold float64) bool {
	return len(thresholds) == 0 || threshold == 0 || slices.ContainsFunc(thresholds, func(own float64) bool {
		return math.Abs(own-threshold) < sameThreshold
	})
}
