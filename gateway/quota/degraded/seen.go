package degraded

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// seenKept is how long a figure of the counters counts: everything it is made of has left the window by then.
	seenKept = quota.WindowSeconds * time.Second
	// orderKept is how long an earlier decision does not replace a later one; after that the counters' clock went back.
	orderKept = time.Second
)

type windowKey struct {
	slot  string
	scope quota.Scope
}

// seenWindow is a window as the counters last answered it.
type seenWindow struct {
	state quota.WindowState
	at    time.Time
	// order is the decision's among those of its slot.
	order int64
}

// noteSeen remembers what the counters say of windows, for the time when they cannot be asked: the latest of their
// decisions, whichever is heard of last.
func (e *Engine) noteSeen(slot string, states []quota.WindowState, order int64) {
	if e.policy.RateLimits != Local || len(states) == 0 {
		return
	}
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, state := range states {
		key := windowKey{slot, state.Scope}
		if seen := e.seen[key]; seen.order <= order || now.Sub(seen.at) > orderKept {
			e.seen[key] = seenWindow{state, now, order}
		}
	}
	e.forgetSeenLocked(now)
}

// forgetSeenLocked drops, once in a while, what does not count any more.
func (e *Engine) forgetSeenLocked(now time.Time) {
	if now.Sub(e.swept) < seenKept {
		return
	}
	e.swept = now
	for key, seen := range e.seen {
		if now.Sub(seen.at) >= seenKept {
			delete(e.seen, key)
		}
	}
}

// seenOf is which decision this gateway's last look at each of a reservation's windows was.
func (e *Engine) seenOf(made *quota.Reservation) []int64 {
	if made == nil || made.Adopted || e.policy.RateLimits != Local {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	orders := make([]int64, len(made.Request.Windows))
	for i, window := range made.Request.Windows {
		orders[i] = e.seen[windowKey{made.Request.Slot, window.Scope}].order
	}
	return orders
}

// endedUnheard takes a reservation whose end the counters have not heard of for no longer live, where the last look saw
// it live: that look came after the reservation, before it was to end, and no other one since.
func (e *Engine) endedUnheard(made *quota.Reservation, orders []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, order := range orders {
		key := windowKey{made.Request.Slot, made.Request.Windows[i].Scope}
		if seen, known := e.seen[key]; known && seen.order == order && order >= made.Order {
			seen.state.Live = max(seen.state.Live-1, 0)
			e.seen[key] = seen
		}
	}
}
