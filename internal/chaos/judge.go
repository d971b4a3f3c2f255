package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// findings are the figures of a run and the promises that they show broken.
type findings struct {
	figures []string
	broken  []string
}

func (f *findings) figure(name, format string, args ...any) {
	f.figures = append(f.figures, fmt.Sprintf("%-34s %s", name, fmt.Sprintf(format, args...)))
}

func (f *findings) breaks(promise, format string, args ...any) {
	f.broken = append(f.broken, promise+": "+fmt.Sprintf(format, args...))
}

// print writes the report and returns how many promises were broken.
func (f *findings) print(out *narrator) int {
	out.line("\nFigures\n")
	for _, figure := range f.figures {
		out.line("  %s", figure)
	}
	if len(f.broken) == 0 {
		out.line("\nAll promises were kept.")
		return 0
	}
	out.line("\nBroken promises\n")
	for _, broken := range f.broken {
		out.line("  %s", broken)
	}
	return len(f.broken)
}

// evidence is everything that a run is judged by.
type evidence struct {
	*findings
	stage    *stage
	calls    []call
	bookings map[string]*booking
	bill     map[string]int64
	// lost, doubled and wrong are the calls that are in the ledger not at all or twice, or were refused falsely.
	lost, doubled, wrong []call
}

// judge waits until everything has come to rest and compares what clients, the model server and the ledger say.
func (s *stage) judge(ctx context.Context) (*findings, error) {
	s.out.say("Waiting until nothing is reserved and the counters say what the ledger says.")
	took, left := s.drain(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	bookings, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	e := &evidence{findings: &findings{}, stage: s, calls: s.load.all(), bookings: bookings, bill: s.bill()}
	e.countCalls()
	e.countFaults()
	e.budgets()
	e.windows()
	e.falseRefusals()
	e.answers()
	e.costs()
	e.releases()
	e.fullDisk()
	e.byFault()
	e.figure("at rest after", "%.1f s", took.Seconds())
	for _, what := range left {
		e.breaks("T8 counters are the ledger", "%s", what)
	}
	return e.findings, nil
}

func (e *evidence) countCalls() {
	whole, refusals := 0, map[string]int{}
	for _, c := range e.calls {
		if c.whole {
			whole++
		} else {
			refusals[c.refusal]++
		}
	}
	e.figure("requests", "%d", len(e.calls))
	e.figure("admitted", "%d", len(e.bookings))
	e.figure("answered in full", "%d", whole)
	for _, kind := range slices.Sorted(maps.Keys(refusals)) {
		e.figure("  not answered: "+kind, "%d", refusals[kind])
	}
	if whole == 0 {
		e.breaks("liveness", "no call was answered")
	}
}

func (e *evidence) countFaults() {
	counts := map[faultKind]int{}
	for _, f := range e.stage.faults {
		counts[f.kind]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d x %s", counts[kind], kind))
	}
	e.figure("faults", "%s", strings.Join(parts, ", "))
}

// budgets compares, for every cap that was ever in force, what was admitted under it.
func (e *evidence) budgets() {
	for _, b := range e.stage.budgets() {
		var overshoot int64
		for i, step := range b.steps {
			end := int64(ever)
			if i+1 < len(b.steps) {
				end = b.steps[i+1].from
			}
			overshoot = max(overshoot, b.spent(e.bookings, end)-step.cap)
		}
		lost := e.lostSpending(b)
		spent := b.spent(e.bookings, ever)
		e.figure("overshoot of "+b.name(), "%d nano-USD (what failovers lost would excuse %d)", overshoot, lost)
		e.figure("utilisation of "+b.name(), "%.1f %% of $%.4f, raised %d times", 100*float64(spent)/float64(b.cap()), usd(b.cap()), len(b.steps)-1)
		if overshoot > lost {
			e.breaks("T1 budgets", "%s was exceeded by %d nano-USD", b.name(), overshoot)
		}
		if spent*2 < b.cap() {
			e.breaks("T1 liveness", "%s let only $%.4f of $%.4f be spent", b.name(), usd(spent), usd(b.cap()))
		}
	}
}

// lostSpending is what was admitted or running while acknowledged writes were being lost: the bound of what a
// failover may let through, until the gateways have told the new Redis again.
func (e *evidence) lostSpending(b *budget) (nano int64) {
	for _, f := range e.stage.faults {
		if f.kind != laggedPromoted {
			continue
		}
		for _, booked := range e.bookings {
			at := time.UnixMilli(booked.admittedAt)
			if slices.Contains(b.teams, booked.team) && at.After(f.losesFrom) && at.Before(f.losesFrom.Add(2*time.Second)) {
				nano += booked.cost
			}
		}
	}
	return nano
}

func (e *evidence) windows() {
	for _, t := range e.stage.teams {
		if t.rpm == 0 && t.tpm == 0 {
			continue
		}
		list := admissions(e.bookings, t.id)
		whole, broken := worstMinutes(list, e.stage.faults)
		if t.rpm > 0 {
			e.window("requests", whole.requests, broken.requests, t.rpm)
			e.utilisation("requests", int64(len(list)), t.rpm)
		}
		if t.tpm > 0 {
			e.window("tokens", whole.tokens, broken.tokens, t.tpm)
			e.utilisation("tokens", sumTokens(list), t.tpm)
		}
	}
}

// utilisation is what was admitted of what a window of 61 one-second buckets could admit, outages included.
// It is above 100 % where Redis lost its counters and windows began anew.
func (e *evidence) utilisation(name string, admitted, limit int64) {
	possible := float64(limit) * e.stage.loaded.Minutes() * 60 / 61
	e.figure("utilisation of "+name, "%.1f %% of what the limit allows in %.1f minutes", 100*float64(admitted)/possible, e.stage.loaded.Minutes())
}

func (e *evidence) window(name string, whole, broken, limit int64) {
	e.figure("worst 60 s, "+name, "%d of %d (%d where Redis lost its counters)", whole, limit, broken)
	if whole > limit {
		e.breaks("T2 rate limits", "%s: %d in 60 seconds, the limit is %d", name, whole, limit)
	}
	if whole*10 < limit*9 && e.stage.loaded > 2*windowLength {
		e.breaks("T2 liveness", "%s: never more than %d in 60 seconds, the limit is %d", name, whole, limit)
	}
}

// answers looks for answers that the ledger does not know, or knows twice.
func (e *evidence) answers() {
	for _, c := range e.calls {
		b := e.bookings[c.id]
		served := c.whole || e.cutOff(c) && e.bill[c.id] > 0
		if served && (b == nil || b.kinds[api.LedgerSettle]+b.kinds[api.LedgerEstimate] == 0) {
			e.lost = append(e.lost, c)
			if len(e.lost) <= 5 {
				e.breaks("T6 ledger", "%s was answered in full by gateway %d at %s, or as far as it waited, and is not in the ledger", c.id, c.gateway, e.when(c.ended))
			}
		}
		if b != nil && b.doubled() {
			e.doubled = append(e.doubled, c)
			if len(e.doubled) <= 5 {
				e.breaks("T4 ledger", "%s is booked more than once: %v, at %s", c.id, b.kinds, e.when(c.ended))
			}
		}
	}
	e.figure("answers lost in the ledger", "%d", len(e.lost))
	e.figure("calls booked twice", "%d", len(e.doubled))
}

// when is a moment as the narration counts.
func (e *evidence) when(at time.Time) string {
	since := at.Sub(e.stage.out.began)
	return fmt.Sprintf("%d:%04.1f", int(since.Minutes()), since.Seconds()-60*float64(int(since.Minutes())))
}

// crashBound is what one killed call may have produced after its last checkpoint, in nano-USD: five seconds
// of a stream, and half a second for the way.
const crashBound = int64(5500*time.Millisecond/chunkEvery) * nanoPerToken

// costs compares the ledger with the model server's bill, call by call.
func (e *evidence) costs() {
	var unrecorded, crashed, above int64
	shown := 0
	for _, c := range e.calls {
		var booked int64
		if b := e.bookings[c.id]; b != nil {
			booked = b.cost
		}
		missing := e.bill[c.id] - booked
		switch {
		case missing == 0:
		case e.cutOff(c): // settled at what had come, which its usage would have said more exactly
			crashed += max(0, missing)
			above += max(0, -missing)
			if missing > cutBound {
				e.breaks("T5 stop", "%s: %d nano-USD of a call that was cut off are not booked", c.id, missing)
			}
		case e.killed(c):
			crashed += max(0, missing)
			above += max(0, -missing)
			if c.stream && missing > crashBound {
				e.breaks("T5 crash", "%s: %d nano-USD are not booked, more than 5 s of output", c.id, missing)
			}
		default:
			unrecorded += max(0, missing)
			above += max(0, -missing)
			if shown++; shown <= 5 {
				e.breaks("T6 cost", "%s (%s, gateway %d, ended %s): the bill is %d nano-USD, the ledger says %d", c.id, outcome(c), c.gateway, e.when(c.ended), e.bill[c.id], booked)
			}
		}
	}
	e.figure("unrecorded cost", "%d nano-USD", unrecorded)
	e.figure("unrecorded cost, ended gateways", "%d nano-USD", crashed)
	e.figure("booked above the bill", "%d nano-USD (estimates of killed calls charge the prompt's upper bound)", above)
}

func outcome(c call) string {
	if c.whole {
		return "answered"
	}
	return c.refusal
}

// cutBound is what may be said between the last chunk that a gateway has read and the end of the model's answer.
const cutBound = int64(time.Second/chunkEvery) * nanoPerToken

// cutOff says whether the call's gateway was stopped and did not wait for its end.
func (e *evidence) cutOff(c call) bool {
	return !c.whole && slices.ContainsFunc(e.stage.faults, func(f fault) bool {
		return f.kind == gatewayStopped && f.gateway == c.gateway && c.started.Before(f.at.Add(2*time.Second)) && c.ended.After(f.at)
	})
}

// killed says whether the call's gateway was killed under it.
func (e *evidence) killed(c call) bool {
	return slices.ContainsFunc(e.stage.faults, func(f fault) bool {
		return f.kind == gatewayKilled && f.gateway == c.gateway && c.started.Before(f.at.Add(time.Second)) && c.ended.After(f.at)
	})
}

// releaseBound is how long a killed gateway's reservations may be held.
const releaseBound = 16 * time.Second

// releases looks at how soon the calls of killed gateways were given up. Where a gateway could not reach Redis
// shortly before, nothing expires for a while, which is right; those are kept apart.
func (e *evidence) releases() {
	var longest, delayed time.Duration
	abandoned := 0
	for _, f := range e.stage.faults {
		if f.kind != gatewayKilled {
			continue
		}
		held, calls := e.heldAfter(f)
		abandoned += calls
		if e.unreachable(f.at.Add(-reaperCalm), f.at.Add(releaseBound)) {
			delayed = max(delayed, held)
			continue
		}
		longest = max(longest, held)
		if held > releaseBound {
			e.breaks("T5 release", "the reservations of gateway %d, killed at %s, were held for %.1f s", f.gateway, e.when(f.at), held.Seconds())
		}
	}
	e.figure("released after a gateway's death", "%.1f s at most, %d calls", longest.Seconds(), abandoned)
	if delayed > 0 {
		e.figure("  where Redis was out of reach", "%.1f s at most", delayed.Seconds())
	}
}

// heldAfter is how long the calls under way at a gateway's death were held, and how many there were.
func (e *evidence) heldAfter(f fault) (longest time.Duration, calls int) {
	for _, c := range e.calls {
		b := e.bookings[c.id]
		if b == nil || b.estimatedAt == 0 || c.gateway != f.gateway || c.started.After(f.at) || c.ended.Before(f.at) {
			continue
		}
		calls++
		longest = max(longest, time.UnixMilli(b.estimatedAt).Sub(f.at))
	}
	return longest, calls
}

// unreachable says whether any gateway refused a call in that time because its stores did not answer.
func (e *evidence) unreachable(from, to time.Time) bool {
	return slices.ContainsFunc(e.calls, func(c call) bool {
		return c.refusal == statusUnavailable && c.ended.After(from) && c.ended.Before(to)
	})
}
