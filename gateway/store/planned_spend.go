package store

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ClaimJob makes holder the one that does a job until a time, unless another is and its time is not over.
func (s *Store) ClaimJob(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	claimed, err := s.exec(ctx, "job_lease_claim", args{
		"name": name, "holder": holder, "now_ms": now.UnixMilli(), "until_ms": until.UnixMilli(),
	})
	return claimed > 0, err
}

// PlanSpend remembers that a team is meant to spend more on some days, with an audit row in the same transaction.
// Errors: [api.NotFound] for a team that does not exist.
func (s *Store) PlanSpend(ctx context.Context, change api.Change, planned api.PlannedSpend) (api.PlannedSpend, error) {
	change = signed(change)
	planned.Reason, planned.By, planned.At = change.Reason, change.Actor, timeOf(s.nowMS())
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		if _, err := s.Team(ctx, planned.TeamID); err != nil {
			return err
		}
		_, err := s.exec(ctx, "planned_spend_put", args{
			"team_id": planned.TeamID, "from_day": planned.FromDay, "to_day": planned.ToDay,
			"reason": storable(planned.Reason), "actor": storable(planned.By), "at_ms": planned.At.UnixMilli(),
		})
		if err != nil {
			return err
		}
		return t.audit(ctx, change, "team.plan_spend", planned.TeamID, nil, planned)
	})
	return planned, err
}

// UnplanSpend takes back what was said of these days of a team, with an audit row in the same transaction. Error: [api.NotFound].
func (s *Store) UnplanSpend(ctx context.Context, change api.Change, planned api.PlannedSpend) error {
	change = signed(change)
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		gone, err := s.exec(ctx, "planned_spend_delete", args{
			"team_id": planned.TeamID, "from_day": planned.FromDay, "to_day": planned.ToDay,
		})
		if err != nil {
			return err
		}
		if gone == 0 {
			return api.Errorf(api.NotFound, "nobody has planned %s to %s of the team %q; GET /alert/planned lists what is planned", planned.FromDay, planned.ToDay, planned.TeamID)
		}
		return t.audit(ctx, change, "team.unplan_spend", planned.TeamID, planned, nil)
	})
}

// PlannedSpends are the days on which teams are meant to spend more, the last first, a thousand at most; nil teamIDs are all
// teams, "" is any day.
func (s *Store) PlannedSpends(ctx context.Context, teamIDs []string, day string) ([]api.PlannedSpend, error) {
	values := args{}
	values.givenIDs("team_ids", teamIDs)
	values.given("day", day)
	list := []api.PlannedSpend{}
	err := s.each(ctx, "planned_spend_list", values, func(scan func(...any) error) error {
		var one api.PlannedSpend
		var at int64
		err := scan(&one.TeamID, &one.FromDay, &one.ToDay, &one.Reason, &one.By, &at)
		one.At = timeOf(at)
		list = append(list, one)
		return err
	})
	return list, err
}
