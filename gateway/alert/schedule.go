package alert

import (
	"math/rand/v2"
	"time"
)

// schedule is how long to wait before each attempt, as Standard Webhooks recommends: three days in
// all, so that a receiver may be down over a weekend.
var schedule = []time.Duration{
	0,
	5 * time.Second,
	5 * time.Minute,
	30 * time.Minute,
	2 * time.Hour,
	5 * time.Hour,
	10 * time.Hour,
	14 * time.Hour,
	20 * time.Hour,
	24 * time.Hour,
}

// untriedAgain is the attempt whose wait one has that was never tried itself, as what comes before it does not arrive.
const untriedAgain = 3

// maxRetryAfter bounds how long a receiver can put us off.
const maxRetryAfter = 24 * time.Hour

// nextAttempt returns how long to wait after so many attempts, and false when there is to be none. Up
// to a tenth is added by chance, so that what failed together does not return together.
func nextAttempt(attempts int, retryAfter time.Duration) (time.Duration, bool) {
	if attempts >= len(schedule) {
		return 0, false
	}
	wait := max(schedule[max(attempts, 1)], min(retryAfter, maxRetryAfter))
	return wait + rand.N(wait/10), true
}
