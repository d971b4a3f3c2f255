package forecast_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func usd(dollars ...float64) (list []money.Nano) {
	for _, amount := range dollars {
		list = append(list, money.Nano(amount*1e9))
	}
	return list
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// example is one of those in the guide.
type example struct {
	now, start, end string
	history         []float64
	spent, cap      float64
}

var examples = map[string]example{
	// Monday to Friday, four weeks that got dearer.
	"workdays": {
		now: "2026-11-23 00:00", start: "2026-11-01 00:00", end: "2026-12-01 00:00", spent: 185, cap: 230,
		history: []float64{8, 8, 8, 8, 8, 0, 0, 9, 9, 9, 9, 9, 0, 0, 11, 11, 11, 11, 11, 0, 0, 12, 12, 12, 12, 12, 0, 0},
	},
	// A team that is six days old.
	"young": {
		now: "2026-11-10 12:00", start: "2026-11-01 00:00", end: "2026-12-01 00:00", spent: 39, cap: 150,
		history: []float64{3, 5, 4, 8, 6, 10},
	},
	// A budget by the week of a team that spends alike every week.
	"weekly": {
		now: "2026-11-19 00:00", start: "2026-11-16 00:00", end: "2026-11-23 00:00", spent: 40, cap: 65,
		history: slices.Repeat([]float64{10, 10, 10, 0, 10, 10, 20}, 4),
	},
}

func (e example) forecast() forecast.Forecast {
	return forecast.Of(usd(e.history...), forecast.Budget{
		Start: at(e.start), End: at(e.end), Spent: usd(e.spent)[0], Cap: &usd(e.cap)[0],
	}, at(e.now))
}

// The examples of the guide: what goes in, each step, and what comes out.
func TestOf_examplesOfTheGuide(t *testing.T) {
	for name, e := range examples {
		path := filepath.Join("testdata", name+".txt")
		got := inWords(e, e.forecast())
		want, err := os.ReadFile(path)
		if err != nil || string(want) != got {
			t.Errorf("%s: %v\n%s", path, err, got)
		}
	}
}

func inWords(e example, f forecast.Forecast) string {
	const day, moment = "2 January 2006", "Monday 2 January 2006, 15:04"
	var text strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&text, format+"\n", values...) }
	line("now          %s", at(e.now).Format(moment))
	line("period       %s to %s", at(e.start).Format(day), at(e.end).Format(day))
	line("spent        $%g of $%g", e.spent, e.cap)
	line("history      %s", strings.Trim(fmt.Sprint(e.history), "[]"))
	if len(f.Weeks) > 0 {
		line("weeks        %s", amounts(f.Weeks...))
	}
	line("a week       at least %s, likely %s, at most %s", f.Week.Low.Dollars(), f.Week.Likely.Dollars(), f.Week.High.Dollars())
	line("Sun to Sat   %s", amounts(f.Weekdays[:]...))
	line("at the end   at least %s, likely %s, at most %s", f.End.Low.Dollars(), f.End.Likely.Dollars(), f.End.High.Dollars())
	for _, one := range []struct {
		name string
		at   time.Time
	}{{"early", f.Early}, {"likely", f.Likely}, {"late", f.Late}} {
		when := "not in this period"
		if !one.at.IsZero() {
			when = one.at.Format(moment)
		}
		line("falls        %-6s %s", one.name, when)
	}
	line("propose      %s", f.ProposedCap.Dollars())
	return text.String()
}

func amounts(list ...money.Nano) string {
	var texts []string
	for _, amount := range list {
		texts = append(texts, amount.Dollars())
	}
	return strings.Join(texts, ", ")
}

func TestOf_isSilentWhileItKnowsTooLittle(t *testing.T) {
	month := forecast.Budget{Start: at("2026-11-01 00:00"), End: at("2026-12-01 00:00"), Cap: &usd(10)[0]}
	between := func(start, end string) forecast.Budget { return forecast.Budget{Start: at(start), End: at(end)} }
	days := usd(1, 1, 1)
	for name, test := range map[string]struct {
		history forecast.History
		budget  forecast.Budget
		now     string
		want    forecast.Silence
	}{
		"a fifth of a month":    {days, month, "2026-11-07 00:00", ""},
		"less than a fifth":     {days, month, "2026-11-06 23:59", forecast.TooEarly},
		"three days of a week":  {days, between("2026-11-02 00:00", "2026-11-09 00:00"), "2026-11-05 00:00", ""},
		"less than three days":  {days, between("2026-11-02 00:00", "2026-11-09 00:00"), "2026-11-04 23:59", forecast.TooEarly},
		"six days":              {days, between("2026-11-02 00:00", "2026-11-08 00:00"), "2026-11-06 00:00", forecast.PeriodTooShort},
		"for ever":              {days, forecast.Budget{Start: at("2026-11-02 00:00")}, "2026-11-20 00:00", forecast.PeriodWithoutEnd},
		"two days with history": {usd(1, 1), month, "2026-11-20 00:00", forecast.TooFewDays},
	} {
		if got := forecast.Of(test.history, test.budget, at(test.now)); got.Silence != test.want {
			t.Errorf("%s: %q, want %q", name, got.Silence, test.want)
		}
	}
}

