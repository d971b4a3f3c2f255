package alert_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestCountersAway_saysWhatIsNotEnforced(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 30, 10, 0, time.UTC)
	for want, policy := range map[string]degraded.Policy{
		"the counters cannot be reached; requests with a hard budget are refused, so are those with a rate limit":               {},
		"the counters cannot be reached; requests with a hard budget are refused, rate limits are kept in shares of 3 gateways": {RateLimits: degraded.Local},
		"the counters cannot be reached; hard budgets are not enforced, rate limits are not enforced":                           {RateLimits: degraded.Open, Budgets: degraded.Open},
	} {
		event := alert.CountersAway(policy, 3, now)
		if event.Message != want || event.Type != api.EventStoreDegraded {
			t.Errorf("%+v: %+v", policy, event)
		}
		if later := alert.CountersAway(policy, 2, now.Add(49*time.Second)); later.ID != event.ID {
			t.Errorf("another gateway in the same minute: %s, want %s", later.ID, event.ID)
		}
		if next := alert.CountersAway(policy, 3, now.Add(time.Minute)); next.ID == event.ID {
			t.Errorf("a minute later it is %s again", next.ID)
		}
	}
}
