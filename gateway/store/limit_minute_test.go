package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// pressed are minutes of two teams and two gateways.
func pressed(t *testing.T, s *store.Store, start time.Time) {
	t.Helper()
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	for i, rows := range [][]api.LimitMinute{
		{
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Calls: 5, Tokens: 50},
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Limit: "team.requests", Refused: 2},
			{At: at(0), TeamID: "a", Limit: "team.requests", Peak: 10, Cap: 10},
			{At: at(61), TeamID: "a", KeyID: "k2", Model: "m", Limit: "team.tokens", Refused: 7},
			{At: at(5), TeamID: "a", KeyID: "k1", Model: "m", Calls: 4, WouldRefuse: 3},
			{At: at(5), TeamID: "a", KeyID: "k1", Model: "m", Limit: "team.requests", WouldRefuse: 3},
			{At: at(5), TeamID: "a", KeyID: "k1", Model: "m", Limit: "team.budget", WouldRefuse: 2},
		},
		{
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Calls: 1, Tokens: 5},
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Limit: "team.requests", Refused: 3},
			{At: at(0), TeamID: "a", Limit: "team.requests", Peak: 4, Cap: 20},
			{At: at(2), TeamID: "a", Limit: "team.requests", Peak: 12, Cap: 20},
			{At: at(1), TeamID: "b", KeyID: "k3", Model: "m", Limit: "key.requests", Refused: 1},
			{At: at(1), TeamID: "b", KeyID: "k3", Limit: "key.requests", Peak: 3, Cap: 3},
		},
	} {
		gateway := string(rune('A' + i))
		for range 2 { // the second time is a repetition
			if err := s.AddLimitMinutes(t.Context(), gateway, 1, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLimitMinutes_areAddedOnceAndSummedUp(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		start := clock.Now().UTC().Truncate(24 * time.Hour)
		pressed(t, s, start)
		at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
		for name, test := range map[string]struct {
			query api.RefusalQuery
			want  []api.RefusalSum
		}{
			"all": {api.RefusalQuery{}, []api.RefusalSum{{Refused: 13, FirstAt: at(0), LastAt: at(61)}}},
			"by limit": {api.RefusalQuery{GroupBy: []string{api.GroupLimit}}, []api.RefusalSum{
				{Limit: new("team.tokens"), Refused: 7, FirstAt: at(61), LastAt: at(61)},
				{Limit: new("team.requests"), Refused: 5, FirstAt: at(0), LastAt: at(0)},
				{Limit: new("key.requests"), Refused: 1, FirstAt: at(1), LastAt: at(1)},
			}},
			"the most frequent": {api.RefusalQuery{GroupBy: []string{api.GroupLimit}, Most: 1}, []api.RefusalSum{
				{Limit: new("team.tokens"), Refused: 7, FirstAt: at(61), LastAt: at(61)},
			}},
			"by team and hour": {api.RefusalQuery{GroupBy: []string{api.GroupTeam, api.GroupHour, api.GroupDay}, TeamIDs: []string{"a"}}, []api.RefusalSum{
				{TeamID: new("a"), At: new(at(60)), Refused: 7, FirstAt: at(61), LastAt: at(61)},
				{TeamID: new("a"), At: new(at(0)), Refused: 5, FirstAt: at(0), LastAt: at(0)},
			}},
			"by key of a time": {api.RefusalQuery{GroupBy: []string{api.GroupKey, api.GroupModel}, From: at(1), To: at(61)}, []api.RefusalSum{
				{KeyID: new("k3"), Model: new("m"), Refused: 1, FirstAt: at(1), LastAt: at(1)},
			}},
			"one limit": {api.RefusalQuery{Limit: "team.requests", KeyID: "k1", Model: "m"}, []api.RefusalSum{{Refused: 5, FirstAt: at(0), LastAt: at(0)}}},
			"watched":   {api.RefusalQuery{Watched: true}, []api.RefusalSum{{Refused: 3, FirstAt: at(5), LastAt: at(5)}}},
			"watched, by limit": {api.RefusalQuery{Watched: true, GroupBy: []string{api.GroupLimit}}, []api.RefusalSum{
				{Limit: new("team.requests"), Refused: 3, FirstAt: at(5), LastAt: at(5)},
				{Limit: new("team.budget"), Refused: 2, FirstAt: at(5), LastAt: at(5)},
			}},
			"no team": {api.RefusalQuery{TeamIDs: []string{}}, []api.RefusalSum{}},
		} {
			if test.query.To.IsZero() {
				test.query.To = at(100)
			}
			got := must(s.Refusals(t.Context(), test.query))(t)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(name, diff)
			}
		}
		peaks := must(s.LimitPeaks(t.Context(), api.LimitMinuteFilter{To: at(100)}))(t)
		if diff := cmp.Diff([]api.LimitPeak{
			{TeamID: "a", Limit: "team.requests", Peak: 12, P99: 12, Minutes: 2, Cap: 20, At: at(2)},
			{TeamID: "b", KeyID: "k3", Limit: "key.requests", Peak: 3, P99: 3, Minutes: 1, Cap: 3, At: at(1)},
		}, peaks); diff != "" {
			t.Error(diff)
		}
		var rows []api.LimitMinute
		err := s.EachLimitMinute(t.Context(), api.LimitMinuteFilter{TeamIDs: []string{"a"}, To: at(1)}, func(row api.LimitMinute) error {
			rows = append(rows, row)
			return nil
		})
		if diff := cmp.Diff([]api.LimitMinute{
			{At: at(0), TeamID: "a", Limit: "team.requests", Peak: 10, Cap: 10},
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Calls: 6, Tokens: 55},
			{At: at(0), TeamID: "a", KeyID: "k1", Model: "m", Limit: "team.requests", Refused: 5},
		}, rows); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestLimitMinutes_arePurged(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		start := clock.Now().UTC().Truncate(24 * time.Hour)
		pressed(t, s, start)
		if more := must(s.PurgeLimitMinutes(t.Context(), start.Add(2*time.Minute)))(t); more {
			t.Error("there is more to purge")
		}
		sums := must(s.Refusals(t.Context(), api.RefusalQuery{To: start.AddDate(0, 0, 1)}))(t)
		if len(sums) != 1 || sums[0].Refused != 7 {
			t.Errorf("%+v", sums)
		}
		peaks := must(s.LimitPeaks(t.Context(), api.LimitMinuteFilter{To: start.AddDate(0, 0, 1)}))(t)
		if len(peaks) != 1 || peaks[0].Peak != 12 {
			t.Errorf("%+v", peaks)
		}
	})
}

// What 99 of 100 minutes stay at or below is no matter of one busy minute.
func TestLimitPeaks_tellThePercentile(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		start := clock.Now().UTC().Truncate(24 * time.Hour)
		var rows []api.LimitMinute
		for i := range int64(200) {
			rows = append(rows, api.LimitMinute{At: start.Add(time.Duration(i) * time.Minute), TeamID: "a", Limit: "team.requests", Peak: 200 - i, Cap: 1000})
		}
		if err := s.AddLimitMinutes(t.Context(), "g", 1, rows); err != nil {
			t.Fatal(err)
		}
		peaks := must(s.LimitPeaks(t.Context(), api.LimitMinuteFilter{From: start, To: start.AddDate(0, 0, 1)}))(t)
		if len(peaks) != 1 || peaks[0].Peak != 200 || peaks[0].P99 != 198 || peaks[0].Minutes != 200 {
			t.Errorf("%+v", peaks)
		}
	})
}
