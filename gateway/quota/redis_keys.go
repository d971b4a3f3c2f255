package quota

import "strconv"

// Keys of the Redis engine. The braces keep a slot's keys together on a Redis Cluster.
//
//	PREFIX:slots                       zset    slots by when a gateway last named them (unix seconds)
//	PREFIX:{t:SLOT}:w:SCOPE            hash    a window: t last second, c second last charged, r requests,
//	                                           k tokens, n live, and r<second>, k<second> per bucket
//	PREFIX:{t:SLOT}:r                  hash    live reservations by id, packed
//	PREFIX:{t:SLOT}:x                  zset    live reservations by when they expire (microseconds)
//	PREFIX:{t:SLOT}:d:ID               string  how a reservation ended, for 15 minutes
//	PREFIX:{t:SLOT}:cfg                string  policy version
//	PREFIX:{t:SLOT}:wm:GATEWAY         string  the highest number of a gateway's changes that was applied
//	PREFIX:{t:SLOT}:led                stream  ledger rows and alerts on their way to the record
//	PREFIX:{b:SCOPE}:b:START-END       hash    a budget's period (microseconds): u settled, p reserved,
//	                                           z seeded, v how often that was taken back, m:SHARE:GENERATION people were told
//	PREFIX:{gateways}:epoch            string  the life that the counters are in; neither replicated nor persisted
//	PREFIX:{gateways}:live             zset    gateways by their last beat (microseconds)
//	PREFIX:{gateways}:closed           string  from when on hard budgets may open (microseconds); missing when they are
//	PREFIX:{gateways}:awaited          set     gateways that have not told a new epoch what they know
type redisKeys struct{ prefix string }

func (k redisKeys) slots() string { return k.prefix + ":slots" }

// gateways is the base of the keys that gateways know of each other by.
func (k redisKeys) gateways() string { return k.prefix + ":{gateways}" }

// slot is the base that the scripts make a slot's keys from.
func (k redisKeys) slot(slot string) string { return k.prefix + ":{t:" + slot + "}" }

func (k redisKeys) policy(slot string) string { return k.slot(slot) + ":cfg" }

func (k redisKeys) ledger(slot string) string { return k.slot(slot) + ":led" }

// budget is a counter's key without its period.
func (k redisKeys) budget(scope Scope) string { return k.prefix + ":{b:" + string(scope) + "}:b" }

func (k redisKeys) spending(key spendingKey) string {
	return k.budget(key.scope) + ":" + strconv.FormatInt(key.start, 10) + "-" + strconv.FormatInt(key.end, 10)
}
