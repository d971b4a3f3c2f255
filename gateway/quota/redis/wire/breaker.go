package wire

import (
	"fmt"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// BreakerFailures in a row mean that the store is away and not just slow once.
	BreakerFailures = 3
	// BreakerPause is how often a store that is away is tried; all other calls fail at once.
	BreakerPause = time.Second
)

// ErrOpen says that the store counts as away, and that a call was not made for that reason.
var ErrOpen = fmt.Errorf("%w: it did not answer a moment ago", quota.ErrUnavailable)

// Breaker spares callers the wait for a store that does not answer, and remembers since when it has answered.
// Its zero value has never been in touch and lets calls through.
type Breaker struct {
	mu       sync.Mutex
	failures int
	retry    time.Time // of the next call while the store is away
	since    time.Time // of the first answer after the store was last away
}

// Allows says whether a call is worth making. Of the calls while the store is away it lets one per pause through.
func (b *Breaker) Allows(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < BreakerFailures {
		return true
	}
	if now.Before(b.retry) {
		return false
	}
	b.retry = now.Add(BreakerPause)
	return true
}

// Open says whether the store counts as away.
func (b *Breaker) Open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= BreakerFailures
}

// Succeeded notes that the store has answered.
func (b *Breaker) Succeeded(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
	if b.since.IsZero() {
		b.since = now
	}
}

// Failed notes that the store has not answered.
func (b *Breaker) Failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.failures >= BreakerFailures {
		b.since = time.Time{} // one answer that is lost now and then does not keep others from reaping
	}
	b.retry = now.Add(BreakerPause)
}

// Unbroken says whether the store has answered for at least d. While it was away nobody could renew,
// and expiry means nothing.
func (b *Breaker) Unbroken(d time.Duration, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero() && now.Sub(b.since) >= d
}
