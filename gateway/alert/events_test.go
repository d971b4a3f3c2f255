package alert_test

import (
	"math"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
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

func TestCrossed_saysWhoHasSpentWhat(t *testing.T) {
	until := time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		crossing             quota.Crossing
		message, kind, grave string
	}{
		"a threshold": {
			quota.Crossing{
				Limit: 200 * money.USD, Hard: true, About: api.AlertEvent{TeamID: "marketing"},
				Period: quota.Period{Start: until.AddDate(0, 0, -1), End: until}, Share: 0.8, Spend: 160 * money.USD,
			},
			"marketing has spent $160.00 of $200.00 (80 %) of its budget for the period until 2026-11-19", api.EventBudgetSoftLimit, "warning",
		},
		"a refusal": {
			quota.Crossing{Limit: 200 * money.USD, About: api.AlertEvent{TeamID: "t", UserID: "ann"}, Share: 1, Spend: 160 * money.USD, Refused: 100 * money.USD},
			"member ann of t has spent $160.00 of $200.00 (80 %) of its budget; a request that may cost $100.00 was refused", api.EventBudgetHardLimit, "critical",
		},
		"a request that is too dear": {
			quota.Crossing{Limit: 200 * money.USD, About: api.AlertEvent{BudgetID: "pot"}, Share: -1, Refused: 260 * money.USD},
			"budget pot has spent $0.00 of $200.00 (0 %) of its budget; a single request that may cost $260.00 alone was refused", api.EventBudgetHardLimit, "warning",
		},
		"no limit": {
			quota.Crossing{Scope: "key:key_1", Limit: quota.Unlimited, Share: 0.5, Spend: money.USD / 3},
			"key:key_1 has spent $0.333333333 of its budget", api.EventBudgetSoftLimit, "warning",
		},
	} {
		t.Run(name, func(t *testing.T) {
			event := alert.Crossed(c.crossing)[0]
			if event.Message != c.message || event.Type != c.kind || event.Severity != c.grave {
				t.Errorf("got %q, %s, %s", event.Message, event.Type, event.Severity)
			}
			if event.ID != c.crossing.ID() || event.Threshold != math.Abs(c.crossing.Share) || event.HardCap != c.crossing.Hard || event.MaxBudget < 0 {
				t.Errorf("got %+v", event)
			}
			if ends := event.PeriodEnd != nil; ends == c.crossing.Period.End.IsZero() {
				t.Errorf("the period's end: %v", event.PeriodEnd)
			}
		})
	}
}
