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
	// freed is closed when there is more room; nil while nobody waits for it.
	freed chan struct{}
}

func newUnread(perKey, inAll int64) *unread {
	return &unread{
		perKey: cmp.Or(perKey, defaultUnreadPerKey), inAll: cmp.Or(inAll, defaultUnreadInAll),
		held: map[*heldAnswer]struct{}{}, byKey: map[string]int64{},
	}
}

// heldAnswer is one answer that is being read from its provider, or written to its client.
type heldAnswer struct {
	of  *unread
	key string
	// size is the memory that it takes until its last byte is read.
	size int64
	// moved is when the client last read some of it.
	moved time.Time
	// end makes its writing fail; nil while it is read from its provider.
	end   func()
	given bool // it was given up
}

// enter makes room for another answer of a key, that is announced to be as many bytes long or -1. It waits while others
// of the key, or of all, take the room, but not for ever.
func (u *unread) enter(ctx context.Context, key string, announced int64) *heldAnswer {
	h := &heldAnswer{of: u, key: key, size: min(max(announced, 0), maxAnswer), moved: time.Now()}
	if freed := u.count(h, false); freed != nil {
		u.await(ctx, h, freed)
	}
	return h
}

// await counts an answer once there is room for it, or it has waited long enough.
func (u *unread) await(ctx context.Context, h *heldAnswer, freed <-chan struct{}) {
	patience := time.NewTimer(unreadPatience)
	defer patience.Stop()
	for freed != nil {
		select {
		case <-freed:
			freed = u.count(h, false)
		case <-patience.C:
			freed = u.count(h, true)
		case <-ctx.Done():
			freed = u.count(h, true)
		}
	}
}

// count counts an answer if there is room for it, or it waits no longer; else it returns what is closed when there is more.
func (u *unread) count(h *heldAnswer, anyway bool) (freed <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if anyway || u.byKey[h.key] == 0 || u.byKey[h.key]+h.size <= u.perKey && u.total+h.size <= u.inAll {
		u.held[h] = struct{}{}
		u.takeLocked(h, h.size)
		return nil
	}
	if u.freed == nil {
		u.freed = make(chan struct{})
	}
	return u.freed
}

// takeLocked takes so much more room for an answer. While that is too much, the one of which the client has read nothing
// for the longest time is given up.
func (u *unread) takeLocked(h *heldAnswer, more int64) {
	u.byKey[h.key] += more
	u.total += more
	for u.byKey[h.key] > u.perKey && u.giveUpLocked(h, h.key) {
	}
	for u.total > u.inAll && u.giveUpLocked(h, u.largestLocked()) {
	}
}

// write says that an answer, which takes so much memory, is written from now on, and how its writing is made to fail.
func (h *heldAnswer) write(size int64, end func()) {
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
func (u *unread) giveUpLocked(newest *heldAnswer, key string) bool {
	var stale *heldAnswer
	for h := range u.held {
		if h != newest && h.end != nil && h.key == key && (stale == nil || h.moved.Before(stale.moved)) {
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
	u.freeLocked()
}

// freeLocked tells those who wait that there is more room.
func (u *unread) freeLocked() {
	if u.freed != nil {
		close(u.freed)
		u.freed = nil
	}
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
func (p *Proxy) hand(w http.ResponseWriter, c *call, held *heldAnswer, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	held.write(int64(cap(body)), func() {
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
