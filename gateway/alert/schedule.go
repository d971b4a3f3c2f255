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

// mostRefused is how often a receiver may refuse a message as it is: within half an hour somebody may have mended the receiver.
const mostRefused = 4

// maxRetryAfter bounds how long a receiver can put us off.
const maxRetryAfter = 24 * time.Hour

// nextAttempt returns how long to wait after so many attempts, at most the last wait of the schedule. Up to a tenth is added by
// chance, so that what failed together does not return together.
func nextAttempt(attempts int, retryAfter time.Duration) time.Duration {
	wait := max(schedule[min(max(attempts, 1), len(schedule)-1)], min(retryAfter, maxRetryAfter))
	return wait + rand.N(wait/10)
}
