package quota_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestCalendar(t *testing.T) {
	// 18 November 2026 is a Wednesday; the first two columns of times are UTC.
	now := "2026-11-18T10:20:30Z"
	for _, test := range []struct {
		span       string
		resetDay   int
		zone       string
		at         string
		start, end string
	}{
		{"1d", 1, "UTC", now, "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"},
		{"24h", 1, "UTC", now, "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"},
		{"7d", 1, "UTC", now, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"1w", 1, "UTC", now, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"2w", 1, "UTC", now, "2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"14d", 1, "UTC", now, "2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"30d", 1, "UTC", now, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{"30d", 20, "UTC", now, "2026-10-20T00:00:00Z", "2026-11-20T00:00:00Z"},
		{"1mo", 15, "UTC", now, "2026-11-15T00:00:00Z", "2026-12-15T00:00:00Z"},
		{"2mo", 1, "UTC", now, "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"3mo", 1, "UTC", now, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"3mo", 15, "UTC", "2026-10-14T23:59:59Z", "2026-07-15T00:00:00Z", "2026-10-15T00:00:00Z"},
		{"1y", 10, "UTC", "2026-01-09T00:00:00Z", "2025-01-10T00:00:00Z", "2026-01-10T00:00:00Z"},
		{"1s", 1, "UTC", now, "2026-11-18T10:20:30Z", "2026-11-18T10:20:31Z"},
		{"30s", 1, "UTC", now, "2026-11-18T10:20:30Z", "2026-11-18T10:21:00Z"},
		{"30m", 1, "UTC", now, "2026-11-18T10:00:00Z", "2026-11-18T10:30:00Z"},
		{"90m", 1, "UTC", now, "2026-11-18T09:00:00Z", "2026-11-18T10:30:00Z"},
		{"1h", 1, "UTC", now, "2026-11-18T10:00:00Z", "2026-11-18T11:00:00Z"},
		{"12h", 1, "UTC", now, "2026-11-18T00:00:00Z", "2026-11-18T12:00:00Z"},
		// 18 November is day 20771 after Monday, 5 January 1970, the second of its pair.
		{"2d", 1, "UTC", now, "2026-11-17T00:00:00Z", "2026-11-19T00:00:00Z"},
		{"48h", 1, "UTC", now, "2026-11-17T00:00:00Z", "2026-11-19T00:00:00Z"},
		// Berlin: midnight is 23:00 UTC in winter, 22:00 in summer; days of 23 and 25 hours.
		{"1d", 1, "Europe/Berlin", "2026-11-18T23:30:00Z", "2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z"},
		{"1d", 1, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"1d", 1, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"1mo", 1, "Europe/Berlin", "2026-03-31T22:30:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"},
		{"12h", 1, "Europe/Berlin", "2026-10-25T05:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T11:00:00Z"},
		// The hour that is shown twice is two hours.
		{"1h", 1, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		{"1h", 1, "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		// 02:00 is skipped: the two-hour piece starts when the clock jumps.
		{"2h", 1, "Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		// São Paulo skipped midnight itself in 2018; Havana shows it twice.
		{"1d", 1, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"1d", 1, "America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
	} {
		t.Run(test.span+" "+test.zone+" "+test.at, func(t *testing.T) {
			got := quota.Calendar{Span: span(t, test.span), ResetDay: test.resetDay, Zone: zone(t, test.zone)}.At(moment(t, test.at))
			if !got.Start.Equal(moment(t, test.start)) || !got.End.Equal(moment(t, test.end)) {
				t.Errorf("got %s to %s, want %s to %s", got.Start.UTC(), got.End.UTC(), test.start, test.end)
			}
		})
	}
}

// Durations that no calendar has start with the day, month or hour in which their budget was made.
func TestCalendar_oddDurationsStartWhenTheBudgetWasMade(t *testing.T) {
	made := "2026-11-18T10:20:30Z"
	for _, test := range []struct {
		span       string
		zone       string
		at         string
		start, end string
	}{
		{"2d", "UTC", made, "2026-11-18T00:00:00Z", "2026-11-20T00:00:00Z"},
		{"48h", "UTC", made, "2026-11-18T00:00:00Z", "2026-11-20T00:00:00Z"},
		{"14d", "UTC", made, "2026-11-18T00:00:00Z", "2026-12-02T00:00:00Z"},
		{"2w", "UTC", made, "2026-11-18T00:00:00Z", "2026-12-02T00:00:00Z"},
		{"28d", "UTC", made, "2026-11-18T00:00:00Z", "2026-12-16T00:00:00Z"},
		{"31d", "UTC", made, "2026-11-18T00:00:00Z", "2026-12-19T00:00:00Z"},
		{"90d", "UTC", made, "2026-11-18T00:00:00Z", "2027-02-16T00:00:00Z"},
		{"365d", "UTC", made, "2026-11-18T00:00:00Z", "2027-11-18T00:00:00Z"},
		{"5mo", "UTC", made, "2026-11-01T00:00:00Z", "2027-04-01T00:00:00Z"},
		{"2y", "UTC", made, "2026-11-01T00:00:00Z", "2028-11-01T00:00:00Z"},
		{"5h", "UTC", made, "2026-11-18T10:00:00Z", "2026-11-18T15:00:00Z"},
		{"36h", "UTC", made, "2026-11-18T10:00:00Z", "2026-11-19T22:00:00Z"},
		{"7m", "UTC", made, "2026-11-18T10:14:00Z", "2026-11-18T10:21:00Z"},
		{"50s", "UTC", made, "2026-11-18T10:20:00Z", "2026-11-18T10:20:50Z"},
		// What the calendar has stays its own.
		{"1d", "UTC", made, "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"},
		{"7d", "UTC", made, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"1w", "UTC", made, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"30d", "UTC", made, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{"3mo", "UTC", made, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"1y", "UTC", made, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"12h", "UTC", made, "2026-11-18T00:00:00Z", "2026-11-18T12:00:00Z"},
		{"90m", "UTC", made, "2026-11-18T09:00:00Z", "2026-11-18T10:30:00Z"},
		// Later periods follow without a gap, and there were some before.
		{"90d", "UTC", "2027-05-20T12:00:00Z", "2027-05-17T00:00:00Z", "2027-08-15T00:00:00Z"},
		{"90d", "UTC", "2026-11-17T23:59:59Z", "2026-08-20T00:00:00Z", "2026-11-18T00:00:00Z"},
		// It was already the 19th in Tokyo only from 15:00 UTC on; Berlin's clocks change in between.
		{"14d", "Asia/Tokyo", made, "2026-11-17T15:00:00Z", "2026-12-01T15:00:00Z"},
		{"365d", "Europe/Berlin", "2027-06-01T00:00:00Z", "2026-11-17T23:00:00Z", "2027-11-17T23:00:00Z"},
	} {
		t.Run(test.span+" "+test.zone+" "+test.at, func(t *testing.T) {
			calendar := quota.Calendar{Span: span(t, test.span), ResetDay: 1, Zone: zone(t, test.zone), Made: moment(t, made)}
			got := calendar.At(moment(t, test.at))
			if !got.Start.Equal(moment(t, test.start)) || !got.End.Equal(moment(t, test.end)) {
				t.Errorf("got %s to %s, want %s to %s", got.Start.UTC(), got.End.UTC(), test.start, test.end)
			}
		})
	}
}

func TestCalendar_never(t *testing.T) {
	never := quota.Calendar{ResetDay: 1, Zone: time.UTC}
	got := never.At(time.Now())
	if got != (quota.Period{}) || !got.Contains(time.Now()) {
		t.Errorf("a budget without a duration has the period %+v", got)
	}
	if around := never.Around(time.Now()); len(around) != 1 {
		t.Errorf("periods around now: %+v, want the one that never ends", around)
	}
}

func TestCalendar_tilesTheTimeLine(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "Asia/Beirut",
	}
	units := []api.Unit{api.Second, api.Minute, api.Hour, api.Day, api.Week, api.Month, api.Year}
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(zones).Draw(rt, "zone"))
		span := &api.Span{
			Count: rapid.IntRange(1, 100).Draw(rt, "count"),
			Unit:  rapid.SampledFrom(units).Draw(rt, "unit"),
		}
		resetDay := rapid.IntRange(1, 28).Draw(rt, "reset day")
		at := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(rt, "at"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanos"))

		calendar := quota.Calendar{Span: span, ResetDay: resetDay, Zone: loc}
		if rapid.Bool().Draw(rt, "anchored") {
			calendar.Made = time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(rt, "made"), 0)
		}
		around := calendar.Around(at)
		before, current, after := around[0], around[1], around[2]
		if !current.Contains(at) || !current.Start.Before(current.End) {
			rt.Fatalf("%s is not in its period %s to %s", at.In(loc), current.Start, current.End)
		}
		if !before.End.Equal(current.Start) || !after.Start.Equal(current.End) {
			rt.Fatalf("gap or overlap: %s to %s, %s to %s, %s to %s", before.Start, before.End, current.Start, current.End, after.Start, after.End)
		}
		inside := current.Start.Add(time.Duration(rapid.Int64Range(0, int64(current.End.Sub(current.Start))-1).Draw(rt, "inside")))
		if same := calendar.At(inside); !same.Start.Equal(current.Start) || !same.End.Equal(current.End) {
			rt.Fatalf("%s and %s are in one period, but get %+v and %+v", at, inside, current, same)
		}
	})
}

func span(t *testing.T, text string) *api.Span {
	t.Helper()
	parsed, err := api.ParseSpan(text)
	if err != nil {
		t.Fatal(err)
	}
	return &parsed
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
