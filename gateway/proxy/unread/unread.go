// Package unread holds whole answers until their clients have read them.
//
// It promises that what is held for one key, and in all, is bounded: beyond that the answer goes of which the client has read
// nothing for the longest time, and who reads gets all of it. It must never know what is in an answer, or what it cost.
package unread

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// part is how much of an answer is written at once.
const part = 64 << 10

// Bounds say how much is held, and for how long others wait for it.
type Bounds struct {
	// PerKey and InAll are the bytes that are held for a key and in all.
	PerKey, InAll int64
	// Patience is how long another answer waits for room before one that nobody reads is given up; 0 is three seconds.
	Patience time.Duration
}

// Answers counts the bytes of answers that wait for their clients to read them.
type Answers struct {
	Bounds

	mu    sync.Mutex
	held  map[*Held]struct{}
	byKey map[string]int64
	total int64
	// freed is closed when there is more room; nil while nobody waits for it.
	freed chan struct{}
}

// New holds answers within the bounds.
func New(bounds Bounds) *Answers {
	bounds.Patience = cmp.Or(bounds.Patience, 3*time.Second)
	return &Answers{Bounds: bounds, held: map[*Held]struct{}{}, byKey: map[string]int64{}}
}

// Held is one answer that is being read from its provider, or written to its client.
type Held struct {
	of  *Answers
	key string
	// size is the memory that it takes until its last byte is read.
	size int64
	// moved is when the client last read some of it.
	moved time.Time
	// end makes its writing fail; nil while it is read from its provider.
	end   func()
	given bool // it was given up
}

// Enter makes room for another answer of a key, that is announced to be as many bytes long or -1. It waits while others
// of the key, or of all, take the room, but not for ever.
func (a *Answers) Enter(ctx context.Context, key string, announced int64) *Held {
	h := &Held{of: a, key: key, size: max(announced, 0), moved: time.Now()}
	if freed := a.count(h, false); freed != nil {
		a.await(ctx, h, freed)
	}
	return h
}

// await counts an answer once there is room for it, or it has waited long enough.
func (a *Answers) await(ctx context.Context, h *Held, freed <-chan struct{}) {
	timer := time.NewTimer(a.Patience)
	defer timer.Stop()
	for freed != nil {
		select {
		case <-freed:
			freed = a.count(h, false)
		case <-timer.C:
			freed = a.count(h, true)
		case <-ctx.Done():
			freed = a.count(h, true)
		}
	}
}

// count counts an answer if there is room for it, or it waits no longer; else it returns what is closed when there is more.
func (a *Answers) count(h *Held, anyway bool) (freed <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if anyway || a.byKey[h.key] == 0 || a.byKey[h.key]+h.size <= a.PerKey && a.total+h.size <= a.InAll {
		a.held[h] = struct{}{}
		a.takeLocked(h, h.size)
		return nil
	}
	if a.freed == nil {
		a.freed = make(chan struct{})
	}
	return a.freed
}

// takeLocked takes so much more room for an answer. While that is too much, the one of which the client has read nothing
// for the longest time is given up.
func (a *Answers) takeLocked(h *Held, more int64) {
	a.byKey[h.key] += more
	a.total += more
	for a.byKey[h.key] > a.PerKey && a.giveUpLocked(h, h.key) {
	}
	for a.total > a.InAll && a.giveUpLocked(h, a.largestLocked(h)) {
	}
}

// write says that an answer, which takes so much memory, is written from now on, and how its writing is made to fail.
func (h *Held) write(size int64, end func()) {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	more := size - h.size
	h.size, h.moved, h.end = size, time.Now(), end
	h.of.takeLocked(h, more)
	if more < 0 {
		h.of.freeLocked()
	}
}

// giveUpLocked ends the answer of a key that has not moved for the longest time, but for the newest. It says whether there was one.
func (a *Answers) giveUpLocked(newest *Held, key string) bool {
	var stale *Held
	for h := range a.held {
		if h != newest && h.end != nil && h.key == key && (stale == nil || h.moved.Before(stale.moved)) {
			stale = h
		}
	}
	if stale == nil {
		return false
	}
	stale.given = true
	a.dropLocked(stale)
	stale.end()
	return true
}

// largestLocked is the key that most is held for, of those with an answer that can be given up.
func (a *Answers) largestLocked(newest *Held) (largest string) {
	for h := range a.held {
		if h != newest && h.end != nil && a.byKey[h.key] > a.byKey[largest] {
			largest = h.key
		}
	}
	return largest
}

func (a *Answers) dropLocked(h *Held) {
	if _, held := a.held[h]; !held {
		return
	}
	delete(a.held, h)
	a.total -= h.size
	if a.byKey[h.key] -= h.size; a.byKey[h.key] == 0 {
		delete(a.byKey, h.key)
	}
	a.freeLocked()
}

// freeLocked tells those who wait that there is more room.
func (a *Answers) freeLocked() {
	if a.freed != nil {
		close(a.freed)
		a.freed = nil
	}
}

// read notes that the client has read some more. It says whether the answer still is to be written.
func (h *Held) read() bool {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.moved = time.Now()
	return !h.given
}

// Done lets go of an answer, and says whether it had been given up.
func (h *Held) Done() bool {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.of.dropLocked(h)
	return h.given
}

// Hand writes the whole answer, as fast as the client reads it, and lets go of it. It says whether the answer was given up.
func (h *Held) Hand(w http.ResponseWriter, body []byte) (givenUp bool) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	h.write(int64(cap(body)), func() {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
	})
	for rest := body; len(rest) > 0 && h.read(); {
		n, err := w.Write(rest[:min(len(rest), part)])
		if rest = rest[n:]; err != nil {
			break // the client hung up, or read nothing
		}
	}
	return h.Done()
}
