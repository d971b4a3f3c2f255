package quota

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const secondsPerDay = 24 * 60 * 60

// PeriodAt returns the budget period that t lies in, in the time zone loc. A nil span never ends.
//
// Periods are aligned to the calendar: days start at midnight, weeks on Monday, "30d" and months on
// resetDay (1 to 28) with blocks of months counted from January, hours and less within the day
// when they divide it. Everything else is cut in equal blocks from Monday, 5 January 1970.
func PeriodAt(span *api.Span, resetDay int, loc *time.Location, t time.Time) Period {
	if span == nil {
		return Period{}
	}
	t = t.In(loc)
	switch span.Unit {
	case api.Year:
		return monthPeriod(12*span.Count, resetDay, t)
	case api.Month:
		return monthPeriod(span.Count, resetDay, t)
	case api.Week:
		return dayPeriod(7*span.Count, t)
	case api.Day:
		if span.Count == 30 {
			return monthPeriod(1, resetDay, t)
		}
		return dayPeriod(span.Count, t)
	default:
		return clockPeriod(int(span.Approximate()/time.Second), t)
	}
}

// PeriodsAround returns the period before the one that t lies in, that one, and the one after,
// for [Budget.Periods]. A span that never ends has one period.
func PeriodsAround(span *api.Span, resetDay int, loc *time.Location, t time.Time) []Period {
	current := PeriodAt(span, resetDay, loc, t)
	if span == nil {
		return []Period{current}
	}
	return []Period{
		PeriodAt(span, resetDay, loc, current.Start.Add(-1)),
		current,
		PeriodAt(span, resetDay, loc, current.End),
	}
}

// Contains says whether t lies in the period: its start does, its end does not.
func (p Period) Contains(t time.Time) bool {
	return !t.Before(p.Start) && (p.End.IsZero() || t.Before(p.End))
}

func monthPeriod(months, resetDay int, t time.Time) Period {
	resetDay = min(max(resetDay, 1), 28)
	year, month, _ := t.Date()
	index := (year-1970)*12 + int(month) - 1
	if t.Before(monthStart(index, resetDay, t.Location())) {
		index--
	}
	first := floorDiv(index, months) * months
	return Period{
		Start: monthStart(first, resetDay, t.Location()),
		End:   monthStart(first+months, resetDay, t.Location()),
	}
}

// monthStart counts months from January 1970.
func monthStart(index, resetDay int, loc *time.Location) time.Time {
	return wallTime(civilTime{year: 1970, month: time.Month(1 + index), day: resetDay}, loc)
}

// dayPeriod cuts calendar days, not 24 hours: a day with a clock change has 23 or 25.
func dayPeriod(days int, t time.Time) Period {
	first := floorDiv(dayIndex(t), days) * days
	return Period{Start: dayStart(first, t.Location()), End: dayStart(first+days, t.Location())}
}

// dayIndex counts local calendar days from Monday, 5 January 1970.
func dayIndex(t time.Time) int {
	year, month, day := t.Date()
	return floorDiv(int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()), secondsPerDay) - 4
}

func dayStart(index int, loc *time.Location) time.Time {
	return wallTime(civilTime{year: 1970, month: time.January, day: 5 + index}, loc)
}

func clockPeriod(seconds int, t time.Time) Period {
	if seconds%secondsPerDay == 0 {
		return dayPeriod(seconds/secondsPerDay, t)
	}
	day := dayPeriod(1, t)
	if 3600%seconds == 0 {
		return elapsedPeriod(seconds, day.Start, day.End, t)
	}
	if secondsPerDay%seconds == 0 {
		return wallPeriod(seconds, t)
	}
	return elapsedPeriod(seconds, dayStart(0, t.Location()), time.Time{}, t)
}

// elapsedPeriod cuts real time in equal pieces from a start; an end cuts the last one short.
func elapsedPeriod(seconds int, from, end, t time.Time) Period {
	block := floorDiv(int(t.Unix()-from.Unix()), seconds)
	start := from.Add(time.Duration(block*seconds) * time.Second)
	period := Period{Start: start, End: start.Add(time.Duration(seconds) * time.Second)}
	if !end.IsZero() && period.End.After(end) {
		period.End = end
	}
	return period
}

// wallPeriod cuts the day by what a clock on the wall shows, so that "12h" always changes at noon.
// Around a clock change a piece is longer, shorter or missing.
func wallPeriod(seconds int, t time.Time) Period {
	year, month, day := t.Date()
	boundary := func(block int) time.Time {
		return wallTime(civilTime{year: year, month: month, day: day, second: block * seconds}, t.Location())
	}
	block := 0
	for !boundary(block + 1).After(t) {
		block++
	}
	return Period{Start: boundary(block), End: boundary(block + 1)}
}

// civilTime is a date and a time of day without a zone; fields may overflow as in [time.Date].
type civilTime struct {
	year   int
	month  time.Month
	day    int
	second int
}

// wallTime returns the first moment at which clocks in loc show the wanted time or a later one.
// That is one moment even where a clock change skips or repeats the wanted time.
func wallTime(wanted civilTime, loc *time.Location) time.Time {
	t := time.Date(wanted.year, wanted.month, wanted.day, 0, 0, wanted.second, 0, loc)
	shown := wallSeconds(t)
	want := time.Date(wanted.year, wanted.month, wanted.day, 0, 0, wanted.second, 0, time.UTC).Unix()
	zoneStart, zoneEnd := t.ZoneBounds()
	switch {
	case shown < want:
		return zoneEnd
	case shown > want:
		return zoneStart
	case zoneStart.IsZero():
		return t
	}
	_, offset := t.Zone()
	_, before := zoneStart.Add(-time.Second).Zone()
	earlier := t.Add(time.Duration(offset-before) * time.Second)
	if earlier.Before(zoneStart) && wallSeconds(earlier) == want {
		return earlier
	}
	return t
}

// wallSeconds is what the clock shows, counted as if it were UTC.
func wallSeconds(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

func floorDiv(a, b int) int {
	quotient := a / b
	if a%b < 0 {
		quotient--
	}
	return quotient
}
