package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// day is the length of a UTC day; there are no others.
const day = 24 * time.Hour

// Days before and after all others, for sums without a bound.
const (
	firstDay = "0000-01-01"
	lastDay  = "9999-12-31"
)

// spendArgs splits the time from from to to into whole UTC days and the hours before and after them.
// A zero time does not bound.
func spendArgs(from, to time.Time) args {
	values := args{
		"from_day": firstDay, "from_ms": int64(math.MinInt64), "days_from_ms": int64(math.MinInt64),
		"to_day": lastDay, "to_ms": int64(math.MaxInt64), "days_to_ms": int64(math.MaxInt64),
	}
	var start, end time.Time
	if !from.IsZero() {
		if start = from.UTC().Truncate(day); start.Before(from) {
			start = start.Add(day)
		}
		values["from_day"], values["from_ms"], values["days_from_ms"] = dayOf(start), from.UnixMilli(), start.UnixMilli()
	}
	if !to.IsZero() {
		end = to.UTC().Truncate(day)
		values["to_day"], values["days_to_ms"], values["to_ms"] = dayOf(end), end.UnixMilli(), to.UnixMilli()
	}
	if !from.IsZero() && !to.IsZero() && end.Before(start) { // both within one day
		values["days_from_ms"], values["days_to_ms"] = to.UnixMilli(), to.UnixMilli()
	}
	return values
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// addUsage adds rows to the sums of their days.
func (s *Store) addUsage(ctx context.Context, rows []api.LedgerRow) error {
	values := [][]any{}
	for _, sum := range sumUp(rows, everyRow) {
		values = append(values, append([]any{sum.Day}, sum.values()...))
	}
	err := inBatches(values, func(batch [][]any) error {
		_, err := s.exec(ctx, "usage_add", args{"rows": batch})
		return err
	})
	if err != nil {
		return err
	}
	values = [][]any{}
	for _, sum := range sumUp(rows, labels) {
		values = append(values, append([]any{sum.Day, sum.kind, sum.label}, sum.values()...))
	}
	return inBatches(values, func(batch [][]any) error {
		_, err := s.exec(ctx, "usage_label_add", args{"rows": batch})
		return err
	})
}

// labelled is a sum that counts the rows with one label; daily sums have none.
type labelled struct {
	api.Usage
	kind  string
	label string
}

func (l *labelled) values() []any {
	return []any{
		l.TeamID, l.KeyID, l.UserID, l.Model, l.Requests, l.PromptTokens, l.CachedTokens, l.CompletionTokens, int64(l.Cost),
	}
}

// everyRow counts each row once.
func everyRow(*api.LedgerRow) []labelled { return once }

var once = []labelled{{}}

// labels counts a row under each tag and under its end user, once.
func labels(row *api.LedgerRow) []labelled {
	var all []labelled
	for _, tag := range distinct(row.Tags) {
		all = append(all, labelled{kind: labelTag, label: tag})
	}
	if row.EndUser != "" {
		all = append(all, labelled{kind: labelEndUser, label: row.EndUser})
	}
	return all
}

// sumUp returns one sum for each day, key and so on that under puts a row under, in an order that is
// the same on all gateways, so that they wait for each other in no circle.
func sumUp(rows []api.LedgerRow, under func(*api.LedgerRow) []labelled) []*labelled {
	sums := map[labelled]*labelled{}
	for i := range rows {
		row := &rows[i]
		for _, of := range under(row) {
			of.Usage = api.Usage{
				Day: dayOf(row.AdmittedAt), TeamID: row.TeamID, KeyID: row.KeyID, UserID: row.UserID, Model: row.Model,
			}
			sum := sums[of]
			if sum == nil {
				sum = &labelled{Usage: of.Usage, kind: of.kind, label: of.label}
				sums[of] = sum
			}
			addRow(&sum.Usage, row)
		}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b *labelled) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.kind, b.kind), cmp.Compare(a.label, b.label),
			cmp.Compare(a.TeamID, b.TeamID), cmp.Compare(a.KeyID, b.KeyID),
			cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.Model, b.Model))
	})
}

func addRow(sum *api.Usage, row *api.LedgerRow) {
	if row.Kind == api.LedgerSettle || row.Kind == api.LedgerEstimate {
		sum.Requests++
	}
	sum.PromptTokens += row.PromptTokens
	sum.CachedTokens += row.CachedTokens
	sum.CompletionTokens += row.CompletionTokens
	sum.Cost += row.Cost
}

// Usage returns the daily sums that the filter selects, oldest day first, and how many there are
// without the filter's limit and offset.
func (s *Store) Usage(ctx context.Context, filter api.UsageFilter) (usage []api.Usage, total int, err error) {
	values := args{}
	values.given("team_id", filter.TeamID)
	values.given("key_id", filter.KeyID)
	values.given("user_id", filter.UserID)
	values.given("model", filter.Model)
	if !filter.From.IsZero() {
		values["from_day"] = dayOf(filter.From)
	}
	if !filter.To.IsZero() {
		values["to_day"] = dayOf(filter.To)
	}
	if _, err = s.oneBooked(ctx, "usage_count", values, &total); err != nil {
		return nil, 0, err
	}
	boundArgs(values, filter.Limit, filter.Offset)
	usage = []api.Usage{}
	err = s.eachBooked(ctx, "usage_list", values, func(scan func(...any) error) error {
		var u api.Usage
		err := scan(&u.Day, &u.TeamID, &u.KeyID, &u.UserID, &u.Model,
			&u.Requests, &u.PromptTokens, &u.CachedTokens, &u.CompletionTokens, &u.Cost)
		usage = append(usage, u)
		return err
	})
	return usage, total, err
}
