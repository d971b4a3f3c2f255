package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func usageSums(t testing.TB, s *store.Store, query api.UsageQuery) []api.UsageSum {
	t.Helper()
	sums := []api.UsageSum{}
	if err := s.EachUsageSum(t.Context(), query, func(sum api.UsageSum) error { sums = append(sums, sum); return nil }); err != nil {
		t.Fatal(err)
	}
	return sums
}

func TestEachUsageSum_byTeamIsTheTeamUsageTable(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		october, november := time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		other := newRow("4", november, 11)
		other.TeamID = "t2"
		appendRows(t, s, newRow("1", october, 5), newRow("2", november, 7), newRow("3", november.AddDate(0, 0, 9), 8), other)
		got := []string{}
		for _, sum := range usageSums(t, s, api.UsageQuery{GroupBy: []string{api.GroupTeam}}) {
			got = append(got, fmt.Sprint(*sum.TeamID, " ", sum.PeriodStart, " ", sum.PeriodEnd, " ", int64(sum.TotalCost), " ", sum.TotalTokens, " ", sum.TotalRequests))
			if sum.KeyID != nil || sum.Tag != nil {
				t.Errorf("invented: %+v", sum)
			}
		}
		want := []string{"t1 2026-10-01 2026-10-31 5 110 1", "t1 2026-11-01 2026-11-30 15 220 2", "t2 2026-11-01 2026-11-30 11 110 1"}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for want, query := range map[string]api.UsageQuery{
			"2026-11-01 2026-11-04 7":  {TeamIDs: []string{"t1"}, From: november, To: november.AddDate(0, 0, 4)},
			"2026-10-31 2026-11-10 20": {TeamIDs: []string{"t1"}, Period: api.PeriodTotal},
			"2026-10-31 2026-10-31 5":  {GroupBy: []string{api.GroupDay}, To: november},
			"2026-11-01 2026-11-30 11": {ExceptTeamIDs: []string{"t1"}},
		} {
			sums := usageSums(t, s, query)
			if len(sums) != 1 {
				t.Fatalf("%+v: %+v", query, sums)
			}
			if got := fmt.Sprint(sums[0].PeriodStart, " ", sums[0].PeriodEnd, " ", int64(sums[0].TotalCost)); got != want {
				t.Errorf("%+v: %s, want %s", query, got, want)
			}
		}
	})
}

// TestEachUsageSum_isTheSumOfTheRows compares with the slow way, for every way to group, filter and page.
func TestEachUsageSum_isTheSumOfTheRows(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		var rows []api.LedgerRow
		start := clock.Now().Truncate(24 * time.Hour)
		name := func(prefix string) *rapid.Generator[string] {
			return rapid.SampledFrom([]string{prefix + "1", prefix + "2", prefix + "3"})
		}
		rapid.Check(t, func(t *rapid.T) {
			var batch []api.LedgerRow
			for range rapid.IntRange(0, 8).Draw(t, "rows") {
				row := newRow(fmt.Sprint(len(rows)+len(batch)), start.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "day")).Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour"))*time.Hour+59*time.Minute), money.Nano(rapid.Int64Range(-5, 1000).Draw(t, "cost")))
				row.TeamID, row.KeyID = name("t").Draw(t, "team"), name("k").Draw(t, "key")
				row.UserID, row.Model = name("u").Draw(t, "user"), name("m").Draw(t, "model")
				row.EndUser = rapid.SampledFrom([]string{"", "e1", "e2"}).Draw(t, "end user")
				row.Tags = rapid.SliceOfN(name("g"), 0, 3).Draw(t, "tags")
				batch = append(batch, row)
			}
			if err := s.AppendLedger(background, batch, nil); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, batch...)
			query := api.UsageQuery{
				GroupBy: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"team", "key", "user", "model", "tag", "day", "hour"}), 0, 4, rapid.ID).Draw(t, "group by"),
				Period:  rapid.SampledFrom(api.UsagePeriods).Draw(t, "period"),
				TeamIDs: rapid.SampledFrom([][]string{nil, nil, {}, {"t1", "t2"}}).Draw(t, "teams"),
				Tag:     rapid.SampledFrom([]string{"", "", "g1"}).Draw(t, "tag"),
			}
			if query.Tag == "" && !slices.Contains(query.GroupBy, "tag") {
				query.EndUser = rapid.SampledFrom([]string{"", "e2"}).Draw(t, "end user")
			}
			if rapid.Bool().Draw(t, "from") {
				query.From = start.AddDate(0, 0, 3)
			}
			if query.ByHour() {
				query.From = start.AddDate(0, 0, rapid.IntRange(0, 5).Draw(t, "first"))
				query.To = query.From.AddDate(0, 0, api.MostHourDays)
			}
			got, want := pagedSums(t, s, query), slowSums(rows, query)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v:\n%s", query, diff)
			}
		})
	})
}

