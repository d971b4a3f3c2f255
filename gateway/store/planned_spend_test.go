package store_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestClaimJob_isOnesAtATime(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		now := clock.Now()
		for i, step := range []struct {
			holder string
			after  time.Duration
			want   bool
		}{{"a", 0, true}, {"b", time.Second, false}, {"a", 2 * time.Second, true}, {"b", 61 * time.Second, false}, {"b", 62 * time.Second, true}, {"a", 63 * time.Second, false}} {
			at := now.Add(step.after)
			if got := must(s.ClaimJob(t.Context(), "job", step.holder, at, at.Add(time.Minute)))(t); got != step.want {
				t.Errorf("step %d: %t", i, got)
			}
		}
	})
}

func TestPlannedSpend_isRememberedAndAudited(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		planned := api.PlannedSpend{TeamID: "a", FromDay: "2026-11-24", ToDay: "2026-11-26"}
		_, err := s.PlanSpend(t.Context(), alice, planned)
		wantCode(t, err, api.NotFound)
		must(s.CreateTeam(t.Context(), alice, api.Team{TeamID: "a"}))(t)
		made := must(s.PlanSpend(t.Context(), alice, planned))(t)
		if made.By != "alice" || made.Reason != "ticket 7" {
			t.Errorf("%+v", made)
		}
		for day, want := range map[string]int{"": 1, "2026-11-23": 0, "2026-11-24": 1, "2026-11-26": 1, "2026-11-27": 0} {
			if got := must(s.PlannedSpends(t.Context(), nil, day))(t); len(got) != want || want == 1 && got[0] != made {
				t.Errorf("%s: %+v", day, got)
			}
		}
		if got := must(s.PlannedSpends(t.Context(), []string{"b"}, ""))(t); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		wantCode(t, s.UnplanSpend(t.Context(), alice, api.PlannedSpend{TeamID: "a", FromDay: "2026-11-24", ToDay: "2026-11-25"}), api.NotFound)
		if err := s.UnplanSpend(t.Context(), alice, planned); err != nil {
			t.Fatal(err)
		}
		if got := must(s.PlannedSpends(t.Context(), nil, ""))(t); len(got) != 0 {
			t.Errorf("taken back: %+v", got)
		}
		audits := must(s.AuditPage(t.Context(), api.AuditFilter{TeamID: "a", Limit: 2}))(t)
		if len(audits) != 2 || audits[0].Action != "team.unplan_spend" || audits[1].Action != "team.plan_spend" {
			t.Errorf("%+v", audits)
		}
	})
}
