package alert

import (
	"fmt"
	"time"

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
