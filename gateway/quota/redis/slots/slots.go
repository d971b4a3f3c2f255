// Package slots is the list of slots that gateways have named, so that others reap and drain them when one dies.
//
// It promises that no single server of a Redis Cluster takes a slot off the list. It must never know what a slot counts.
package slots

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// List is the list of slots that gateways have named, which all gateways share.
type List struct {
	conn *wire.Conn

	mu sync.Mutex
	// named is when this process told Redis of a slot.
	named map[string]time.Time
}

// New returns a list of which this process has named nothing yet.
func New(conn *wire.Conn) *List {
	return &List{conn: conn, named: make(map[string]time.Time)}
}

// Name tells Redis of the slot, so that other gateways reap and drain it when this one dies.
func (l *List) Name(ctx context.Context, slot string) error {
	now := time.Now()
	l.mu.Lock()
	named, known := l.named[slot]
	l.mu.Unlock()
	if known && now.Sub(named) < time.Hour {
		return nil
	}
	if !l.conn.Breaker.Allows(time.Now()) {
		return wire.ErrOpen
	}
	bounded, cancel := l.conn.Deadline(ctx)
	defer cancel()
	if err := l.conn.Noted(ctx, l.nameNow(bounded, now, slot)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.named[slot] = now
	return nil
}

func (l *List) nameNow(ctx context.Context, now time.Time, slot string) error {
	if l.conn.Clustered() {
		return l.nameOnCluster(ctx, now, slot)
	}
	return l.conn.Client.ZAdd(ctx, l.conn.Keys.Slots(), goredis.Z{Score: float64(now.Unix()), Member: slot}).Err()
}

// All lists the slots that any gateway has named, in order.
func (l *List) All(ctx context.Context) ([]string, error) {
	if l.conn.Clustered() {
		slots, err := l.allOnCluster(ctx)
		return slots, l.conn.Noted(ctx, err)
	}
	slots, err := l.conn.Client.ZRangeByLex(ctx, l.conn.Keys.Slots(), &goredis.ZRangeBy{Min: "-", Max: "+"}).Result()
	return slots, l.conn.Noted(ctx, err)
}

// listTags spread the copies of the list of slots over the masters of a Cluster: each tag is in the middle of a third
// of all hash slots. A slot that is on no list would be reaped and drained by nobody, so one lost server must not take it.
var listTags = []string{"32", "16", "26"}

// nameOnCluster puts slots on every copy of the list.
func (l *List) nameOnCluster(ctx context.Context, now time.Time, slots ...string) error {
	members := make([]goredis.Z, len(slots))
	for i, slot := range slots {
		members[i] = goredis.Z{Score: float64(now.Unix()), Member: slot}
	}
	_, err := l.conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for _, tag := range listTags {
			pipe.ZAdd(ctx, l.conn.Keys.SlotsCopy(tag), members...)
		}
		return nil
	})
	return err
}

// allOnCluster lists the slots of all copies and puts those that a copy has lost back on it.
// One copy that cannot be read is no reason to forget the others.
func (l *List) allOnCluster(ctx context.Context) ([]string, error) {
	found := make(map[string]int)
	var slots []string
	var errs []error
	for _, tag := range listTags {
		copied, err := l.conn.Client.ZRangeByLex(ctx, l.conn.Keys.SlotsCopy(tag), &goredis.ZRangeBy{Min: "-", Max: "+"}).Result()
		errs = append(errs, err)
		for _, slot := range copied {
			if found[slot]++; found[slot] == 1 {
				slots = append(slots, slot)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		if len(slots) > 0 {
			return slots, nil
		}
		return nil, err
	}
	var missing []string
	for slot, copies := range found {
		if copies < len(listTags) {
			missing = append(missing, slot)
		}
	}
	if len(missing) > 0 {
		return slots, l.nameOnCluster(ctx, time.Now(), missing...)
	}
	return slots, nil
}

// Forget has the given slots named again before they are used, or all of them when none is given: Redis may have lost them.
func (l *List) Forget(slots ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(slots) == 0 {
		clear(l.named)
	}
	for _, slot := range slots {
		delete(l.named, slot)
	}
}
