package script

import (
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// Keys of the Redis engine. The braces keep a slot's keys together on a Redis Cluster.
//
//	PREFIX:slots                       zset    slots by when a gateway last named them (unix seconds)
//	PREFIX:{t:SLOT}:w:SCOPE            hash    a window: t last second, c second last charged, r requests,
//	                                           k tokens, h those reserved by live ones, n live, and r<second>,
//	                                           k<second>, h<second> per bucket; a busy one has -, see save_window
//	PREFIX:{t:SLOT}:r                  hash    live reservations by id, packed
//	PREFIX:{t:SLOT}:x                  zset    live reservations by when they expire (microseconds)
//	PREFIX:{t:SLOT}:t                  hash    what reservations have in common, packed, by its digest
//	PREFIX:{t:SLOT}:tu                 zset    those digests by when they were last used (microseconds)
//	PREFIX:{t:SLOT}:d:ID8              hash    how reservations ended whose ids begin alike, for 15 minutes
//	PREFIX:{t:SLOT}:cfg                string  policy version
//	PREFIX:{t:SLOT}:wm:GATEWAY         string  the highest number of a gateway's changes that was applied
//	PREFIX:{t:SLOT}:led                stream  ledger rows and alerts on their way to the record
//	PREFIX:{t:SLOT}:led:rows           string  how many these are: an entry may hold several rows
//	PREFIX:{TAG}:slots                 zset    on a Redis Cluster: a copy of the list of slots
//	PREFIX:{b:SCOPE}:b:START-END       hash    a budget's period (microseconds): u settled, p reserved,
//	                                           z when it was seeded, v how often that was taken back,
//	                                           m:SHARE:GENERATION people were told
//	PREFIX:{b:SCOPE}:b:on              string  START-END of the period that the budget is charged on
//	PREFIX:{gateways}:epoch            string  the life that the counters are in; neither replicated nor persisted
//	PREFIX:{gateways}:live             zset    gateways by their last beat (microseconds)
//	PREFIX:{gateways}:record           string  the last gateway that has reached the record, for 10 seconds
//	PREFIX:{gateways}:closed           string  from when on hard budgets may open (microseconds); missing when they are
//	PREFIX:{gateways}:awaited          set     gateways that have not told a new epoch what they know
//
// On a Redis Cluster a budget's counter is in the slot whose requests it counts, and a pot has one in every slot and a home:
//
//	PREFIX:{t:SLOT}:b:SCOPE:on         string  as above, but for pots
//	PREFIX:{t:SLOT}:b:SCOPE:START-END  hash    as above, and of a pot: e epoch, n number, g allowance, l terms, t last used
//	PREFIX:{b:SCOPE}:b:START-END       hash    a pot's home: z filled, e epoch, v version, a:SLOT how a slot stands, packed,
//	                                           s:SLOT what was spent in a slot without a counter, G granted, U settled
//	                                           and P reserved in all of them, N how many, l terms, m: as above,
//	                                           r the epoch in which it was found that the ledger has more
//	PREFIX:{b:SCOPE}:b:START-END:sweep string  which gateway has looked at all slots lately
type Keys struct {
	Prefix string
	// Clustered: they are on a Redis Cluster.
	Clustered bool
}

// Slots is the key of the list of slots.
func (k Keys) Slots() string { return k.Prefix + ":slots" }

// Gateways is the base of the keys that gateways know of each other by.
func (k Keys) Gateways() string { return k.Prefix + ":{gateways}" }

// SlotsCopy is the key of one copy of that list, on a Redis Cluster.
func (k Keys) SlotsCopy(tag string) string { return k.Prefix + ":{" + tag + "}:slots" }

// Slot is the base that the scripts make a slot's keys from.
func (k Keys) Slot(slot string) string { return k.Prefix + ":{t:" + slot + "}" }

// Policy is the key of a slot's policy version.
func (k Keys) Policy(slot string) string { return k.Slot(slot) + ":cfg" }

// Ledger is the key of the stream of a slot's rows and alerts.
func (k Keys) Ledger(slot string) string { return k.Slot(slot) + ":led" }

// Budget is a counter's key without its period.
func (k Keys) Budget(scope quota.Scope) string { return k.Prefix + ":{b:" + string(scope) + "}:b" }

// Counter is the key of a budget's counter: on a Redis Cluster it lies in the slot whose requests it counts.
func (k Keys) Counter(scope quota.Scope, slot string, period quota.Period) string {
	return k.CounterBase(scope, slot) + periodSuffix(period)
}

// CounterBase is counter without the period.
func (k Keys) CounterBase(scope quota.Scope, slot string) string {
	if !k.Clustered {
		return k.Budget(scope)
	}
	return k.Slot(slot) + ":b:" + string(scope)
}

// Home is the key of a pot's home, or of a budget's counter on a single server.
func (k Keys) Home(scope quota.Scope, period quota.Period) string {
	return k.Budget(scope) + periodSuffix(period)
}

// HomesOf are the keys that may be the home of a pot whose counter in a slot has the key; of most counters there is none.
// A name of a slot may hold what is between a slot and a scope.
func (k Keys) HomesOf(counter string) (homes []string) {
	if !k.Clustered {
		return nil
	}
	const between = "}:b:"
	for at := 0; ; {
		next := strings.Index(counter[at:], between)
		if next < 0 {
			return homes
		}
		at += next + len(between)
		if end := strings.LastIndexByte(counter, ':'); end >= at {
			homes = append(homes, k.Budget(quota.Scope(counter[at:end]))+counter[end:])
		}
	}
}

// IsPot says whether the budget's spending is of several slots, which matters on a Cluster only.
func (k Keys) IsPot(budget quota.Budget) bool { return k.Clustered && budget.Slot == "" }

func periodSuffix(period quota.Period) string {
	return ":" + strconv.FormatInt(quota.Micros(period.Start), 10) + "-" + strconv.FormatInt(quota.Micros(period.End), 10)
}
