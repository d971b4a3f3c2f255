package quota

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const secondsPerDay = 24 * 60 * 60

// Calendar says how a budget cuts time into periods. A nil span never ends.
//
// Periods follow the calendar of the zone: days start at midnight, weeks on Monday, "30d" and months on
// ResetDay (1 to 28) with blocks of months that divide a year counted from January, hours and less within
// the day when they divide it. Everything else, such as "14d", "90d" or "5mo", is cut in equal blocks from
// where it began, see Made.
type Calendar struct {
	Span     *api.Span
	ResetDay int
	Zone     *time.Location
	// Made is when the budget came to be: odd blocks start with its day, month or hour, so that the first one
	// is a whole one. The zero time starts them all on Monday, 5 January 1970, as budgets of earlier releases do.
	Made time.Time
}

// At returns the period that t lies in.
func (c Calendar) At(t time.Time) Period {
	if c.Span == nil {
		return Period{}
	}
	t = t.In(c.Zone)
	switch c.Span.Unit {
	case api.Year:
		return c.months(12*c.Span.Count, t)
	case api.Month:
		return c.months(c.Span.Count, t)
	case api.Week:
		return c.days(7*c.Span.Count, t)
	case api.Day:
		if c.Span.Count == 30 {
			return c.months(1, t)
		}
		return c.days(c.Span.Count, t)
	default:
		return c.clock(int(c.Span.Approximate()/time.Second), t)
	}
}

// Around returns the period before the one that t lies in, that one, and the one after, for [Budget.Periods].
// A span that never ends has one period.
func (c Calendar) Around(t time.Time) []Period {
	current := c.At(t)
	if c.Span == nil {
		return []Period{current}
	}
	return []Period{c.At(current.Start.Add(-1)), current, c.At(current.End)}
}

// Contains says whether t lies in the period: its start does, its end does not.
func (p Period) Contains(t time.Time) bool {
	return !t.Before(p.Start) && (p.End.IsZero() || t.Before(p.End))
}

func (c Calendar) months(months int, t time.Time) Period {
	resetDay := min(max(c.ResetDay, 1), 28)
	from := 0
	if 12%months != 0 && !c.Made.IsZero() {
		from = monthIndex(resetDay, c.Made.In(c.Zone))
	}
	first := from + floorDiv(monthIndex(resetDay, t)-from, months)*months
	return Period{Start: monthStart(first, resetDay, c.Zone), End: monthStart(first+months, resetDay, c.Zone)}
}

// monthIndex counts months from January 1970, each from its reset day on.
func monthIndex(resetDay int, t time.Time) int {
	year, month, _ := t.Date()
	index := (year-1970)*12 + int(month) - 1
	if t.Before(monthStart(index, resetDay, t.Location())) {
		index--
	}
	return index
}

// monthStart counts months from January 1970.
func monthStart(index, resetDay int, loc *time.Location) time.Time {
	return wallTime(civilTime{year: 1970, month: time.Month(1 + index), day: resetDay}, loc)
}

// days cuts calendar days, not 24 hours: a day with a clock change has 23 or 25.
func (c Calendar) days(days int, t time.Time) Period {
	from := 0
	if days != 1 && days != 7 && !c.Made.IsZero() {
		from = dayIndex(c.Made.In(c.Zone))
	}
	first := from + floorDiv(dayIndex(t)-from, days)*days
	return Period{Start: dayStart(first, c.Zone), End: dayStart(first+days, c.Zone)}
}

// dayIndex counts local calendar days from Monday, 5 January 1970.
func dayIndex(t time.Time) int {
	year, month, day := t.Date()
	return floorDiv(int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()), secondsPerDay) - 4
}

func dayStart(index int, loc *time.Location) time.Time {
	return wallTime(civilTime{year: 1970, month: time.January, day: 5 + index}, loc)
}

func (c Calendar) clock(seconds int, t time.Time) Period {
	if seconds%secondsPerDay == 0 {
		return c.days(seconds/secondsPerDay, t)
	}
	day := dayIndex(t)
	if 3600%seconds == 0 {
		return elapsedPeriod(seconds, dayStart(day, c.Zone), dayStart(day+1, c.Zone), t)
	}
	if secondsPerDay%seconds == 0 {
		return wallPeriod(seconds, t)
	}
	return elapsedPeriod(seconds, c.began(seconds), time.Time{}, t)
}

// began is where odd pieces of a day start: with the hour in which the budget was made, or the minute for odd seconds.
func (c Calendar) began(seconds int) time.Time {
	if c.Made.IsZero() {
		return dayStart(0, c.Zone)
	}
	unit := 3600
	if seconds%60 != 0 {
		unit = 60
	}
	made := c.Made.In(c.Zone)
	return elapsedPeriod(unit, dayStart(dayIndex(made), c.Zone), time.Time{}, made).Start
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
