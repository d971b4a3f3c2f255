package api_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]api.Span{
		"30s": {Count: 30, Unit: api.Second}, "30min": {Count: 30, Unit: api.Minute}, "12h": {Count: 12, Unit: api.Hour},
		"1hr": {Count: 1, Unit: api.Hour}, "7d": {Count: 7, Unit: api.Day}, "2w": {Count: 2, Unit: api.Week},
		"1mo": {Count: 1, Unit: api.Month}, "3mo": {Count: 3, Unit: api.Month}, "1y": {Count: 1, Unit: api.Year},
	} {
		if got, err := api.ParseSpan(text); err != nil || got != want {
			t.Errorf("ParseSpan(%q) = %v, %v", text, got, err)
		}
	}
}

func TestParseSpan_refuses(t *testing.T) {
	for _, text := range []string{"", "1 month", "month", "0d", "-1d", "1.5d", "1M", "1month", "30", "1000y", "9999999s", " 1d"} {
		if got, err := api.ParseSpan(text); err == nil {
			t.Errorf("ParseSpan(%q) = %v", text, got)
		}
	}
}

func TestSpanAddTo_followsTheCalendar(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, span, want string }{
		{"2026-01-31T10:00", "1mo", "2026-02-28T10:00"},
		{"2028-02-29T10:00", "1y", "2029-02-28T10:00"},
		{"2026-11-15T10:00", "2mo", "2027-01-15T10:00"},
		{"2026-03-28T10:00", "1d", "2026-03-29T10:00"}, // the clocks change in between
		{"2026-03-28T10:00", "24h", "2026-03-29T11:00"},
		{"2026-11-22T10:00", "1w", "2026-11-29T10:00"},
	} {
		from, _ := time.ParseInLocation("2006-01-02T15:04", test.from, berlin)
		span, _ := api.ParseSpan(test.span)
		if got := span.AddTo(from).Format("2006-01-02T15:04"); got != test.want {
			t.Errorf("%s + %s = %s, want %s", test.from, test.span, got, test.want)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("1mo")
	f.Fuzz(func(t *testing.T, text string) {
		span, err := api.ParseSpan(text)
		if err == nil && (span.Count <= 0 || span.Approximate() <= 0) {
			t.Fatalf("ParseSpan(%q) = %v", text, span)
		}
	})
}

// No period of the calendar is longer than Longest says, and some period is as long.
func TestSpan_longest(t *testing.T) {
	for text, days := range map[string]int{"12h": 0, "30d": 30, "2w": 14, "1mo": 31, "2mo": 62, "5mo": 153, "11mo": 337, "1y": 366, "3y": 1096} {
		span, err := api.ParseSpan(text)
		if err != nil {
			t.Fatal(err)
		}
		longest := time.Duration(0)
		for day := range 2 * 1461 {
			start := time.Date(2000, 1, 1+day, 0, 0, 0, 0, time.UTC)
			longest = max(longest, span.AddTo(start).Sub(start))
		}
		if span.Longest() != longest || days > 0 && longest != time.Duration(days)*24*time.Hour {
			t.Errorf("%s: %s, of %s", text, span.Longest(), longest)
		}
	}
}
