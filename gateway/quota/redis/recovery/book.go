// Package recovery tells Redis again what it has lost: in a failover, a restart, or while a gateway decided without it.
//
// It promises that nothing is told twice to a Redis that knows it, that what was settled is in the record before a
// counter is filled from there, and that nobody spends from what one gateway has not told yet.
// It must never know how a request is decided.
package recovery

import (
	"fmt"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
)

const (
	// heldKept is how long this process believes in a reservation that it does not renew. Somebody else
	// has booked it by then, and telling Redis of it again would book it twice.
	heldKept = time.Minute
)

// Held is what a gateway knows of a reservation beyond what it sends when it settles.
type Held struct {
	quota.Reservation

	// alive is when this process last reserved or renewed it, by its own clock.
	alive time.Time
	// unheard: it has ended, and Redis has not answered to that.
	unheard bool
}

// Counters are the keys of the counters that the reservation's budgets are spent from.
func (h *Held) Counters(keys script.Keys) []string {
	if h == nil || len(h.Request.Budgets) == 0 {
		return nil
	}
	counters := make([]string, len(h.Request.Budgets))
	for i, budget := range h.Request.Budgets {
		counters[i] = keys.Counter(budget.Scope, h.Request.Slot, h.Decision.Budgets[i].Period)
	}
	return counters
}

// Book is what this process knows of its reservations and settlements, and Redis may lose.
type Book struct {
	keys script.Keys
	// recentKept is how long a settlement can be told to Redis again.
	recentKept time.Duration

	mu sync.Mutex
	// told is the epoch that this process has told everything it knows to, "" while it has not.
	told string
	// held are the reservations that this process made and has not settled.
	held map[string]*Held
	// back are the ids of reservations that are being taken back, until Redis has said that they are.
	back map[string]bool
	// logs are what this process has changed lately, by slot.
	logs map[string]*Log
	// owed are the slots in which Redis has to be told something before it decides again.
	owed map[string]*debt
}

// NewBook returns a book that knows nothing yet. It keeps settlements for so long, or [RecentKept] when that is 0.
func NewBook(keys script.Keys, recentKept time.Duration) *Book {
	if recentKept == 0 {
		recentKept = RecentKept
	}
	return &Book{
		keys: keys, recentKept: recentKept, held: make(map[string]*Held), back: make(map[string]bool),
		logs: make(map[string]*Log), owed: make(map[string]*debt),
	}
}

// Hold keeps a reservation, unless another epoch than the one it was made in has begun: what was kept
// before that is told to the new one, this would not be. Redis has lost it, and has to be asked again.
func (b *Book) Hold(held *Held, epoch string) (holds bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != "" && b.told != epoch {
		return false, nil
	}
	if b.back[held.Request.ID] { // another try under this id was not answered
		return false, errTakenBack(held.Request.ID)
	}
	held.alive = time.Now()
	b.held[held.Request.ID] = held
	return true, nil
}

// Held is the reservation of an id that this process made and has not settled, nil when there is none.
func (b *Book) Held(id string) *Held {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[id]
}

// Release forgets a reservation that has ended.
func (b *Book) Release(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, id)
}

// KeepAlive notes that reservations were renewed.
func (b *Book) KeepAlive(checkpoints []quota.Checkpoint, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range checkpoints {
		if held := b.held[c.ID]; held != nil {
			held.alive = now
		}
	}
}

// EndUnheard notes that a reservation has ended and Redis has not answered to that, and says whether that is news.
func (b *Book) EndUnheard(held *Held) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := !held.unheard
	held.unheard = true
	return first
}

// TakeBack says whether a reservation that Redis may have made without anybody hearing of it has to be taken back: not if
// another try under its id did hear of it. That one is live.
func (b *Book) TakeBack(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held[id] != nil {
		return false
	}
	b.back[id] = true
	return true
}

// TakesBack is an error while the id's reservation is being taken back. Nothing may be held under its id: the cancellation
// that is on its way would end it.
func (b *Book) TakesBack(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.back[id] {
		return errTakenBack(id)
	}
	return nil
}

func errTakenBack(id string) error {
	return fmt.Errorf("reserve %s: an earlier try under this id is being taken back: %w", id, quota.ErrEnded)
}

// TookBack forgets an id: from now on Redis says that it has ended.
func (b *Book) TookBack(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.back, id)
}

func (b *Book) heldIn(slot string) (found []*Held) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, held := range b.held {
		if held.Request.Slot == slot && now.Sub(held.alive) < heldKept {
			found = append(found, held)
		}
	}
	return found
}

// activeSlots are those in which this process holds or has just settled something, or has more to lose.
func (b *Book) activeSlots(now time.Time, more func(slot string) bool) (slots []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	holding := make(map[string]bool)
	for id, held := range b.held {
		if now.Sub(held.alive) > quota.Remembered {
			delete(b.held, id)
			continue
		}
		holding[held.Request.Slot] = true
	}
	for slot, log := range b.logs {
		if log.active(now) || holding[slot] || more(slot) {
			slots = append(slots, slot)
		}
	}
	return slots
}

func (b *Book) toldEpoch() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

func (b *Book) tellEpoch(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = name
}
