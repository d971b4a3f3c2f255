package main

import "time"

// tally is what became of the calls around one kind of fault.
type tally struct {
	times                        int
	answered, booked             int
	lost, doubled, falseRefusals int
	overshoot                    int64
}

// byFault prints for each kind of fault what became of the calls that began in it, or after it and before the next.
func (e *evidence) byFault() {
	tallies, kinds := map[faultKind]*tally{}, []faultKind{}
	for _, f := range e.stage.faults {
		if f.kind == diskFull {
			continue // it was another gateway's
		}
		if tallies[f.kind] == nil {
			tallies[f.kind], kinds = &tally{}, append(kinds, f.kind)
		}
		tallies[f.kind].times++
	}
	of := func(calls []call, note func(*tally, call)) {
		for _, c := range calls {
			if kind, found := e.faultAt(c.started); found {
				note(tallies[kind], c)
			}
		}
	}
	of(e.calls, func(t *tally, c call) {
		if c.whole {
			t.answered++
		}
		if e.bookings[c.id] != nil {
			t.booked++
		}
	})
	of(e.lost, func(t *tally, _ call) { t.lost++ })
	of(e.doubled, func(t *tally, _ call) { t.doubled++ })
	of(e.wrong, func(t *tally, _ call) { t.falseRefusals++ })
	for _, b := range e.stage.budgets() {
		for i, step := range b.steps {
			end := int64(ever)
			if i+1 < len(b.steps) {
				end = b.steps[i+1].from
			}
			if kind, found := e.faultAt(time.UnixMilli(step.from)); found {
				t := tallies[kind]
				t.overshoot = max(t.overshoot, b.spent(e.bookings, end)-step.cap)
			}
		}
	}
	for _, kind := range kinds {
		t := tallies[kind]
		e.figure("around: "+string(kind), "%d x; answered %d, booked %d, lost %d, doubled %d, overshoot %d nano-USD, false refusals %d",
			t.times, t.answered, t.booked, t.lost, t.doubled, t.overshoot, t.falseRefusals)
	}
}

// faultAt is the kind of the last fault that had begun at a moment.
func (e *evidence) faultAt(at time.Time) (kind faultKind, found bool) {
	for _, f := range e.stage.faults {
		if f.kind != diskFull && !f.at.After(at) {
			kind, found = f.kind, true
		}
	}
	return kind, found
}
