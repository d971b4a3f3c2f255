package quotabench

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

// Times are taken outside of the gateway, so when it admitted a call is known only to lie between the moment in which
// the client began to send it and the moment in which it came to the provider. The judge takes whatever moment in
// between is best for the gateway: what it counts against one is certain, however slow the machine is.

// admission is a call that came to the provider.
type admission struct {
	sent, arrived time.Time
	// weight is what the limit counts of it: 1, tokens or nano-USD.
	weight int64
}

// refusal is a call that the gateway did not let through.
type refusal struct{ sent, answered time.Time }

// weigh says what a limit counts of a call.
type weigh func(meter.Entry) int64

func oneEach(meter.Entry) int64         { return 1 }
func tokensOf(entry meter.Entry) int64  { return entry.Tokens() }
func nanoUSDOf(entry meter.Entry) int64 { return int64(entry.Cost()) }
func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }
func sum(admissions []admission) (s int64) {
	for _, one := range admissions {
		s += one.weight
	}
	return s
}

// admissions pairs what came to the provider with what was sent. A call that came twice counts twice.
func admissions(outcomes []outcome, entries []meter.Entry, of weigh) []admission {
	sent := make(map[string]time.Time, len(outcomes))
	for _, one := range outcomes {
		sent[one.id] = one.sent
	}
	paired := make([]admission, 0, len(entries))
	for _, entry := range entries {
		paired = append(paired, admission{sent: sent[entry.ID], arrived: entry.Arrived, weight: of(entry)})
	}
	return paired
}

func refusals(outcomes []outcome) (refused []refusal) {
	for _, one := range outcomes {
		if one.refused() {
			refused = append(refused, refusal{one.sent, one.answered})
		}
	}
	return refused
}

// worst is the most that was certainly admitted within any time as long as the window.
func worst(admitted []admission, window time.Duration) (most int64) {
	for _, first := range admitted {
		var inside int64
		for _, one := range admitted {
			if !one.sent.Before(first.sent) && within(one.arrived, first.sent, first.sent.Add(window)) {
				inside += one.weight
			}
		}
		most = max(most, inside)
	}
	return most
}

// forever is the window of a budget.
const forever = time.Duration(0)

// falseRefusals counts the refusals that certainly need not have been: so much would have fitted beside all that may
// have been counted in that moment. Tokens and money have to be reserved before they are known, so for them that is the
// double of a call; a request is a request.
func falseRefusals(refused []refusal, admitted []admission, limit, need int64, window time.Duration) (count int) {
	for _, r := range refused {
		var possible int64
		for _, one := range admitted {
			counted := window == forever || one.arrived.After(r.sent.Add(-window))
			if counted && !one.sent.After(r.answered) {
				possible += one.weight
			}
		}
		if possible+need <= limit {
			count++
		}
	}
	return count
}

// mostAtOnce is how many calls the provider was certainly answering in the same moment.
func mostAtOnce(entries []meter.Entry) (most int64) {
	for _, first := range entries {
		var open int64
		for _, one := range entries {
			if !one.Arrived.After(first.Arrived) && (one.Ended.IsZero() || one.Ended.After(first.Arrived)) {
				open++
			}
		}
		most = max(most, open)
	}
	return most
}
