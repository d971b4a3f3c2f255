package proxy

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// defaultUnreadPerKey and defaultUnreadInAll bound what is held of whole answers that are recorded, and that their
	// clients have not read yet. The first is no less than the longest answer.
	defaultUnreadPerKey = maxAnswer
	defaultUnreadInAll  = 4 * maxAnswer
	// unreadPatience is how long another answer waits for room before one that nobody reads is given up.
	unreadPatience = 3 * time.Second
	// handedPart is how much of an answer is written at once.
	handedPart = 64 << 10
	// reasonUnread ends an answer that its client does not read while others need the room.
	reasonUnread = "answer_unread"
)

// unread counts the bytes of answers that wait for their clients to read them.
type unread struct {
	perKey, inAll int64

	mu    sync.Mutex
	held  map[*heldAnswer]struct{}
	byKey map[string]int64
	total int64
	// freed is closed when there is more room, and made anew.
	freed chan struct{}
}

func newUnread(perKey, inAll int64) *unread {
	return &unread{
		perKey: cmp.Or(perKey, defaultUnreadPerKey), inAll: cmp.Or(inAll, defaultUnreadInAll),
		held: map[*heldAnswer]struct{}{}, byKey: map[string]int64{}, freed: make(chan struct{}),
	}
}

// heldAnswer is one answer that is being written.
type heldAnswer struct {
	of  *unread
	key string
	// size is the memory that it takes until its last byte is read.
	size int64
	// moved is when the client last read some of it.
	moved time.Time
	end   func()
	given bool // it was given up
}

// await returns when there is room for another answer of a key, or has waited for long enough.
func (u *unread) await(ctx context.Context, key string) {
	patience := time.NewTimer(unreadPatience)
	defer patience.Stop()
	for {
		u.mu.Lock()
		full, freed := u.fullLocked(key), u.freed
		u.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-freed:
		case <-patience.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (u *unread) fullLocked(key string) bool { return u.byKey[key] >= u.perKey || u.total >= u.inAll }

// hold counts an answer. While that is too much, the one of which the client has read nothing for the longest time is
// given up: end must make its writing fail.
func (u *unread) hold(key string, size int64, end func()) *heldAnswer {
	u.mu.Lock()
	defer u.mu.Unlock()
	h := &heldAnswer{of: u, key: key, size: size, moved: time.Now(), end: end}
	u.held[h] = struct{}{}
	u.byKey[key] += size
	u.total += size
	for u.byKey[key] > u.perKey && u.giveUpLocked(h, key) {
	}
	for u.total > u.inAll && u.giveUpLocked(h, u.largestLocked()) {
	}
	return h
}

// giveUpLocked ends the answer of a key that has not moved for the longest time, but for the newest. It says whether there was one.
func (u *unread) giveUpLocked(newest *heldAnswer, key string) bool {
	var stale *heldAnswer
	for h := range u.held {
		if h != newest && h.key == key && (stale == nil || h.moved.Before(stale.moved)) {
			stale = h
		}
	}
	if stale == nil {
		return false
	}
	stale.given = true
	u.dropLocked(stale)
	stale.end()
	return true
}

// largestLocked is the key that most is held for.
func (u *unread) largestLocked() (largest string) {
	for key, size := range u.byKey {
		if size > u.byKey[largest] {
			largest = key
		}
	}
	return largest
}

func (u *unread) dropLocked(h *heldAnswer) {
	if _, held := u.held[h]; !held {
		return
	}
	delete(u.held, h)
	u.total -= h.size
	if u.byKey[h.key] -= h.size; u.byKey[h.key] == 0 {
		delete(u.byKey, h.key)
	}
	close(u.freed)
	u.freed = make(chan struct{})
}

// read notes that the client has read some more. It says whether the answer still is to be written.
func (h *heldAnswer) read() bool {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.moved = time.Now()
	return !h.given
}

// done lets go of an answer, and says whether it had been given up.
func (h *heldAnswer) done() bool {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.of.dropLocked(h)
	return h.given
}

// reader is who reads a call's answer.
func (c *call) reader() string { return cmp.Or(c.subject.Key.KeyID, "team "+c.subject.Slot) }

// hand writes a whole answer, as fast as the client reads it.
func (p *Proxy) hand(w http.ResponseWriter, c *call, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	held := p.unread.hold(c.reader(), int64(cap(body)), func() {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
	})
	for rest := body; len(rest) > 0 && held.read(); {
		n, err := w.Write(rest[:min(len(rest), handedPart)])
		if rest = rest[n:]; err != nil {
			break // the client hung up, or read nothing
		}
	}
	if held.done() {
		c.reason = reasonUnread
		panic(http.ErrAbortHandler)
	}
}
