package redis

import (
	"context"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// TogetherForTest makes calls of one slot that go to Redis as one group, in their order. They must all be
// reservations or all settlements.
func TogetherForTest(r *Engine, slot string, calls []func()) {
	r.reserves.holdForTest(slot)
	r.settles.holdForTest(slot)
	var made sync.WaitGroup
	for _, call := range calls {
		before, ended := r.askingForTest(slot), make(chan struct{})
		made.Go(func() {
			defer close(ended)
			call()
		})
		for waits := true; waits && r.askingForTest(slot) == before; {
			select {
			case <-ended: // it had nothing to ask
				waits = false
			default:
				runtime.Gosched()
			}
		}
	}
	go r.reserves.run(slot)
	go r.settles.run(slot)
	made.Wait()
}

// KeepSettledForTest changes for how long a settlement can be told to Redis again.
func KeepSettledForTest(options *Options, kept time.Duration) { options.settledKept = kept }

// MeanwhileForTest makes a call that asks Redis in a slot, and another one before Redis has answered, while Redis counts as away.
func MeanwhileForTest(r *Engine, slot string, call, meanwhile func()) {
	r.reserves.holdForTest(slot)
	var made sync.WaitGroup
	made.Go(call)
	for r.reserves.lenForTest(slot) == 0 {
		runtime.Gosched()
	}
	for range wire.BreakerFailures {
		r.conn.Breaker.Failed(time.Now())
	}
	meanwhile()
	r.conn.Breaker.Succeeded(time.Now())
	go r.reserves.run(slot)
	made.Wait()
}

func (g *groups[T]) holdForTest(slot string) {
	for {
		g.mu.Lock()
		_, busy := g.waiting[slot]
		if !busy {
			g.waiting[slot] = nil
		}
		g.mu.Unlock()
		if !busy {
			return
		}
		runtime.Gosched()
	}
}

func (r *Engine) askingForTest(slot string) int {
	return r.reserves.lenForTest(slot) + r.settles.lenForTest(slot)
}

func (g *groups[T]) lenForTest(slot string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting[slot])
}

// RewriteForTest changes the text of every script before it is sent to Redis.
func RewriteForTest(options *Options, rewrite func(script string) string) {
	options.rewrite = rewrite
}

// BeforeStepForTest calls a function before each step of a transfer between a pot's home and a slot.
// What it returns ends the transfer there, as the death of the gateway would.
func BeforeStepForTest(options *Options, before func(step string) error) {
	options.beforeStep = before
}

// DialForTest connects to the servers of a Redis Cluster in another way.
func DialForTest(options *Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	options.dial = dial
}
