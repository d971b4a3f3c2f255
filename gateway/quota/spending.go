package quota

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// spending is the counter of one budget scope in one period.
type spending struct {
	settled  money.Nano
	reserved money.Nano
	told     map[mark]bool
	// filled is when settled was last taken from the ledger; behind says that it has to be again.
	filled time.Time
	behind bool
}

// missed says whether a counter may lack what was spent since it was filled: the budget was charged in another
// period then, because its terms were others for a while. A period that was over before the counter was filled has
// just come before it.
func (s *spending) missed(charged spendingKey, now time.Time) bool {
	return charged.start <= Micros(now) && (charged.end == 0 || charged.end > Micros(s.filled))
}

// mark is a threshold that people have been told about.
type mark struct {
	share      float64
	generation int64
	watched    bool
}

// spendingKey names a counter. The end belongs to it, because a month and a quarter may start together.
type spendingKey struct {
	scope      Scope
	start, end int64 // microseconds since 1970, 0 when the period has none
}

func keyOf(scope Scope, period Period) spendingKey {
	return spendingKey{scope, Micros(period.Start), Micros(period.End)}
}

// tell marks a threshold and says whether it was not marked before. What a watched budget would do and what an enforced one
// does are two things to tell.
func (s *spending) tell(share float64, generation int64, watched bool) bool {
	m := mark{share, generation, watched}
	if s.told[m] {
		return false
	}
	if s.told == nil {
		s.told = make(map[mark]bool)
	}
	s.told[m] = true
	return true
}

// State describes the budget in a period of which so much is settled and reserved.
func (b *Budget) State(period Period, settled, reserved money.Nano) BudgetState {
	return BudgetState{
		Scope: b.Scope, Name: b.Name, Limit: b.Limit,
		Settled: settled, Reserved: reserved, Period: period,
	}
}

func (s *spending) stateOf(budget *Budget, period Period) BudgetState {
	return budget.State(period, s.settled, s.reserved)
}

// PeriodAt picks the budget's period that t lies in. A budget without periods never ends.
func (b *Budget) PeriodAt(t time.Time) (Period, bool) {
	for i := range b.Periods {
		if period := &b.Periods[i]; period.Contains(t) {
			return *period, true
		}
	}
	return Period{}, len(b.Periods) == 0
}

// Refuses says whether the budget refuses a request at its limit, once it is enforced.
func (b *Budget) Refuses() bool { return b.Hard && b.Limit != Unlimited }

// ThrottledRPM is the window's RPM at a time, under the budgets that stand as states says, which has the same order.
// A watched budget throttles only what is watched as well. Of several throttles that are due the strongest counts, and a limit of 1 or more never becomes 0.
func ThrottledRPM(window Window, budgets []Budget, states []BudgetState, now time.Time) int64 {
	if window.RPM < 1 {
		return window.RPM
	}
	rpm := window.RPM
	for i := range budgets {
		throttle := budgets[i].Throttle
		if throttle == nil || throttle.Window != window.Scope || states[i].Settled < throttle.At {
			continue
		}
		if budgets[i].watched(now) && !window.watched(now) {
			continue
		}
		rpm = min(rpm, throttle.Reduced(window.RPM))
	}
	return rpm
}

// Micros is the form that engines keep a time in: microseconds since 1970, 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func (k spendingKey) period() Period { return Period{Start: TimeOf(k.start), End: TimeOf(k.end)} }

// TimeOf is the reverse of [Micros].
func TimeOf(microseconds int64) time.Time {
	if microseconds == 0 {
		return time.Time{}
	}
	return time.UnixMicro(microseconds).UTC()
}
