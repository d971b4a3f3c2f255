package alert

import (
	"fmt"
	"math"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// CountersAway says that a gateway cannot reach the counters, which it shares with so many, and what becomes of requests.
// It is the same event for all gateways that lose sight of the counters in one minute.
func CountersAway(policy degraded.Policy, gateways int, now time.Time) api.AlertEvent {
	text := "the counters cannot be reached; "
	if policy.Budgets == degraded.Open {
		text += "hard budgets are not enforced"
	} else {
		text += "requests with a hard budget are refused"
	}
	switch policy.RateLimits {
	case degraded.Local:
		text += fmt.Sprintf(", rate limits are kept in shares of %d gateways", gateways)
	case degraded.Open:
		text += ", rate limits are not enforced"
	default:
		text += ", so are those with a rate limit"
	}
	return api.AlertEvent{
		ID:   fmt.Sprintf("store_degraded_bursar_%d", now.Unix()/60),
		Type: api.EventStoreDegraded, Severity: "critical", CreatedAt: now, Message: text,
	}
}

// Crossed tells people that spending has reached a threshold, or that a hard budget has refused a request, and of the throttle
// that begins there.
func Crossed(c quota.Crossing) []api.AlertEvent {
	event := crossed(c)
	if len(c.About.Changes) == 0 || c.Share != c.About.Threshold || c.Share >= 1 {
		return []api.AlertEvent{event}
	}
	throttled := event
	throttled.ID, throttled.Type = eventID(api.EventTeamThrottled, event.ID), api.EventTeamThrottled
	throttled.Changes, throttled.Until = c.About.Changes, event.PeriodEnd
	throttled.Message = fmt.Sprintf("requests of %s are limited: %s", spender(c), inWords(c.About.Changes))
	if throttled.Until != nil {
		throttled.Message += ", until " + day(throttled.Until)
	}
	return []api.AlertEvent{event, throttled}
}

func crossed(c quota.Crossing) api.AlertEvent {
	event := c.About
	event.ID, event.Changes = c.ID(), nil
	event.Type, event.Severity = api.EventBudgetSoftLimit, "warning"
	switch {
	case c.Watched: // nobody is refused
		event.Type, event.Watched = api.EventBudgetHardLimit, true
	case c.Share >= 1:
		event.Type, event.Severity = api.EventBudgetHardLimit, "critical"
	case c.Share < 0: // most calls still fit
		event.Type = api.EventBudgetHardLimit
	}
	event.CreatedAt = c.At
	event.Message = crossedInWords(c)
	event.Scope = string(c.Scope)
	event.Threshold = math.Abs(c.Share)
	event.Spend = c.Spend
	event.MaxBudget = max(c.Limit, 0)
	event.HardCap = c.Hard && !c.Watched
	if !c.Period.Start.IsZero() {
		event.PeriodStart = &c.Period.Start
	}
	if !c.Period.End.IsZero() {
		event.PeriodEnd = &c.Period.End
	}
	return event
}

func crossedInWords(c quota.Crossing) string {
	text := spender(c) + " has spent " + Amount(c.Spend)
	if c.Limit > 0 {
		percent := float64(c.Spend) / float64(c.Limit) * 100
		text += fmt.Sprintf(" of %s (%d %%)", Amount(c.Limit), int64(percent))
	}
	text += " of its budget"
	if !c.Period.End.IsZero() {
		text += " for the period until " + c.Period.End.Format("2006-01-02")
	}
	switch {
	case c.Watched:
		text += "; the budget is only watched: requests would be refused, and are not yet"
	case c.Share < 0:
		text += fmt.Sprintf("; a single request that may cost %s alone was refused", Amount(c.Refused))
	case c.Refused > 0:
		text += fmt.Sprintf("; a request that may cost %s was refused", Amount(c.Refused))
	}
	return text
}

// spender is whose budget it is, at the beginning of a sentence.
func spender(c quota.Crossing) string {
	about := c.About
	switch {
	case about.UserID != "" && about.TeamID != "":
		return "member " + about.UserID + " of " + about.TeamID
	case about.UserID != "":
		return "user " + about.UserID
	case about.BudgetID != "" && about.TeamID == "" && about.KeyID == "":
		return "budget " + about.BudgetID
	case about.KeyID != "":
		return "key " + about.KeyID
	case about.TeamAlias != "":
		return about.TeamAlias
	case about.TeamID != "":
		return about.TeamID
	default:
		return string(c.Scope)
	}
}
