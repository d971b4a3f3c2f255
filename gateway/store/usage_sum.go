package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Kinds of labels that usage is summed up by apart from the daily sums.
const (
	labelTag     = "tag"
	labelEndUser = "end_user"
)

// bucketLetters is how much of a day, written 2006-01-02, names its period.
var bucketLetters = map[string]int{api.PeriodDay: 10, api.PeriodMonth: 7, api.PeriodTotal: 0}

// EachUsageSum calls each with every sum that the query asks for, in order, and stops at its error.
// It holds one row in memory at a time. A query that counts by tag and by end user at once is [api.Invalid], and so is one by
// hour of more days than [api.MostHourDays].
func (s *Store) EachUsageSum(ctx context.Context, query api.UsageQuery, each func(api.UsageSum) error) error {
	kind, err := labelKind(query)
	if err != nil {
		return err
	}
	if query.ByHour() {
		return s.eachHourSum(ctx, query, kind, each)
	}
	if query.Period == "" {
		query.Period = api.PeriodMonth
	}
	if slices.Contains(query.GroupBy, api.GroupDay) {
		query.Period = api.PeriodDay
	}
	name, values := "usage_sum", usageArgs(query)
	values["bucket_letters"] = bucketLetters[query.Period]
	if !query.From.IsZero() {
		values["from_day"] = dayOf(query.From)
	}
	if !query.To.IsZero() {
		values["to_day"] = dayOf(query.To)
	}
	if kind != "" {
		name = "usage_sum_label"
		values["kind"] = kind
		values.labelled(query, kind)
	}
	return s.eachBooked(ctx, name, values, func(scan func(...any) error) error {
		cursor := make(api.UsageCursor, api.UsageCursorLen)
		sum := api.UsageSum{Cursor: cursor}
		var first, last string
		err := scan(&cursor[0], &cursor[1], &cursor[2], &cursor[3], &cursor[4], &cursor[5],
			&sum.TotalRequests, &sum.PromptTokens, &sum.CachedTokens, &sum.CompletionTokens, &sum.TotalCost, &first, &last)
		if err != nil {
			return err
		}
		sum.TotalTokens = sum.PromptTokens + sum.CompletionTokens
		sum.PeriodStart, sum.PeriodEnd = periodDays(query, cursor[0], first, last)
		nameGroups(&sum, query.GroupBy)
		return each(sum)
	})
}

// labelKind is the kind of labels that the query needs, "" for none.
func labelKind(query api.UsageQuery) (string, error) {
	tag := query.Tag != "" || slices.Contains(query.GroupBy, api.GroupTag)
	endUser := query.EndUser != "" || slices.Contains(query.GroupBy, api.GroupEndUser)
	switch {
	case tag && endUser:
		return "", api.FieldErrorf("group_by", "cannot combine tag and end_user: they are counted apart")
	case tag:
		return labelTag, nil
	case endUser:
		return labelEndUser, nil
	default:
		return "", nil
	}
}

func usageArgs(query api.UsageQuery) args {
	values := args{}
	for name, group := range map[string]string{
		"by_team": api.GroupTeam, "by_key": api.GroupKey, "by_user": api.GroupUser, "by_model": api.GroupModel,
	} {
		values[name] = oneIf(slices.Contains(query.GroupBy, group))
	}
	values.givenIDs("team_ids", query.TeamIDs)
	if len(query.ExceptTeamIDs) > 0 {
		values["except_ids"] = query.ExceptTeamIDs
	}
	values.given("key_id", query.KeyID)
	values.given("user_id", query.UserID)
	values.given("model", query.Model)
	if len(query.After) == api.UsageCursorLen {
		for i, name := range []string{"after_0", "after_1", "after_2", "after_3", "after_4", "after_5"} {
			values[name] = query.After[i]
		}
	}
	values.limit(query.Limit)
	return values
}

// labelled are the values of a query that needs a kind of labels.
func (a args) labelled(query api.UsageQuery, kind string) {
	a.given("label", query.Tag+query.EndUser) // only one of them is there
	a["by_label"] = oneIf(slices.Contains(query.GroupBy, kind))
}

// hourQueries sum up hours, by the kind of labels that is needed.
var hourQueries = map[string]string{"": "usage_hour", labelTag: "usage_hour_tag", labelEndUser: "usage_hour_end_user"}

