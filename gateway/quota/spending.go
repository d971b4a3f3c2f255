package quota

import (
	"math"
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
	return charged.start <= micros(now) && (charged.end == 0 || charged.end > micros(s.filled))
}

// mark is a threshold that people have been told about.
type mark struct {
	share      float64
	generation int64
}

// spendingKey names a counter. The end belongs to it, because a month and a quarter may start together.
type spendingKey struct {
	scope      Scope
	start, end int64 // microseconds since 1970, 0 when the period has none
}

func keyOf(scope Scope, period Period) spendingKey {
	return spendingKey{scope, micros(period.Start), micros(period.End)}
}

// tell marks a threshold and says whether it was not marked before.
func (s *spending) tell(share float64, generation int64) bool {
	m := mark{share, generation}
	if s.told[m] {
		return false
	}
	if s.told == nil {
		s.told = make(map[mark]bool)
	}
	s.told[m] = true
	return true
}

func (s *spending) state(budget Budget, period Period) BudgetState { return s.stateOf(&budget, period) }

func (s *spending) stateOf(budget *Budget, period Period) BudgetState {
	return BudgetState{
		Scope: budget.Scope, Name: budget.Name, Limit: budget.Limit,
		Settled: s.settled, Reserved: s.reserved, Period: period,
	}
}

// periodAt picks the budget's period that t lies in. A budget without periods never ends.
func (b *Budget) periodAt(t time.Time) (Period, bool) {
	for i := range b.Periods {
		if period := &b.Periods[i]; period.Contains(t) {
			return *period, true
		}
	}
	return Period{}, len(b.Periods) == 0
}

// refuses says whether the budget ever refuses a request.
func (b *Budget) refuses() bool { return b.Hard && b.Limit != Unlimited }

// ThrottledRPM is the window's RPM under the budgets that stand as states says, which has the same order.
// Of several throttles that are due the strongest counts, and a limit of 1 or more never becomes 0.
func ThrottledRPM(window Window, budgets []Budget, states []BudgetState) int64 {
	if window.RPM < 1 {
		return window.RPM
	}
	rpm := window.RPM
	for i := range budgets {
		throttle := budgets[i].Throttle
		if throttle == nil || throttle.Window != window.Scope || states[i].Settled < throttle.At {
			continue
		}
		rpm = min(rpm, max(int64(math.Floor(float64(window.RPM)*throttle.Factor)), 1))
	}
	return rpm
}

// micros is the engine's form of a time, 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func (k spendingKey) period() Period { return Period{Start: timeOf(k.start), End: timeOf(k.end)} }

// timeOf is the reverse of micros.
func timeOf(microseconds int64) time.Time {
	if microseconds == 0 {
		return time.Time{}
	}
	return time.UnixMicro(microseconds).UTC()
}
