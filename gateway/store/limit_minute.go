package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AddLimitMinutes adds what a gateway has counted: sums are added, of peaks the higher one stays. The gateway numbers its
// batches upward; one that is written again changes nothing.
func (s *Store) AddLimitMinutes(ctx context.Context, gateway string, batch int64, rows []api.LimitMinute) error {
	rows = slices.SortedFunc(slices.Values(rows), compareLimitMinutes) // all gateways in one order, so that they wait in no circle
	return s.transact(ctx, func(ctx context.Context, _ *tx) error {
		added, err := s.exec(ctx, "limit_minute_batch", args{"gateway": gateway, "batch": batch, "now_ms": s.nowMS()})
		if err != nil || added == 0 {
			return err
		}
		values := make([][]any, len(rows))
		for i, row := range rows {
			values[i] = []any{
				minuteOf(row.At), storable(row.TeamID), storable(row.KeyID), storable(row.Model), storable(row.Limit),
				row.Calls, row.Tokens, row.Refused, row.WouldRefuse, row.Peak, row.Cap,
			}
		}
		return inBatches(values, func(batch [][]any) error {
			_, err := s.exec(ctx, "limit_minute_add", args{"rows": batch})
			return err
		})
	})
}

func compareLimitMinutes(a, b api.LimitMinute) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.TeamID, b.TeamID), cmp.Compare(a.KeyID, b.KeyID),
		cmp.Compare(a.Model, b.Model), cmp.Compare(a.Limit, b.Limit))
}

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }

func timeOfMinute(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }

// minuteArgs are the bounds of a question; a zero To is now and the minute under way.
func (s *Store) minuteArgs(teamIDs []string, keyID string, from, to time.Time) args {
	if to.IsZero() {
		to = s.now().Add(time.Minute)
	}
	values := args{"from_minute": max(0, minuteOf(from)), "to_minute": minuteOf(to)}
	values.givenIDs("team_ids", teamIDs)
	values.given("key_id", keyID)
	return values
}

// EachLimitMinute calls each with every row that the filter selects, oldest first, and stops at its error.
func (s *Store) EachLimitMinute(ctx context.Context, filter api.LimitMinuteFilter, each func(api.LimitMinute) error) error {
	values := s.minuteArgs(filter.TeamIDs, filter.KeyID, filter.From, filter.To)
	return s.each(ctx, "limit_minute_list", values, func(scan func(...any) error) error {
		var row api.LimitMinute
		var minute int64
		err := scan(&minute, &row.TeamID, &row.KeyID, &row.Model, &row.Limit, &row.Calls, &row.Tokens, &row.Refused, &row.WouldRefuse, &row.Peak, &row.Cap)
		if err != nil {
			return err
		}
		row.At = timeOfMinute(minute)
		return each(row)
	})
}

// buckets are the lengths in minutes of what refusals are summed up over, the finest first.
var buckets = []struct {
	group   string
	minutes int64
}{{api.GroupMinute, 1}, {api.GroupHour, 60}, {api.GroupDay, 24 * 60}}

// wholeTime is a bucket that all minutes are in.
const wholeTime = 1 << 40

// Refusals returns how many calls were refused, or would have been, the most frequent first.
func (s *Store) Refusals(ctx context.Context, query api.RefusalQuery) ([]api.RefusalSum, error) {
	values := s.minuteArgs(query.TeamIDs, query.KeyID, query.From, query.To)
	values.given("model", query.Model)
	values.given("limit_name", query.Limit)
	for name, group := range map[string]string{
		"by_team": api.GroupTeam, "by_key": api.GroupKey, "by_model": api.GroupModel, "by_limit": api.GroupLimit,
	} {
		values[name] = oneIf(slices.Contains(query.GroupBy, group))
	}
	values["watched"], values["bucket"] = oneIf(query.Watched), int64(wholeTime)
	if query.Watched { // a call that two limits would have refused is one call
		values["of_calls"] = oneIf(query.Limit == "" && !slices.Contains(query.GroupBy, api.GroupLimit))
	}
	for _, bucket := range slices.Backward(buckets) {
		if slices.Contains(query.GroupBy, bucket.group) {
			values["bucket"] = bucket.minutes
		}
	}
	values.limit(query.Most)
	sums := []api.RefusalSum{}
	err := s.each(ctx, "limit_minute_refused", values, func(scan func(...any) error) error {
		var sum api.RefusalSum
		var bucket, first, last int64
		var team, key, model, limit string
		err := scan(&bucket, &team, &key, &model, &limit, &sum.Refused, &first, &last)
		sum.FirstAt, sum.LastAt = timeOfMinute(first), timeOfMinute(last)
		for _, group := range query.GroupBy {
			switch group {
			case api.GroupTeam:
				sum.TeamID = &team
			case api.GroupKey:
				sum.KeyID = &key
			case api.GroupModel:
				sum.Model = &model
			case api.GroupLimit:
				sum.Limit = &limit
			default:
				sum.At = new(timeOfMinute(bucket))
			}
		}
		sums = append(sums, sum)
		return err
	})
	return sums, err
}

// LimitPeaks returns the most that was used of each limit in any 60 seconds.
func (s *Store) LimitPeaks(ctx context.Context, filter api.LimitMinuteFilter) ([]api.LimitPeak, error) {
	values := s.minuteArgs(filter.TeamIDs, filter.KeyID, filter.From, filter.To)
	peaks := []api.LimitPeak{}
	err := s.each(ctx, "limit_minute_peaks", values, func(scan func(...any) error) error {
		var peak api.LimitPeak
		var minute int64
		err := scan(&peak.TeamID, &peak.KeyID, &peak.Model, &peak.Limit, &peak.Peak, &peak.Cap, &minute, &peak.P99, &peak.Minutes)
		peak.At = timeOfMinute(minute)
		peaks = append(peaks, peak)
		return err
	})
	return peaks, err
}

const (
	// purgeSpan is how many minutes one statement deletes: few enough rows that nobody waits for it.
	purgeSpan = 10
	// mostPurged is how many such spans one call deletes.
	mostPurged = 100
)

// PurgeLimitMinutes deletes the rows of minutes before a time, in steps, and says whether there are more.
func (s *Store) PurgeLimitMinutes(ctx context.Context, before time.Time) (more bool, err error) {
	end := minuteOf(before)
	for range mostPurged {
		var oldest int64
		found, err := s.one(ctx, "limit_minute_oldest", args{"before_minute": end}, &oldest)
		if err != nil {
			return false, err
		}
		if !found {
			_, err := s.exec(ctx, "limit_minute_writer_purge", args{"before_ms": before.UnixMilli()})
			return false, err
		}
		if _, err := s.exec(ctx, "limit_minute_purge", args{"before_minute": min(end, oldest+purgeSpan)}); err != nil {
			return false, err
		}
	}
	return true, nil
}