// eachHourSum is EachUsageSum by hour. Hours are summed up from the ledger's rows, so that only few days can be asked for.
func (s *Store) eachHourSum(ctx context.Context, query api.UsageQuery, kind string, each func(api.UsageSum) error) error {
	if err := query.CheckHours(s.now()); err != nil {
		return err
	}
	horizon, err := s.LedgerHorizon(ctx)
	if err != nil {
		return err
	}
	if query.From.Before(horizon) {
		return api.FieldErrorf("start_date", "is before %s, since when the ledger has the calls that hours are summed up from; ask by day", horizon.UTC().Format(time.DateOnly))
	}
	to := query.To
	if to.IsZero() {
		to = s.now().Add(day)
	}
	values := usageArgs(query)
	values["from_ms"], values["to_ms"] = query.From.UnixMilli(), to.UnixMilli()
	values.labelled(query, kind)
	return s.eachBooked(ctx, hourQueries[kind], values, func(scan func(...any) error) error {
		cursor := make(api.UsageCursor, api.UsageCursorLen)
		sum := api.UsageSum{Cursor: cursor}
		err := scan(&cursor[0], &cursor[1], &cursor[2], &cursor[3], &cursor[4], &cursor[5],
			&sum.TotalRequests, &sum.PromptTokens, &sum.CachedTokens, &sum.CompletionTokens, &sum.TotalCost)
		if err != nil {
			return err
		}
		hour, err := strconv.ParseInt(cursor[0], 10, 64)
		if err != nil {
			return fmt.Errorf("read an hour: %w", err)
		}
		begin := time.Unix(hour*3600, 0).UTC()
		sum.PeriodStart, sum.PeriodEnd = begin.Format(time.RFC3339), begin.Add(time.Hour).Format(time.RFC3339)
		sum.TotalTokens = sum.PromptTokens + sum.CompletionTokens
		nameGroups(&sum, query.GroupBy)
		return each(sum)
	})
}

func oneIf(condition bool) int {
	if condition {
		return 1
	}
	return 0
}

// periodDays are the first and the last day of a bucket, as far as the query's bounds let it reach.
func periodDays(query api.UsageQuery, bucket, first, last string) (start, end string) {
	switch query.Period {
	case api.PeriodDay:
		return bucket, bucket
	case api.PeriodMonth:
		if month, err := time.Parse("2006-01", bucket); err == nil {
			start, end = dayOf(month), dayOf(month.AddDate(0, 1, -1))
		}
	default:
		start, end = first, last
		if !query.From.IsZero() {
			start = dayOf(query.From)
		}
		if !query.To.IsZero() {
			end = dayOf(query.To.Add(-day))
		}
		return start, end
	}
	if !query.From.IsZero() {
		start = max(start, dayOf(query.From))
	}
	if !query.To.IsZero() {
		end = min(end, dayOf(query.To.Add(-day)))
	}
	return start, end
}

// nameGroups fills in the fields that the sum is grouped by.
func nameGroups(sum *api.UsageSum, groups []string) {
	for _, group := range groups {
		switch group {
		case api.GroupTeam:
			sum.TeamID = &sum.Cursor[1]
		case api.GroupKey:
			sum.KeyID = &sum.Cursor[2]
		case api.GroupUser:
			sum.UserID = &sum.Cursor[3]
		case api.GroupModel:
			sum.Model = &sum.Cursor[4]
		case api.GroupTag:
			sum.Tag = &sum.Cursor[5]
		case api.GroupEndUser:
			sum.EndUser = &sum.Cursor[5]
		}
	}
}

// Peaks returns the busiest minute since from of each of the teams that had a request.
func (s *Store) Peaks(ctx context.Context, teamIDs []string, from time.Time) (map[string]api.Peak, error) {
	peaks := map[string]api.Peak{}
	err := s.eachBooked(ctx, "ledger_peak", args{"team_ids": teamIDs, "from_ms": from.UnixMilli()}, func(scan func(...any) error) error {
		var team string
		var peak api.Peak
		err := scan(&team, &peak.Requests, &peak.Tokens)
		peaks[team] = peak
		return err
	})
	return peaks, err
}