// pagedSums reads two sums at a time.
func pagedSums(t *rapid.T, s *store.Store, query api.UsageQuery) []string {
	got := []string{}
	query.Limit = 2
	for {
		n := 0
		err := s.EachUsageSum(background, query, func(sum api.UsageSum) error {
			n++
			query.After = sum.Cursor
			got = append(got, fmt.Sprint(strings.Join(sum.Cursor, "|"), " ", int64(sum.TotalCost), " ", sum.TotalRequests, " ", sum.TotalTokens))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n < 2 {
			return got
		}
	}
}

func slowSums(rows []api.LedgerRow, query api.UsageQuery) []string {
	type total struct{ cost, requests, tokens int64 }
	totals := map[[6]string]*total{}
	letters := map[string]int{"day": 10, "month": 7, "total": 0}[query.Period]
	by := func(group string) bool { return slices.Contains(query.GroupBy, group) }
	if by("day") {
		letters = 10
	}
	for _, row := range rows {
		if query.TeamIDs != nil && !slices.Contains(query.TeamIDs, row.TeamID) || row.AdmittedAt.Before(query.From) ||
			!query.To.IsZero() && !row.AdmittedAt.Before(query.To) {
			continue
		}
		labels := []string{""}
		if by("tag") || query.Tag != "" {
			labels = row.Tags
		}
		if query.EndUser != "" && row.EndUser != query.EndUser {
			continue
		}
		for i, label := range labels {
			if slices.Contains(labels[:i], label) || query.Tag != "" && label != query.Tag {
				continue
			}
			group := [6]string{row.AdmittedAt.Format(time.DateOnly)[:letters]}
			if query.ByHour() {
				group[0] = fmt.Sprint(row.AdmittedAt.Unix() / 3600)
			}
			for at, value := range map[string][2]string{"1": {"team", row.TeamID}, "2": {"key", row.KeyID}, "3": {"user", row.UserID}, "4": {"model", row.Model}, "5": {"tag", label}} {
				if by(value[0]) {
					group[at[0]-'0'] = value[1]
				}
			}
			if totals[group] == nil {
				totals[group] = &total{}
			}
			totals[group].cost += int64(row.Cost)
			totals[group].requests++
			totals[group].tokens += row.TotalTokens()
		}
	}
	want := []string{}
	groups := make([][6]string, 0, len(totals))
	for group := range totals {
		groups = append(groups, group)
	}
	slices.SortFunc(groups, func(a, b [6]string) int { return slices.Compare(a[:], b[:]) })
	for _, group := range groups {
		sum := totals[group]
		want = append(want, fmt.Sprint(strings.Join(group[:], "|"), " ", sum.cost, " ", sum.requests, " ", sum.tokens))
	}
	return want
}

// Hours are of the calls themselves, so of few days, and of days that are there.
func TestEachUsageSum_byHour(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		void := newRow("void", noon, 0)
		void.Kind, void.EndUser = api.LedgerVoid, "anna"
		late := newRow("late", noon.Add(time.Hour-time.Millisecond), 5)
		late.EndUser, late.Tags = "anna", []string{"a", "b", "a"}
		appendRows(t, s, void, newRow("first", noon, 2), late, newRow("next", noon.Add(time.Hour), 7))
		days := api.UsageQuery{From: noon.Truncate(24 * time.Hour), To: noon.Truncate(24*time.Hour).AddDate(0, 0, 1)}
		for want, query := range map[string]api.UsageQuery{
			"2026-11-01T12:00:00Z 2026-11-01T13:00:00Z 7 2, 2026-11-01T13:00:00Z 2026-11-01T14:00:00Z 7 1": {Period: api.PeriodHour},
			"2026-11-01T12:00:00Z 2026-11-01T13:00:00Z 5 1":                                                {GroupBy: []string{api.GroupHour}, EndUser: "anna"},
			"2026-11-01T12:00:00Z 2026-11-01T13:00:00Z 5 1 a, 2026-11-01T12:00:00Z 2026-11-01T13:00:00Z 5 1 b": {
				Period: api.PeriodHour, GroupBy: []string{api.GroupTag},
			},
		} {
			query.From, query.To = days.From, days.To
			got := []string{}
			for _, sum := range usageSums(t, s, query) {
				text := fmt.Sprint(sum.PeriodStart, " ", sum.PeriodEnd, " ", int64(sum.TotalCost), " ", sum.TotalRequests)
				if sum.Tag != nil {
					text += " " + *sum.Tag
				}
				got = append(got, text)
			}
			if got := strings.Join(got, ", "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		for _, wrong := range []api.UsageQuery{
			{Period: api.PeriodHour},
			{GroupBy: []string{api.GroupHour}, To: days.To},
			{Period: api.PeriodHour, From: clock.Now().AddDate(0, 0, -8)},
			{Period: api.PeriodHour, From: days.From, To: days.From.AddDate(0, 0, 8)},
		} {
			wantCode(t, s.EachUsageSum(t.Context(), wrong, nil), api.Invalid)
		}
		horizon := clock.Now().AddDate(0, 0, -40).Truncate(24 * time.Hour)
		if err := s.MoveLedgerHorizon(t.Context(), api.Change{}, horizon); err != nil {
			t.Fatal(err)
		}
		gone := api.UsageQuery{Period: api.PeriodHour, From: horizon.AddDate(0, 0, -1), To: horizon.AddDate(0, 0, 1)}
		wantCode(t, s.EachUsageSum(t.Context(), gone, nil), api.Invalid)
	})
}

func TestEachUsageSum_tagsAndEndUsersAreApart(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, query := range []api.UsageQuery{
			{GroupBy: []string{"tag", "end_user"}}, {GroupBy: []string{"tag"}, EndUser: "e"}, {Tag: "g", EndUser: "e"},
		} {
			wantCode(t, s.EachUsageSum(t.Context(), query, nil), api.Invalid)
		}
	})
}

