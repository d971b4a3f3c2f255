package quota

import "time"

// windowSeconds are the 60 seconds of a limit and the second under way. Counting the oldest
// second in full is what makes the limit hold in any 60 seconds and not only in some.
const windowSeconds = 61

// window counts one scope in one-second buckets. Its sums are what is charged in the
// windowSeconds that end with second.
type window struct {
	windowSums
	second  int64                 // unix second that the window was last moved to
	buckets [windowSeconds]bucket // by unix second modulo windowSeconds
}

type windowSums struct {
	charged  int64 // unix second of the latest request
	requests int64
	tokens   int64
	// held is the part of tokens that calls under way have reserved; the rest is used for good.
	held int64
	live int64
}

type bucket struct {
	requests int64
	tokens   int64
	held     int64
}

// advance moves the window to a second and forgets what has left it.
// A clock that went back leaves the window where it is.
func (w *window) advance(second int64) {
	gone := min(second-w.second, windowSeconds)
	for i := int64(1); i <= gone; i++ {
		old := &w.buckets[(w.second+i)%windowSeconds]
		w.requests -= old.requests
		w.tokens -= old.tokens
		w.held -= old.held
		*old = bucket{}
	}
	w.second = max(w.second, second)
}

// charge books a request and its tokens on the current second, which it returns.
func (w *window) charge(tokens int64) (second int64) {
	current := &w.buckets[w.second%windowSeconds]
	current.requests++
	current.tokens += tokens
	current.held += tokens
	w.requests++
	w.tokens += tokens
	w.held += tokens
	w.live++
	w.charged = w.second
	return w.second
}

// release ends a live request: the tokens that it used take the place of those that it held where they were
// charged, or nowhere if that second has left the window.
func (w *window) release(second, held, used int64) {
	w.live = max(w.live-1, 0)
	w.adjust(second, used-held)
	if second > w.second-windowSeconds {
		w.buckets[second%windowSeconds].held -= held
		w.held -= held
	}
}

// takeBack takes a request out of the second it was charged on, if that is still in the window.
func (w *window) takeBack(second int64) {
	if second <= w.second-windowSeconds {
		return
	}
	w.buckets[second%windowSeconds].requests--
	w.requests--
}

func (w *window) adjust(second, tokens int64) {
	if second <= w.second-windowSeconds {
		return
	}
	w.buckets[second%windowSeconds].tokens += tokens
	w.tokens += tokens
}

// wait is after how long at least excess has left the window.
func (w *window) wait(excess int64, of func(bucket) int64, now time.Time) time.Duration {
	for second := max(w.second-windowSeconds+1, 0); second <= w.second; second++ {
		excess -= of(w.buckets[second%windowSeconds])
		if excess <= 0 {
			return time.Unix(second+windowSeconds, 0).Sub(now)
		}
	}
	return time.Minute
}

func requestsOf(b bucket) int64 { return b.requests }
func tokensOf(b bucket) int64   { return b.tokens }

// settled is what calls that have ended have used of the tokens.
func (w windowSums) settled() int64 { return w.tokens - max(w.held, 0) }

// state describes the window to callers; rpm is the limit after throttling.
func (w windowSums) state(limits Window, rpm int64, now time.Time) WindowState {
	state := WindowState{
		Scope: limits.Scope, Name: limits.Name,
		RPMLimit: rpm, TPMLimit: limits.TPM, Parallel: limits.Parallel,
		Requests: w.requests, Tokens: w.tokens, Held: max(w.held, 0), Live: w.live,
		Throttled: rpm != limits.RPM,
	}
	reset := max(time.Unix(w.charged+windowSeconds, 0).Sub(now), 0)
	if w.requests > 0 {
		state.RequestsReset = reset
	}
	if w.tokens > 0 {
		state.TokensReset = reset
	}
	return state
}
