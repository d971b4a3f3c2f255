package console

import (
	"slices"
	"testing"
	"time"
)

// What is over stands first, then what the forecast sees fall first, whatever the pace of the running period says.
func TestSortByForecast(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	row := func(id string, f foreseen) fallingRow { return fallingRow{capped{ID: id}, f} }
	rows := []fallingRow{
		row("never", foreseen{}), row("late", foreseen{Falls: day(20)}), row("over", foreseen{Falls: day(9), Over: true}),
		row("idle", foreseen{}), row("soon", foreseen{Falls: day(10), Known: true}), row("spent", foreseen{Over: true}),
	}
	sortByForecast(rows)
	got := make([]string, len(rows))
	for i, one := range rows {
		got[i] = one.ID
	}
	if want := []string{"over", "spent", "soon", "late", "never", "idle"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
