package quota

import "time"

// WindowSeconds are the 60 seconds of a limit and the second under way. Counting the oldest
// second in full is what makes the limit hold in any 60 seconds and not only in some.
const WindowSeconds = 61

// window counts one scope in one-second buckets. Its sums are what is charged in the
// WindowSeconds that end with second.
type window struct {
	WindowSums
	second  int64                 // unix second that the window was last moved to
	buckets [WindowSeconds]bucket // by unix second modulo windowSeconds
}

// WindowSums is what an engine counts of a window.
type WindowSums struct {
	// Charged is the unix second of the latest request.
	Charged  int64
	Requests int64
	Tokens   int64
	// Held is the part of Tokens that calls under way have reserved; the rest is used for good.
	Held int64
	// Live is how many calls are under way.
	Live int64
}

type bucket struct {
	requests int64
	tokens   int64
	held     int64
}

// advance moves the window to a second and forgets what has left it.
// A clock that went back leaves the window where it is.
func (w *window) advance(second int64) {
	gone := min(second-w.second, WindowSeconds)
	for i := int64(1); i <= gone; i++ {
		old := &w.buckets[(w.second+i)%WindowSeconds]
		w.Requests -= old.requests
		w.Tokens -= old.tokens
		w.Held -= old.held
		*old = bucket{}
	}
	w.second = max(w.second, second)
}

// charge books a request and its tokens on the current second, which it returns.
func (w *window) charge(tokens int64) (second int64) {
	current := &w.buckets[w.second%WindowSeconds]
	current.requests++
	current.tokens += tokens
	current.held += tokens
	w.Requests++
	w.Tokens += tokens
	w.Held += tokens
	w.Live++
	w.Charged = w.second
	return w.second
}

// release ends a live request: the tokens that it used take the place of those that it held where they were
// charged, or nowhere if that second has left the window.
func (w *window) release(second, held, used int64) {
	w.Live = max(w.Live-1, 0)
	w.adjust(second, used-held)
	if second > w.second-WindowSeconds {
		w.buckets[second%WindowSeconds].held -= held
		w.Held -= held
	}
}

// takeBack takes a request out of the second it was charged on, if that is still in the window.
func (w *window) takeBack(second int64) {
	if second <= w.second-WindowSeconds {
		return
	}
	w.buckets[second%WindowSeconds].requests--
	w.Requests--
}

func (w *window) adjust(second, tokens int64) {
	if second <= w.second-WindowSeconds {
		return
	}
	w.buckets[second%WindowSeconds].tokens += tokens
	w.Tokens += tokens
}

// wait is after how long at least excess has left the window.
func (w *window) wait(excess int64, of func(bucket) int64, now time.Time) time.Duration {
	for second := max(w.second-WindowSeconds+1, 0); second <= w.second; second++ {
		excess -= of(w.buckets[second%WindowSeconds])
		if excess <= 0 {
			return time.Unix(second+WindowSeconds, 0).Sub(now)
		}
	}
	return time.Minute
}

func requestsOf(b bucket) int64 { return b.requests }
func tokensOf(b bucket) int64   { return b.tokens }

// settled is what calls that have ended have used of the tokens.
func (w WindowSums) settled() int64 { return w.Tokens - max(w.Held, 0) }

// State describes the window to callers; rpm is the limit after throttling.
func (w WindowSums) State(limits Window, rpm int64, now time.Time) WindowState {
	state := WindowState{
		Scope: limits.Scope, Name: limits.Name,
		RPMLimit: rpm, TPMLimit: limits.TPM, Parallel: limits.Parallel,
		Requests: w.Requests, Tokens: w.Tokens, Held: max(w.Held, 0), Live: w.Live,
		Throttled: rpm != limits.RPM,
	}
	reset := max(time.Unix(w.Charged+WindowSeconds, 0).Sub(now), 0)
	if w.Requests > 0 {
		state.RequestsReset = reset
	}
	if w.Tokens > 0 {
		state.TokensReset = reset
	}
	return state
}
