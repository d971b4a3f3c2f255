package outlook

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// lookBack is how far back the beginning of refusals is looked for; those that began before were told of.
	lookBack = 2 * time.Hour
	// settled is how long after its end a minute has arrived from all gateways.
	settled = 10 * time.Second
)

// pressed is a limit of a team.
type pressed struct{ team, limit string }

// sustained tells of rate limits that refused calls of a team in each of the last minutes, once until a minute without.
func (w *Watch) sustained(ctx context.Context, now time.Time) error {
	if w.SustainedMinutes == 0 {
		return nil
	}
	end := now.Add(-settled).Truncate(time.Minute)
	begin := end.Add(-lookBack)
	sums, err := w.Record.Refusals(ctx, api.RefusalQuery{GroupBy: []string{api.GroupTeam, api.GroupLimit, api.GroupMinute}, From: begin, To: end})
	if err != nil {
		return err
	}
	refused := map[pressed]map[time.Time]int64{}
	for _, sum := range sums {
		of := pressed{*sum.TeamID, *sum.Limit}
		if of.team == "" || !isRate(of.limit) {
			continue
		}
		if refused[of] == nil {
			refused[of] = map[time.Time]int64{}
		}
		refused[of][*sum.At] = sum.Refused
	}
	for of, minutes := range refused {
		run := lastRun(minutes, end)
		if run.Minutes < int64(w.SustainedMinutes) || run.Since.Equal(begin) {
			continue
		}
		if err := w.tellSustained(ctx, of, run, now, end); err != nil {
			return err
		}
	}
	return nil
}

func isRate(limit string) bool {
	return strings.HasSuffix(limit, ".requests") || strings.HasSuffix(limit, ".tokens") || strings.HasSuffix(limit, ".max_parallel_requests")
}

// lastRun are the minutes with refusals that go on to the end.
func lastRun(minutes map[time.Time]int64, end time.Time) api.SustainedRefusals {
	run := api.SustainedRefusals{Since: end}
	for at := end.Add(-time.Minute); minutes[at] > 0; at = at.Add(-time.Minute) {
		run.Since = at
		run.Minutes++
		run.Calls += minutes[at]
	}
	return run
}

func (w *Watch) tellSustained(ctx context.Context, of pressed, run api.SustainedRefusals, now, end time.Time) error {
	run.Limit = of.limit
	peaks, err := w.Record.LimitPeaks(ctx, api.LimitMinuteFilter{TeamIDs: []string{of.team}, From: run.Since, To: end})
	if err != nil {
		return err
	}
	for _, peak := range peaks {
		if peak.Limit == of.limit && peak.KeyID == "" && peak.Model == "" { // keys and models have limits of their own
			run.Cap = peak.Cap
		}
	}
	event := api.AlertEvent{
		Type: api.EventRateLimitSustained, Severity: "warning", CreatedAt: now, TeamID: of.team, Scope: "team:" + of.team, Refusals: &run,
	}
	if err := w.named(ctx, &event); err != nil {
		return err
	}
	name := event.TeamAlias
	if name == "" {
		name = of.team
	}
	event.Message = fmt.Sprintf("%s refused %d calls of %s in the last %d minutes", of.limit, run.Calls, name, run.Minutes)
	if run.Cap > 0 {
		event.Message += fmt.Sprintf("; the limit is %d", run.Cap)
	}
	return w.tell(ctx, event, of.team, of.limit, run.Since.Format(time.RFC3339))
}
