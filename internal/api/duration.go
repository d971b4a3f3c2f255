package api

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Unit is the unit of a [Span].
type Unit string

// Units of spans. Seconds to weeks have a fixed length, months and years follow the calendar.
const (
	Second Unit = "s"
	Minute Unit = "m"
	Hour   Unit = "h"
	Day    Unit = "d"
	Week   Unit = "w"
	Month  Unit = "mo"
	Year   Unit = "y"
)

// Span is a duration as people write it: a count and a unit.
type Span struct {
	Count int
	Unit  Unit
}

var (
	spanPattern = regexp.MustCompile(`^([0-9]{1,6})([a-z]+)$`)
	unitNames   = map[string]Unit{
		"s": Second, "sec": Second, "m": Minute, "min": Minute, "h": Hour, "hr": Hour,
		"d": Day, "w": Week, "mo": Month, "y": Year,
	}
	lengths = map[Unit]time.Duration{
		Second: time.Second, Minute: time.Minute, Hour: time.Hour, Day: 24 * time.Hour,
		Week: 7 * 24 * time.Hour, Month: 30 * 24 * time.Hour, Year: 365 * 24 * time.Hour,
	}
)

const hundredYears = 100 * 365 * 24 * time.Hour

// Monthly says whether periods of this length begin on a day of the month, as "30d", months and years do.
func (s Span) Monthly() bool {
	return s.Unit == Month || s.Unit == Year || s.Unit == Day && s.Count == 30
}

// ParseSpan reads a duration such as "30s", "12h", "7d", "1w", "3mo" or "1y".
// The longer unit names "sec", "min" and "hr" of LiteLLM's documentation are read too.
func ParseSpan(text string) (Span, error) {
	match := spanPattern.FindStringSubmatch(text)
	if match == nil {
		return Span{}, spanError(text)
	}
	unit, known := unitNames[match[2]]
	count, err := strconv.Atoi(match[1])
	if !known || err != nil || count == 0 {
		return Span{}, spanError(text)
	}
	if time.Duration(count) > hundredYears/lengths[unit] {
		return Span{}, fmt.Errorf("%q is longer than a hundred years", text)
	}
	return Span{Count: count, Unit: unit}, nil
}

func spanError(text string) error {
	return fmt.Errorf("%q is not a duration: write a number and a unit without a space, such as 30s, 12h, 7d, 30d, 1mo, 3mo or 1y", text)
}

// AddTo returns the moment one span after t, months and years by the calendar of t's zone.
// A day that the target month does not have becomes its last day.
func (s Span) AddTo(t time.Time) time.Time {
	switch s.Unit {
	case Month:
		return addMonths(t, s.Count)
	case Year:
		return addMonths(t, 12*s.Count)
	case Day:
		return t.AddDate(0, 0, s.Count)
	case Week:
		return t.AddDate(0, 0, 7*s.Count)
	default:
		return t.Add(s.Approximate())
	}
}

func addMonths(t time.Time, months int) time.Time {
	moved := t.AddDate(0, months, 0)
	if moved.Day() != t.Day() {
		return moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// Approximate returns the span's length, with months of 30 and years of 365 days.
func (s Span) Approximate() time.Duration {
	return time.Duration(s.Count) * lengths[s.Unit]
}

// Longest returns the length that the span has where its months are longest.
func (s Span) Longest() time.Duration {
	months := s.Count
	switch s.Unit {
	case Month:
	case Year:
		months *= 12
	default:
		return s.Approximate()
	}
	longest := time.Duration(0)
	for month := range 8 * 12 { // 2000 is a leap year, and 2004
		start := time.Date(1997, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		longest = max(longest, addMonths(start, months).Sub(start))
	}
	return longest
}

// Examples of what is read as a time and as a day, for whoever wrote something else.
const (
	momentExample = "2026-11-29T12:00:00Z"
	dayExample    = "2026-11-30"
)

// NotAMoment says of a field that what was given is no time, and what one looks like.
func NotAMoment(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is no time; write one with its time zone, such as %s", repeated(given), momentExample)
}

// NotADay says of a field that what was given is no day, and what one looks like.
func NotADay(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is no day; write a UTC day such as %s", repeated(given), dayExample)
}

// NeitherDayNorMoment says of a field that what was given is neither a day nor a time, and what they look like.
func NeitherDayNorMoment(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is neither a day nor a time; write a UTC day such as %s, or a time such as %s",
		repeated(given), dayExample, momentExample)
}

// mostShown is how much is repeated of what was given.
const mostShown = 40

// repeated is what was given, as a text in quotes and cut when it is long.
func repeated(given string) string {
	given = strings.Trim(given, `"`)
	if letters := []rune(given); len(letters) > mostShown {
		given = string(letters[:mostShown]) + "…"
	}
	return fmt.Sprintf("%q", given)
}

// isMoment says whether fields of the type hold a time.
func isMoment(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == reflect.TypeFor[time.Time]()
}
