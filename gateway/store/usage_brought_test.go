package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What a day has cost elsewhere is seen beside what it has cost here, once however often it is brought, and by no budget.
func TestBringUsage(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		appendRows(t, s, newRow("1", november, 7))
		day := api.BroughtDay{Origin: "litellm", Day: "2026-11-01", Sums: []api.BroughtSum{
			{TeamID: "t1", KeyID: "k1", Model: "gpt", Requests: 2, PromptTokens: 20, CompletionTokens: 2, Spend: 100}, {TeamID: "t2", Spend: 1},
		}}
		for _, want := range []int64{0, 101} {
			if before := must(s.BringUsage(t.Context(), alice, day))(t); int64(before.Spend) != want {
				t.Errorf("it had brought %d before", before.Spend)
			}
		}
		sums := usageSums(t, s, api.UsageQuery{GroupBy: []string{api.GroupTeam}})
		if len(sums) != 2 || sums[0].TotalCost != 107 || sums[1].TotalCost != 1 {
			t.Errorf("teams have used %+v", sums)
		}
		days := must(s.UsageDays(t.Context(), api.LedgerSelection{TeamIDs: []string{"t1"}}, november, november.AddDate(0, 0, 1)))(t)
		if days["2026-11-01"] != 107 {
			t.Errorf("the day has cost %+v", days)
		}
		if spent := must(s.LedgerSpend(t.Context(), api.LedgerSelection{TeamIDs: []string{"t1"}}, november, november.AddDate(0, 0, 5)))(t); spent != 7 {
			t.Errorf("a budget counts %d", spent)
		}
		audits, total, err := s.Audits(t.Context(), api.AuditFilter{Action: "usage.bring"})
		if err != nil || total != 1 {
			t.Errorf("there are %d audit rows, %v: %+v", total, err, audits)
		}
		slices.Reverse(day.Sums)
		must(s.BringUsage(t.Context(), alice, day))(t)
		if _, total, err := s.Audits(t.Context(), api.AuditFilter{Action: "usage.bring"}); err != nil || total != 1 {
			t.Errorf("in another order there are %d audit rows, %v", total, err)
		}
		must(s.BringUsage(t.Context(), alice, api.BroughtDay{Origin: "litellm", Day: "2026-11-01"}))(t)
		if left := must(s.BroughtDays(t.Context(), "litellm"))(t); len(left) != 0 {
			t.Errorf("after an empty day there is %+v", left)
		}
	})
}

// What a day has cost is another's now, and in all the same: that is a change like any other, with an audit row.
func TestBringUsage_ofOthers(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		day := api.BroughtDay{Origin: "litellm", Day: "2026-11-01", Sums: []api.BroughtSum{
			{TeamID: "t1", Model: "gpt", Requests: 2, PromptTokens: 20, CachedTokens: 5, Spend: 100}, {TeamID: "t2", Requests: 1, Spend: 1},
		}}
		must(s.BringUsage(t.Context(), alice, day))(t)
		changes := []func(){
			func() { day.Sums[0].TeamID, day.Sums[1].TeamID = "t2", "t1" },
			func() { day.Sums[0].Model = "claude" },
			func() { day.Sums[0].CachedTokens = 6 },
		}
		for i, change := range changes {
			change()
			must(s.BringUsage(t.Context(), alice, day))(t)
			audits, total, err := s.Audits(t.Context(), api.AuditFilter{Action: "usage.bring"})
			if err != nil || total != i+2 {
				t.Errorf("after change %d there are %d audit rows, %v: %+v", i, total, err, audits)
			}
			if days := must(s.BroughtDays(t.Context(), "litellm"))(t); len(days) != 1 || days[0] != day.Total() {
				t.Errorf("change %d has brought %+v", i, days)
			}
		}
		sums := usageSums(t, s, api.UsageQuery{GroupBy: []string{api.GroupTeam}})
		if len(sums) != 2 || sums[0].TotalCost != 1 || sums[1].TotalCost != 100 {
			t.Errorf("teams have used %+v", sums)
		}
	})
}
