package alert

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// sameThreshold is how far apart two shares may be and still mean the same; shares are read to the sixth decimal.
const sameThreshold = 1e-6

// ownersPrefix begins the ids that stand for the owners of a team, who have no route.
const ownersPrefix = "owners:"

// circumstances are what a decision depends on besides the route and the event.
type circumstances struct {
	team     api.AlertTeam
	silences []api.AlertSilence
	toOwners bool
	now      time.Time
}

// decide says of every route whether it hears of an event, when, and why.
func decide(routes []api.AlertRoute, event api.AlertEvent, c circumstances) []api.AlertDecision {
	decisions := make([]api.AlertDecision, 0, len(routes)+1)
	taken := false
	for _, route := range routes {
		decision := api.AlertDecision{AlertRouteID: route.AlertRouteID, Name: route.Name, Reason: unwanted(route, event, c)}
		decision.Takes = decision.Reason == ""
		if decision.Takes {
			decision.Reason = why(route, event)
			taken = taken || !route.Fallback
		}
		decisions = append(decisions, decision)
	}
	if c.toOwners && event.TeamID != "" && event.ToAlertRouteID == "" && len(c.team.Owners) > 0 {
		decisions = append(decisions, ownersHear(event))
	}
	silence := silencedBy(c.silences, event)
	for i := range decisions {
		decision := &decisions[i]
		if !decision.Takes {
			continue
		}
		if i < len(routes) && routes[i].Fallback && taken {
			decision.Takes, decision.Reason = false, "it is for what no other route takes, and another one takes this"
			continue
		}
		if silence != nil {
			decision.Takes = false
			decision.Reason = fmt.Sprintf("silenced until %s by %s (silence %s)", day(&silence.Until), silence.CreatedBy, silence.SilenceID)
			continue
		}
		if i < len(routes) {
			hold(decision, routes[i], event, c.now)
		}
	}
	return decisions
}

// ownersHear decides for the owners of a team: they hear of what needs somebody, and that it is over.
func ownersHear(event api.AlertEvent) api.AlertDecision {
	decision := api.AlertDecision{AlertRouteID: ownersPrefix + event.TeamID, Name: "owners of " + event.TeamID}
	if !severe(new("warning"), weight(event)) || slices.Contains(api.News, event.Type) {
		decision.Reason = "it is no warning"
		return decision
	}
	decision.Takes, decision.Reason = true, "the team's owners hear of it, by alerts.to_owners"
	return decision
}

func silencedBy(silences []api.AlertSilence, event api.AlertEvent) *api.AlertSilence {
	for i := range silences {
		if silences[i].Covers(event) {
			return &silences[i]
		}
	}
	return nil
}

// hold puts off what may wait: for others about the same team, and for the end of quiet hours. What is critical never waits.
func hold(decision *api.AlertDecision, route api.AlertRoute, event api.AlertEvent, now time.Time) {
	if neverWaits(event) {
		return
	}
	at := now
	if wait := api.SpanOf(route.GroupWait); wait > 0 {
		at = now.Add(wait)
		decision.Reason += " It waits " + *route.GroupWait + " for others about the same team."
	}
	if end := quietEnd(route, at); end.After(at) {
		at = end
		decision.Reason += " It waits for the end of the quiet hours " + *route.QuietHours + "."
	}
	if at.After(now) {
		decision.At = &at
	}
}

// urgentSeverity and urgentType tell of what is told at any hour.
const (
	urgentSeverity = "critical"
	urgentType     = api.EventBudgetHardLimit
)

// neverWaits says whether an event is told at any hour.
func neverWaits(event api.AlertEvent) bool {
	return event.Severity == urgentSeverity || event.Type == urgentType
}

// quietEnd is the end of the route's quiet hours that a moment lies in, or the moment itself.
func quietEnd(route api.AlertRoute, at time.Time) time.Time {
	if route.QuietHours == nil {
		return at
	}
	quiet, err := api.ParseQuietHours(*route.QuietHours)
	if err != nil { // of an older or newer release; a message at night is better than none
		return at
	}
	return quiet.End(at)
}

// unwanted says why a route does not hear of an event, "" when it does.
func unwanted(route api.AlertRoute, event api.AlertEvent, c circumstances) string {
	switch {
	case !route.Enabled:
		return "it is switched off"
	case event.ToAlertRouteID != "" && event.ToAlertRouteID != route.AlertRouteID:
		return "the event is for another route"
	case event.ToAlertRouteID == route.AlertRouteID:
		return ""
	case event.Type == api.EventDigest && route.Digest == nil:
		return "it has no digest"
	case event.AlertRouteID != "" && event.AlertRouteID == route.AlertRouteID:
		return "the event is about this route"
	case !route.Covers(event.TeamID):
		return "team_ids has no " + quoted(event.TeamID)
	case !wantsType(route, event):
		return unnamed(route, event)
	case !severe(route.MinSeverity, weight(event)):
		return fmt.Sprintf("the severity %s is below min_severity %s", weight(event), *route.MinSeverity)
	case !hears(route.Thresholds, event):
		return fmt.Sprintf("thresholds has no %s", percent(event.Threshold))
	default:
		return unlabelled(route.Labels, c.team.Labels)
	}
}

// unnamed is why a route does not want an event of this name.
func unnamed(route api.AlertRoute, event api.AlertEvent) string {
	if len(route.Events) == 0 {
		return event.Type + " tells what somebody did on purpose, and goes to routes that name it in events"
	}
	return "events has no " + event.Type
}

func quoted(name string) string {
	if name == "" {
		return "event without a team"
	}
	return fmt.Sprintf("%q", name)
}

// unlabelled says which label a team lacks, "" when it has them all.
func unlabelled(wanted, has map[string]string) string {
	var missing []string
	for name, value := range wanted {
		if own, found := has[name]; !found || own != value {
			missing = append(missing, name+"="+value)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	slices.Sort(missing)
	return "the team's metadata has no " + strings.Join(missing, ", ")
}

// wantsType lets what is over go where it was told of, when the receiver keeps incidents open: nobody would close them.
func wantsType(route api.AlertRoute, event api.AlertEvent) bool {
	if len(route.Events) == 0 {
		return !slices.Contains(api.News, event.Type)
	}
	if event.Was != nil && keepsOpen(route) && slices.ContainsFunc(route.Events, func(wanted string) bool { return toldBefore(wanted, event.Was.Type) }) {
		return true
	}
	return slices.Contains(route.Events, event.Type)
}

// keepsOpen says whether a receiver keeps open what nobody closes.
func keepsOpen(route api.AlertRoute) bool { return route.PagerDuty != nil || route.Alertmanager != nil }

// toldBefore says whether a route that wants one event may have been told of what is over: before a cap come its thresholds.
func toldBefore(wanted, was string) bool {
	return wanted == was || wanted == api.EventBudgetSoftLimit && was == api.EventBudgetHardLimit
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

// hears lets events without a threshold always pass. What is over is told wherever a threshold on the way to it was.
func hears(thresholds []float64, event api.AlertEvent) bool {
	return len(thresholds) == 0 || event.Threshold == 0 || slices.ContainsFunc(thresholds, func(own float64) bool {
		return math.Abs(own-event.Threshold) < sameThreshold || event.Was != nil && own < event.Threshold
	})
}
