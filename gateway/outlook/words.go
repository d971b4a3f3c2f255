package outlook

import (
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
)

// InWords says what is foreseen of a budget, with or without a cap, in one sentence without an end.
func InWords(f forecast.Forecast, capped bool) string {
	if f.Over {
		return "the cap is reached"
	}
	if f.Silence != "" {
		return silences[f.Silence]
	}
	costs := fmt.Sprintf("the period is likely to cost %s, between %s and %s", f.End.Likely.Dollars(), f.End.Low.Dollars(), f.End.High.Dollars())
	switch {
	case !capped:
		return costs
	case f.Early.IsZero():
		return "the cap holds: " + costs
	case f.Likely.IsZero():
		return fmt.Sprintf("the cap is likely to hold, and falls on %s with days as dear as the dearest", long(f.Early))
	case f.Late.IsZero():
		return fmt.Sprintf("the cap is likely to fall on %s, on %s at the earliest, and holds with days as cheap as the cheapest", long(f.Likely), long(f.Early))
	case sameDay(f.Early, f.Late):
		return "the cap falls on " + long(f.Likely)
	default:
		return fmt.Sprintf("the cap falls on %s, %s", long(f.Likely), between(f.Early, f.Late))
	}
}

var silences = map[forecast.Silence]string{
	forecast.PeriodTooShort:   "no forecast: the period is shorter than seven days",
	forecast.PeriodWithoutEnd: "no forecast: the budget never starts anew",
	forecast.TooEarly:         "no forecast yet: three days and a fifth of the period have to pass first",
	forecast.TooFewDays:       "no forecast yet: fewer than three days are known",
}

// long is a day for people, in UTC.
func long(at time.Time) string { return at.UTC().Format("Monday 2 January") }

// between are the ends of a range, by their weekdays where these say which day is meant.
func between(early, late time.Time) string {
	if late.UTC().Truncate(forecast.Day).Sub(early.UTC().Truncate(forecast.Day)) < 7*forecast.Day {
		return fmt.Sprintf("between %s and %s", early.UTC().Format("Monday"), late.UTC().Format("Monday"))
	}
	return fmt.Sprintf("between %s and %s", long(early), long(late))
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Truncate(forecast.Day).Equal(b.UTC().Truncate(forecast.Day))
}
