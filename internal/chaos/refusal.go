package main

import (
	"slices"
	"strings"
	"time"
)

// mayUse is more than a call may use, in tokens: its output cap, and its prompt counted closely.
const mayUse = 200

// falseRefusals counts calls that a limit refused although they would have fitted by what was really used: by what
// all calls that were admitted until the refusal ended up with, and by the most that the refused one may use. A call
// that is told to come back in two seconds, because others have reserved what they will not use, is counted apart:
// it is asked to wait, and callers of this run do not.
func (e *evidence) falseRefusals() {
	held := 0
	admitted := map[string][]admission{}
	for _, t := range e.stage.teams {
		admitted[t.id] = admissions(e.bookings, t.id)
	}
	for _, c := range e.calls {
		if c.whole || !e.wouldHaveFitted(c, admitted[c.team]) {
			continue
		}
		if c.held && !strings.HasSuffix(c.refusal, ".requests") { // nobody reserves requests
			held++
			continue
		}
		if e.wrong = append(e.wrong, c); len(e.wrong) <= 5 {
			e.breaks("T1 and T2 liveness", "%s was refused by %s at %s, and would have fitted", c.id, c.refusal, e.when(c.ended))
		}
	}
	e.figure("false refusals", "%d (asked to wait for what others had reserved: %d)", len(e.wrong), held)
}

// wouldHaveFitted looks at the limit that refused the call.
func (e *evidence) wouldHaveFitted(c call, admitted []admission) bool {
	number := slices.IndexFunc(e.stage.teams, func(t *team) bool { return t.id == c.team })
	t := e.stage.teams[number]
	switch {
	case strings.HasSuffix(c.refusal, ".requests"):
		requests, _ := usedBefore(admitted, c)
		return t.rpm > 0 && requests < t.rpm
	case strings.HasSuffix(c.refusal, ".tokens"):
		_, tokens := usedBefore(admitted, c)
		return t.tpm > 0 && tokens+mayUse <= t.tpm
	case strings.HasSuffix(c.refusal, ".budget") && t.budget != nil:
		return t.budget.spent(e.bookings, c.ended.UnixMilli()+1)+mayUse*nanoPerToken <= t.budget.capAt(c.started)
	default:
		return false // refused by no limit, or by the number of calls at once, which nobody can work out afterwards
	}
}

// usedBefore is what was admitted in the window of a call: 61 buckets of a second.
func usedBefore(admitted []admission, c call) (requests, tokens int64) {
	from, to := c.started.Add(-windowLength-time.Second).UnixMilli(), c.ended.UnixMilli()
	for _, a := range admitted {
		if a.at >= from && a.at <= to {
			requests, tokens = requests+1, tokens+a.tokens
		}
	}
	return requests, tokens
}

// capAt is the cap that was surely in force at a moment; they only rise.
func (b *budget) capAt(at time.Time) (limit int64) {
	for _, step := range b.steps {
		if !step.inForce.IsZero() && step.inForce.Before(at) {
			limit = step.cap
		}
	}
	return limit
}
