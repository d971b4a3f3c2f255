package redis

import (
	"runtime"
	"sync"
	"time"
)

// maxGroup is how many calls one script answers at most; a Redis that works on them serves nobody else meanwhile.
const maxGroup = 64

// orderOf orders what Redis has decided in a slot: by its time, and within a group one after the other.
func orderOf(now time.Time, number int) int64 { return now.UnixMicro()*maxGroup + int64(number) }

// groups gathers what many callers ask of one slot at once, so that one script answers them all, one after the other.
// A call that is alone goes alone, and at once. One group of a slot is under way at a time: what is asked
// meanwhile goes with the next. Slots do not wait for each other.
type groups[T any] struct {
	// answer answers a group and returns when every caller knows.
	answer func(slot string, group []T)

	mu      sync.Mutex
	waiting map[string][]T // of the slots that have a group under way
	running sync.WaitGroup
}

func newGroups[T any](answer func(slot string, group []T)) *groups[T] {
	return &groups[T]{answer: answer, waiting: make(map[string][]T)}
}

func (g *groups[T]) ask(slot string, call T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting, busy := g.waiting[slot]
	g.waiting[slot] = append(waiting, call)
	if !busy {
		g.running.Go(func() { g.run(slot) })
	}
}

// run answers groups of a slot until nobody waits.
func (g *groups[T]) run(slot string) {
	for {
		// Those that can run now may have something to ask too; when nothing else runs, this costs nothing.
		runtime.Gosched()
		group := g.next(slot)
		if len(group) == 0 {
			return
		}
		g.answer(slot, group)
	}
}

func (g *groups[T]) next(slot string) []T {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.waiting[slot]
	n := min(len(waiting), maxGroup)
	if n == 0 {
		delete(g.waiting, slot)
		return nil
	}
	g.waiting[slot] = waiting[n:]
	return waiting[:n:n]
}

// close waits for the groups under way; nobody asks any more.
func (g *groups[T]) close() { g.running.Wait() }
