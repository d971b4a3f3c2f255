package quota

import (
	"slices"
	"time"
)

// A limit can be watched before it refuses: until its EnforcedFrom, by the engine's clock, it is charged as ever, refuses
// nobody, grants as if it were not there, and says in [Decision.WouldRefuse] whom it would have refused. From that moment
// on it refuses, with all that was charged meanwhile, and nobody has to be told. The zero time is a limit that always refused.

// Never is the EnforcedFrom of a limit that is watched until somebody changes that.
var Never = time.UnixMicro(1<<53 - 1).UTC()

// Watched says whether a limit with this EnforcedFrom is only watched at a time.
func Watched(enforcedFrom, now time.Time) bool { return now.Before(enforcedFrom) }

func (w *Window) watched(now time.Time) bool { return Watched(w.EnforcedFrom, now) }
func (b *Budget) watched(now time.Time) bool { return Watched(b.EnforcedFrom, now) }

// watches says whether any limit of the request is only watched.
func (r *Request) watches(now time.Time) bool {
	return slices.ContainsFunc(r.Windows, func(w Window) bool { return w.watched(now) }) ||
		slices.ContainsFunc(r.Budgets, func(b Budget) bool { return b.watched(now) })
}

// wouldRefuse names the watched limits that would refuse the request if all its limits were enforced.
func wouldRefuse(request *Request, at *standing) (denials []Denial) {
	if !request.watches(at.now) {
		return nil
	}
	least := leastOutput(request, at, everyLimit)
	for i := range request.Windows {
		limits := &request.Windows[i]
		if !limits.watched(at.now) {
			continue
		}
		before := len(denials)
		denials = refusedByWindow(denials, request, least, limits, at.rpm[i], at.windows[i], at.now)
		for j := range denials[before:] {
			denials[before+j].EnforcedFrom = limits.EnforcedFrom
		}
	}
	for i := range request.Budgets {
		budget := &request.Budgets[i]
		if !budget.watched(at.now) {
			continue
		}
		if denial, refused := refusedByBudget(request, least, budget, &at.budgets[i], at.now); refused {
			denial.EnforcedFrom = budget.EnforcedFrom
			denials = append(denials, denial)
		}
	}
	return denials
}