// Minutes returns what a team, or a key if that is given, was served in each minute since from, oldest first. Minutes
// without a request are left out.
func (s *Store) Minutes(ctx context.Context, teamID, keyID string, from time.Time) ([]api.UsedMinute, error) {
	values := args{"from_ms": from.UnixMilli()}
	values.given("team_id", teamID)
	values.given("key_id", keyID)
	minutes := []api.UsedMinute{}
	err := s.eachBooked(ctx, "ledger_minutes", values, func(scan func(...any) error) error {
		var number int64
		var minute api.UsedMinute
		err := scan(&number, &minute.Requests, &minute.Tokens)
		minute.At = time.Unix(number*60, 0).UTC()
		minutes = append(minutes, minute)
		return err
	})
	return minutes, err
}

// LastDays returns the UTC day, as 2006-01-02, on which each of the keys was served last. Keys without a call are left out.
func (s *Store) LastDays(ctx context.Context, keyIDs []string) (map[string]string, error) {
	days := map[string]string{}
	err := s.eachBooked(ctx, "usage_last_days", args{"key_ids": keyIDs}, func(scan func(...any) error) error {
		var key, last string
		err := scan(&key, &last)
		days[key] = last
		return err
	})
	return days, err
}

// UsageDays returns what each UTC day from from on and before to cost over the selection, by teams, keys and models.
func (s *Store) UsageDays(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (api.UsageDays, error) {
	models, err := s.boundModels(ctx, selection.Models, from, to)
	if err != nil {
		return nil, err
	}
	values := args{"from_day": dayOf(from), "to_day": dayOf(to)}
	values.givenIDs("team_ids", selection.TeamIDs)
	values.givenIDs("key_ids", selection.KeyIDs)
	values.givenIDs("models", models)
	days := api.UsageDays{}
	err = s.eachBooked(ctx, "usage_days", values, func(scan func(...any) error) error {
		var day string
		var cost money.Nano
		err := scan(&day, &cost)
		days[day] = cost
		return err
	})
	return days, err
}

// BringUsage puts what a day has cost at another gateway in place of what it has brought before, with an audit row in the same
// transaction, and returns how much that was. Reports see it beside what the day cost here; budgets do not. What is so
// already, sum by sum, is not written again.
func (s *Store) BringUsage(ctx context.Context, change api.Change, day api.BroughtDay) (before api.BroughtTotal, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		values := args{"origin": day.Origin, "day": day.Day}
		days, err := s.broughtTotals(ctx, values)
		if err != nil {
			return err
		}
		before = api.BroughtTotal{Day: day.Day}
		if len(days) > 0 {
			before = days[0]
		}
		after := day.Total()
		if before == after {
			return nil
		}
		if _, err := s.exec(ctx, "usage_brought_delete", values); err != nil {
			return err
		}
		rows := make([][]any, 0, len(day.Sums))
		for _, sum := range day.Sums {
			rows = append(rows, []any{
				day.Origin, day.Day, sum.TeamID, sum.KeyID, sum.UserID, storable(sum.Model), sum.Requests, sum.PromptTokens, sum.CachedTokens, sum.CompletionTokens, int64(sum.Spend),
			})
		}
		err = inBatches(rows, func(batch [][]any) error {
			_, err := s.exec(ctx, "usage_brought_insert", args{"rows": batch})
			return err
		})
		if err != nil {
			return err
		}
		return t.audit(ctx, change, "usage.bring", day.Origin+"/"+day.Day, before, after)
	})
	return before, err
}

// BroughtDays returns how much each day has brought from another gateway, the oldest first.
func (s *Store) BroughtDays(ctx context.Context, origin string) ([]api.BroughtTotal, error) {
	return s.broughtTotals(ctx, args{"origin": origin})
}

// broughtTotals adds up the sums that were brought, day by day. It holds one sum in memory at a time.
func (s *Store) broughtTotals(ctx context.Context, selected args) ([]api.BroughtTotal, error) {
	days := []api.BroughtTotal{}
	of, tally := "", api.NewBroughtTally("")
	ended := func() {
		if total := tally.Total(); total.Sums > 0 {
			days = append(days, total)
		}
	}
	err := s.eachBooked(ctx, "usage_brought_sums", selected, func(scan func(...any) error) error {
		var day string
		var sum api.BroughtSum
		err := scan(&day, &sum.TeamID, &sum.KeyID, &sum.UserID, &sum.Model, &sum.Requests, &sum.PromptTokens, &sum.CachedTokens, &sum.CompletionTokens, &sum.Spend)
		if err != nil {
			return err
		}
		if day != of {
			ended()
			of, tally = day, api.NewBroughtTally(day)
		}
		tally.Add(sum)
		return nil
	})
	ended()
	return days, err
}
