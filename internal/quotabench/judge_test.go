package quotabench

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

func one(sent, arrived float64) admission { return admission{at(sent), at(arrived), 1} }

// A call counts against the gateway only in windows that it lies in whatever its moment was.
func TestWorst_countsWhatIsCertain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		admitted []admission
		want     int64
	}{
		"nothing":                          {nil, 0},
		"two in a window":                  {[]admission{one(0, 0.1), one(59.8, 59.9)}, 2},
		"just outside":                     {[]admission{one(0, 0.1), one(60, 60.1)}, 1},
		"it may have been admitted later":  {[]admission{one(0, 0.1), one(59.8, 60.1)}, 1},
		"it may have been admitted before": {[]admission{one(-5, 0.1), one(59.8, 59.9)}, 1},
		"the worst is in the middle":       {[]admission{one(0, 1), one(70, 71), one(75, 76), one(80, 81), one(200, 201)}, 3},
	} {
		if got := worst(test.admitted, minute); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestFalseRefusals_countsWhatIsCertain(t *testing.T) {
	t.Parallel()
	admitted := []admission{one(0, 0.1), one(1, 1.1)}
	for name, test := range map[string]struct {
		refused refusal
		limit   int64
		window  time.Duration
		want    int
	}{
		"both are counted":               {refusal{at(2), at(2.1)}, 2, minute, 0},
		"one more fits":                  {refusal{at(2), at(2.1)}, 3, minute, 1},
		"the first has left":             {refusal{at(60.2), at(60.3)}, 2, minute, 1},
		"the first may still be counted": {refusal{at(60.05), at(60.3)}, 2, minute, 0},
		"the second came afterwards":     {refusal{at(0.2), at(0.9)}, 2, minute, 1},
		"the second may have come":       {refusal{at(0.2), at(1)}, 2, minute, 0},
		"a budget forgets nothing":       {refusal{at(90), at(91)}, 2, forever, 0},
	} {
		if got := falseRefusals([]refusal{test.refused}, admitted, test.limit, 1, test.window); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestMostAtOnce(t *testing.T) {
	t.Parallel()
	entries := []meter.Entry{
		{Arrived: at(0), Ended: at(2)}, {Arrived: at(1), Ended: at(3)}, {Arrived: at(2), Ended: at(4)}, {Arrived: at(2.5)},
	}
	if got := mostAtOnce(entries); got != 3 {
		t.Errorf("%d at once, want 3", got)
	}
}

// What was sent after a client had left is in doubt, and so are answers that nobody got.
func TestCharged_receivedIsWhatClientsGot(t *testing.T) {
	t.Parallel()
	counted := &meter.Meter{}
	s := &stage{Bench: &Bench{Meter: counted}, name: "s", outcomes: []outcome{{id: "s-0", sent: at(0), answered: at(1), status: 200}}}
	if told := s.charged(5); told.Metered != 0 || told.Reported != 5 || told.Doubled() != 5 || told.Lost() != 0 || told.Unseen() != 0 {
		t.Errorf("%+v", told)
	}
	entry := meter.Entry{Prompt: 10, Completion: 3, Events: []time.Time{at(0.5), at(1), at(1.5)}}
	if all, by := entry.Cost(), entry.CostBy(at(1)); all-by != meter.CompletionTokenNano {
		t.Errorf("%s in all, %s by then", all, by)
	}
}
