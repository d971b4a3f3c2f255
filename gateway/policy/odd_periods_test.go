package policy_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Odd durations start when what has them was made, whatever is changed of it later; what an earlier release made
// keeps the periods that it runs by.
func TestOddDurations_startWithTheirObjectAndStay(t *testing.T) {
	made := time.Date(2026, 11, 28, 15, 4, 5, 0, time.UTC)
	now := time.Date(2026, 12, 20, 12, 0, 0, 0, time.UTC)
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		since      time.Time
		start, end time.Time
	}{
		"made by this release":     {time.Time{}, day(12, 12), day(12, 26)},
		"made by one before":       {made.Add(time.Hour), day(12, 7), day(12, 21)},
		"made as this one started": {made, day(12, 12), day(12, 26)},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := setUp()
			v := &versions{of: map[string]int64{}}
			book := policy.NewBook(r, v, policy.Defaults{Timezone: time.UTC, ResetDay: 1, OddPeriodsSince: test.since})
			record := api.Record{CreatedAt: made, UpdatedAt: made}
			terms := api.BudgetTerms{MaxBudget: new(10 * money.USD), BudgetDuration: new("14d"), HardCap: true}
			team, key, pot := r.teams["marketing"], r.keys["one"], api.NewBudget("pot")
			team.BudgetTerms, team.Record, team.SoftThresholdPct = terms, record, nil
			key.BudgetTerms, key.Record = terms, record
			pot.BudgetTerms, pot.Record, pot.TeamIDs = terms, record, api.StringList{"marketing"}
			r.teams["marketing"], r.keys["one"], r.budgets = team, key, []api.Budget{pot}
			running := func() (periods []quota.Period) {
				for _, budget := range lookup(t, book, "one").Budgets(named("small"), now) {
					periods = append(periods, budget.Periods[1])
				}
				return periods
			}
			check := func(when string) {
				t.Helper()
				periods := running()
				if len(periods) != 3 {
					t.Fatalf("%d budgets, want those of team, key and pot", len(periods))
				}
				for i, period := range periods {
					if !period.Start.Equal(test.start) || !period.End.Equal(test.end) {
						t.Errorf("%s, budget %d: %s to %s, want %s to %s", when, i, period.Start, period.End, test.start, test.end)
					}
				}
			}
			check("as made")
			team.MaxBudget, team.UpdatedAt, team.Revision = new(20*money.USD), now, 2
			r.teams["marketing"] = team
			book.Forget("marketing")
			check("after an update")
		})
	}
}