func TestHistoryOf_beginsWithTheFirstCost(t *testing.T) {
	days := map[string]money.Nano{"2026-11-02": 5, "2026-11-04": 7, "2026-11-05": 9, "2026-10-01": 1}
	got := forecast.HistoryOf(days, at("2026-11-05 13:00"))
	if want := (forecast.History{5, 0, 7}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Whatever is asked, the ends stand in order, nothing falls in the past, and a forecast says that a cap falls when and
// only when its cheapest end passes it.
func TestOf_holdsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var history forecast.History
		for range rapid.IntRange(0, forecast.HistoryDays).Draw(t, "days") {
			history = append(history, money.Nano(rapid.Int64Range(0, 1e13).Draw(t, "cost")))
		}
		start := at("2026-11-01 00:00")
		length := rapid.IntRange(1, 400*24).Draw(t, "hours")
		now := start.Add(time.Duration(rapid.IntRange(0, length*3600-1).Draw(t, "second")) * time.Second)
		limit := money.Nano(rapid.Int64Range(0, 1e15).Draw(t, "cap"))
		budget := forecast.Budget{
			Start: start, End: start.Add(time.Duration(length) * time.Hour), Cap: &limit, Spent: money.Nano(rapid.Int64Range(0, 1e14).Draw(t, "spent")),
		}
		f := forecast.Of(history, budget, now)
		if f.Silence != "" {
			return
		}
		if f.End.Low < budget.Spent || f.End.Low > f.End.Likely+1 || f.End.Likely > f.End.High+1 || f.ProposedCap < f.End.High {
			t.Fatalf("%+v", f)
		}
		falls := []time.Time{f.Early, f.Likely, f.Late}
		for i := range falls {
			if falls[i].IsZero() {
				falls[i] = budget.End.Add(time.Second)
			}
		}
		if falls[0].Before(now) || falls[1].Before(falls[0].Add(-time.Second)) || falls[2].Before(falls[1].Add(-time.Second)) {
			t.Fatalf("%+v", f)
		}
		const rounding = 2
		if f.End.Low > limit+rounding && f.Late.IsZero() || f.End.Low < limit-rounding && !f.Late.IsZero() {
			t.Fatalf("the cheapest end is %s, the cap %s: %+v", f.End.Low, limit, f)
		}
		more := limit + money.Nano(rapid.Int64Range(0, 1e14).Draw(t, "raise"))
		budget.Cap = &more
		if raised := forecast.Of(history, budget, now); !raised.Likely.IsZero() && (f.Likely.IsZero() || raised.Likely.Before(f.Likely)) {
			t.Fatalf("a higher cap falls earlier: %s, %s", raised.Likely, f.Likely)
		}
	})
}

func TestAnomalous(t *testing.T) {
	line := forecast.Line{Amount: usd(50)[0], Percent: 300}
	for name, test := range map[string]struct {
		today  float64
		same   []money.Nano
		median float64
		want   bool
	}{
		"above both":               {301, usd(80, 100, 100, 120), 100, true},
		"at the line":              {300, usd(80, 100, 100, 120), 100, false},
		"above a share only":       {40, usd(1, 1, 1, 1), 1, false},
		"above the amount only":    {200, usd(80, 90, 110, 120), 100, false},
		"a weekday without cost":   {51, usd(0, 0, 0, 0), 0, true},
		"one outlier changes less": {400, usd(1000, 100, 100, 100), 100, true},
		"one day is no habit":      {400, usd(1), 0, false},
	} {
		median, anomalous := forecast.Anomalous(usd(test.today)[0], test.same, line)
		if anomalous != test.want || median != usd(test.median)[0] {
			t.Errorf("%s: %s, %t", name, median, anomalous)
		}
	}
	history := forecast.History(usd(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
	if same := history.SameWeekday(); !slices.Equal(same, usd(9, 2)) {
		t.Error(same)
	}
}
