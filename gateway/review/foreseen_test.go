package review_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

type futures struct {
	told  []api.Forecast
	fails error
	asked []string
}

func (f *futures) Forecasts(_ context.Context, teamIDs []string) ([]api.Forecast, error) {
	f.asked = teamIDs
	return f.told, f.fails
}

// A reviewer reads when caps are used up in this period and the next, with and without the change: $10 a day, $105 spent by the 11th.
func TestRender_saysWhereItLeads(t *testing.T) {
	t.Parallel()
	const plan = `{"format_version":"1.2","planned_values":{},"resource_changes":[
	{"address":"bursar_team.a","mode":"managed","type":"bursar_team","change":{"actions":["update"],
	 "before":{"team_id":"a","max_budget":200,"budget_duration":"1mo"},"after":{"team_id":"a","max_budget":400,"budget_duration":"1mo"}}},
	{"address":"bursar_team.b","mode":"managed","type":"bursar_team","change":{"actions":["update"],
	 "before":{"team_id":"b","max_budget":200,"budget_duration":"1mo"},"after":{"team_id":"b","max_budget":100,"budget_duration":"1mo"}}},
	{"address":"bursar_team.c","mode":"managed","type":"bursar_team","change":{"actions":["update"],
	 "before":{"team_id":"c","rpm_limit":1,"max_budget":200},"after":{"team_id":"c","rpm_limit":2,"max_budget":200}}},
	{"address":"bursar_team.d","mode":"managed","type":"bursar_team","change":{"actions":["no-op"],
	 "before":{"team_id":"d","budget_id":"terms"},"after":{"team_id":"d","budget_id":"terms"}}},
	{"address":"bursar_budget.terms","mode":"managed","type":"bursar_budget","change":{"actions":["update"],
	 "before":{"budget_id":"terms","max_budget":200,"budget_duration":"1mo"},"after":{"budget_id":"terms","max_budget":200,"budget_duration":"1d"}}}]}`
	start, end := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	told := &futures{}
	for _, id := range []string{"a", "b", "d"} {
		told.told = append(told.told, api.Forecast{
			Kind: "team", ID: id, Spend: 105 * money.USD, PeriodStart: &start, PeriodEnd: &end, Weekdays: slices.Repeat([]money.Nano{10 * money.USD}, 7),
		})
	}
	options := review.Options{Foretell: told, Now: func() time.Time { return time.Date(2026, 11, 11, 12, 0, 0, 0, time.UTC) }}
	got, result := render(t, []byte(plan), options)
	for _, want := range []string{
		"**Team by team**",
		"| `a` | $200.00 -> $400.00 ($200.00 more) | $105.00 | $300.00 until Tue 1 Dec 2026 | Sat 21 Nov 2026; in the next Mon 21 Dec 2026 | not |",
		"| `b` | $200.00 -> $100.00 ($100.00 less) | $105.00 | $300.00 until Tue 1 Dec 2026 | Sat 21 Nov 2026; in the next Mon 21 Dec 2026 | **at once**; in the next Fri 11 Dec 2026 |",
		"| `d` | $200.00 -> $6,200.00 ($6,000.00 more) | $105.00 | $300.00 until Tue 1 Dec 2026 | Sat 21 Nov 2026; in the next Mon 21 Dec 2026 | starts again at other times |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the review lacks %s:\n%s", want, got)
		}
	}
	if slices.Sort(told.asked); strings.Join(told.asked, ",") != "a,b,d" || result.Asking != nil {
		t.Errorf("asked about %q, %v", told.asked, result.Asking)
	}
	told.fails = errors.New("connection refused")
	if got, result = render(t, []byte(plan), options); result.Asking == nil || !strings.Contains(got, "could not be asked of the gateway: `connection refused`") {
		t.Errorf("%v:\n%s", result.Asking, got)
	}
}