func TestLedgerPage_goesOnWhereItLeftOff(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		rows := []api.LedgerRow{}
		for i := range 23 {
			row := newRow(fmt.Sprintf("%02d", i), clock.Now().Add(time.Duration(i/4)*time.Millisecond).Truncate(time.Millisecond), money.Nano(i))
			row.EndUser, row.Tags = "anna", []string{"b", "a"}
			rows = append(rows, row)
		}
		appendRows(t, s, rows...)
		filter, got := api.LedgerFilter{TeamID: "t1", Limit: 5}, []api.LedgerRow{}
		for {
			page := must(s.LedgerPage(t.Context(), filter))(t)
			for _, entry := range page {
				got = append(got, entry.LedgerRow)
			}
			if len(page) < 5 {
				break
			}
			filter.After = page[4].Cursor()
			appendRows(t, s, newRow(fmt.Sprint("new", len(got)), clock.Now().Add(time.Hour), 1)) // newer ones come first and are not seen
		}
		slices.SortFunc(rows, func(a, b api.LedgerRow) int {
			return cmp.Or(b.AdmittedAt.Compare(a.AdmittedAt), cmp.Compare(b.ID, a.ID))
		})
		if diff := gocmp.Diff(rows, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPeaks_busiestMinuteOfEachTeam(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		minute := clock.Now().Truncate(time.Minute)
		for i, at := range []time.Time{minute, minute.Add(59 * time.Second), minute.Add(60 * time.Second), minute.Add(-2 * time.Hour)} {
			appendRows(t, s, newRow(fmt.Sprint(i), at, 1))
		}
		void := newRow("void", minute, 0)
		void.Kind = api.LedgerVoid
		heavy := newRow("heavy", minute.Add(3*time.Minute), 1)
		heavy.PromptTokens = 1000
		appendRows(t, s, void, heavy)
		got := must(s.Peaks(t.Context(), []string{"t1", "t2"}, minute.Add(-time.Hour)))(t)
		if diff := gocmp.Diff(map[string]api.Peak{"t1": {Requests: 2, Tokens: 1010}}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLedger_hasTheSameIndexesOnBothDatabases(t *testing.T) {
	queries := map[string]string{
		store.SQLite:   "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ledger' AND name NOT LIKE 'sqlite_%' ORDER BY name",
		store.Postgres: "SELECT indexname FROM pg_indexes WHERE tablename = 'ledger' AND schemaname = current_schema() AND indexname NOT IN ('ledger_pkey', 'ledger_seq') ORDER BY 1",
	}
	found := map[string]string{}
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		rows, err := s.WriterForTest().Query(queries[s.Kind()])
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			found[s.Kind()] += name + " "
		}
	})
	if found[store.SQLite] != found[store.Postgres] || found[store.SQLite] == "" {
		t.Errorf("SQLite has %s, PostgreSQL has %s", found[store.SQLite], found[store.Postgres])
	}
}
