package redis

import (
	"fmt"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// breakerFailures in a row mean that the store is away and not just slow once.
	breakerFailures = 3
	// breakerPause is how often a store that is away is tried; all other calls fail at once.
	breakerPause = time.Second
)

var errOpen = fmt.Errorf("%w: it did not answer a moment ago", quota.ErrUnavailable)

// breaker spares callers the wait for a store that does not answer, and remembers since when it has answered.
// Its zero value has never been in touch and lets calls through.
type breaker struct {
	mu       sync.Mutex
	failures int
	retry    time.Time // of the next call while the store is away
	since    time.Time // of the first answer after the store was last away
}

// allows says whether a call is worth making. Of the calls while the store is away it lets one per pause through.
func (b *breaker) allows(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerFailures {
		return true
	}
	if now.Before(b.retry) {
		return false
	}
	b.retry = now.Add(breakerPause)
	return true
}

// open says whether the store counts as away.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakerFailures
}

func (b *breaker) succeeded(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
	if b.since.IsZero() {
		b.since = now
	}
}

func (b *breaker) failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.failures >= breakerFailures {
		b.since = time.Time{} // one answer that is lost now and then does not keep others from reaping
	}
	b.retry = now.Add(breakerPause)
}

// unbroken says whether the store has answered for at least d. While it was away nobody could renew,
// and expiry means nothing.
func (b *breaker) unbroken(d time.Duration, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero() && now.Sub(b.since) >= d
}
