package outlook

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/advice"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// mostAdvised is how many lines of advice a digest has.
const mostAdvised = 5

// advice looks at the limits of a route's teams, and of no others: what a model's deployments take is left out, as all teams
// that may ask for it count there.
func (w *Watch) advice(ctx context.Context, teams []api.Team, now time.Time) ([]string, error) {
	if len(teams) == 0 {
		return nil, nil
	}
	ids := make([]string, len(teams))
	for i, team := range teams {
		ids[i] = team.TeamID
	}
	in := advice.Input{Teams: teams, PeaksFrom: now.Add(-advice.PeaksOver), UnusedSince: now.Add(-advice.UnusedFor), Now: now}
	var err error
	if in.Keys, _, err = w.Keys(ctx, api.KeyFilter{TeamIDs: ids}); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if in.Peaks, err = w.Record.LimitPeaks(ctx, api.LimitMinuteFilter{TeamIDs: ids, From: in.PeaksFrom, To: now}); err != nil {
		return nil, fmt.Errorf("read what was used of limits: %w", err)
	}
	months := api.UsageQuery{GroupBy: []string{api.GroupTeam}, Period: api.PeriodMonth, From: advice.MonthsFrom(now), TeamIDs: ids}
	if in.Months, err = w.sums(ctx, months); err != nil {
		return nil, err
	}
	keys := api.UsageQuery{GroupBy: []string{api.GroupKey}, Period: api.PeriodTotal, From: in.UnusedSince, TeamIDs: ids}
	if in.KeyUse, err = w.sums(ctx, keys); err != nil {
		return nil, err
	}
	return advice.Advise(in).Lines(mostAdvised), nil
}

func (w *Watch) sums(ctx context.Context, query api.UsageQuery) (sums []api.UsageSum, err error) {
	err = w.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		sums = append(sums, sum)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what teams have used: %w", err)
	}
	return sums, nil
}
