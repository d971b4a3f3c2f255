package forecast

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Line is where a day begins to be out of line: above both.
type Line struct {
	Amount money.Nano
	// Percent is of the median of the same weekday.
	Percent int64
}

const (
	weekdays = 4
	// fewestWeekdays is how many days with the same name are compared with at least.
	fewestWeekdays = 2
)

// SameWeekday are what the days cost that had today's name in the four weeks before, as far as the history goes, the
// last one first.
func (h History) SameWeekday() []money.Nano {
	var days []money.Nano
	for back := week; back <= len(h) && back <= weekdays*week; back += week {
		days = append(days, h[len(h)-back])
	}
	return days
}

// Anomalous says whether a day that has cost so much is out of line with those of the same name, and the median of these.
func Anomalous(today money.Nano, same []money.Nano, line Line) (median money.Nano, anomalous bool) {
	if len(same) < fewestWeekdays {
		return 0, false
	}
	median = Median(same)
	return median, today > line.Amount && float64(today)*100 > float64(median)*float64(line.Percent)
}

// Median is the one in the middle, of an even number the mean of the two; 0 of none.
func Median(values []money.Nano) money.Nano {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	upper := sorted[len(sorted)/2]
	if len(sorted)%2 == 1 {
		return upper
	}
	lower := sorted[len(sorted)/2-1]
	return lower + (upper-lower)/2
}
