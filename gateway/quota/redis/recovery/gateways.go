package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

const (
	// epochGrace is how long budgets stay closed when a gateway that has just started finds an empty Redis:
	// every other one that lives beats meanwhile.
	epochGrace = 1500 * time.Millisecond
	// epochPatience is how long budgets stay closed at most for gateways that do not come back.
	epochPatience = 5 * time.Second
	// gatewayAlive is how long after its last beat a gateway counts as alive.
	gatewayAlive = 5 * time.Second
	// epochKept is how long an epoch outlives the last beat of all gateways.
	epochKept = 10 * time.Second
	// epochPoll is how often a gateway that starts looks whether budgets are open.
	epochPoll = 50 * time.Millisecond
)

// Gateways are those that share the counters, and the epoch that the counters are in: it ends when they are lost.
type Gateways struct {
	recovery *Recovery
	options  GatewayOptions

	// attending lets one call at a time tell Redis what it has lost.
	attending sync.Mutex

	mu sync.Mutex
	// known are those that lived at the last beat, this one among them; none before the first.
	known []string
}

// GatewayOptions adjust [Gateways].
type GatewayOptions struct {
	// Strict keeps hard budgets closed after a loss until every gateway has told what it knows.
	Strict bool
	// Manual: beats are the caller's, for tests.
	Manual bool
}

// NewGateways returns gateways of which none is known yet.
func NewGateways(recovery *Recovery, options GatewayOptions) *Gateways {
	return &Gateways{recovery: recovery, options: options}
}

// Attend beats, and tells Redis everything again when it has lost its memory since the last beat.
func (g *Gateways) Attend(ctx context.Context) (open bool, err error) {
	g.attending.Lock()
	defer g.attending.Unlock()
	told := g.recovery.Book.toldEpoch()
	for range wire.Attempts {
		current, open, err := g.beat(ctx, told)
		if err != nil {
			return false, err
		}
		if current == told {
			return open, nil
		}
		if err := g.tellAgain(ctx, told); err != nil {
			return false, err
		}
		told = current
		g.recovery.Book.tellEpoch(current)
	}
	return false, fmt.Errorf("%w: it keeps losing what it is told", quota.ErrUnavailable)
}

// beat is one call of epoch.lua.
func (g *Gateways) beat(ctx context.Context, told string) (current string, open bool, err error) {
	args := []any{
		g.recovery.Conn.Clock(), g.recovery.Replica, told, ulid.Make().String(), epochGrace.Microseconds(), epochPatience.Microseconds(),
		gatewayAlive.Microseconds(), epochKept.Microseconds(),
	}
	for _, gateway := range g.names() {
		args = append(args, gateway)
	}
	answer, err := g.recovery.Conn.Call(ctx, g.recovery.Conn.Scripts.Epoch, g.recovery.Conn.Keys.Gateways(), args)
	if err != nil {
		return "", false, fmt.Errorf("tell Redis that this gateway lives: %w", err)
	}
	current, open = answer.Text(), answer.Int() == 1
	answer.Int()
	names := make([]string, 0, 8)
	for _, name := range answer.List() {
		text, _ := name.(string)
		names = append(names, text)
	}
	g.mu.Lock()
	g.known = names
	g.mu.Unlock()
	return current, open, answer.Err
}

// tellAgain restores every slot that this process knows anything of. From its first line on no
// reservation is taken for made until the new epoch is told: one that is answered meanwhile is made again.
func (g *Gateways) tellAgain(ctx context.Context, before string) error {
	g.recovery.Book.tellEpoch("")
	g.recovery.Slots.Forget()
	slots := g.recovery.Book.activeSlots(time.Now(), g.recovery.Streams.Has)
	for _, slot := range slots {
		if err := g.recovery.restoreNow(ctx, slot, g.recovery.Book.Log(slot)); err != nil {
			return err
		}
	}
	if before != "" {
		g.recovery.Logger.WarnContext(ctx, "redis has lost its memory; it was told what this gateway knows", slog.Int("slots", len(slots)))
	}
	return nil
}

// Arrive makes this gateway known to the others.
func (g *Gateways) Arrive(ctx context.Context) error {
	var err error
	switch {
	case g.options.Strict:
		err = g.awaitOpen(ctx)
	case !g.options.Manual:
		_, err = g.Attend(ctx)
	}
	if err != nil {
		return fmt.Errorf("join the gateways at Redis: %w", err)
	}
	return nil
}

// awaitOpen returns when budgets are open, so that a gateway serves nothing before.
func (g *Gateways) awaitOpen(ctx context.Context) error {
	ticker := time.NewTicker(epochPoll)
	defer ticker.Stop()
	for {
		open, err := g.Attend(ctx)
		if err != nil || open {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Leave lets other gateways not wait for this one.
func (g *Gateways) Leave(ctx context.Context) error {
	_, err := g.recovery.Conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		pipe.ZRem(ctx, g.recovery.Conn.Keys.Gateways()+":live", g.recovery.Replica)
		pipe.SRem(ctx, g.recovery.Conn.Keys.Gateways()+":awaited", g.recovery.Replica)
		return nil
	})
	if err != nil {
		return fmt.Errorf("take leave of Redis: %w", err)
	}
	return nil
}

func (g *Gateways) names() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known
}

// Expect says which epoch reservations count on, "" when they do not.
func (g *Gateways) Expect(ctx context.Context) (string, error) {
	if !g.options.Strict || g.recovery.Conn.Clustered() { // the epoch is on one server of a Cluster only
		return "", nil
	}
	told := g.recovery.Book.toldEpoch()
	if told == "" {
		if _, err := g.Attend(ctx); err != nil {
			return "", err
		}
		told = g.recovery.Book.toldEpoch()
	}
	return told, nil
}

// Count is how many lived at the last beat, this one among them; 1 before the first.
func (g *Gateways) Count() int { return max(len(g.names()), 1) }

// Others says since when each of the other gateways has been there that lived at the last beat, by its own clock.
func (g *Gateways) Others() []time.Time {
	var began []time.Time
	for _, gateway := range g.names() {
		id, err := ulid.ParseStrict(gateway)
		if err != nil || gateway == g.recovery.Replica {
			continue
		}
		began = append(began, id.Timestamp())
	}
	return began
}

// sightingKept is how long a sighting of the record lives.
const sightingKept = 10 * time.Second

// NoteSighting writes down that a gateway has reached the record, for others that cannot. A value that is another
// each time tells when nobody writes any more.
func (g *Gateways) NoteSighting(ctx context.Context, value string) error {
	bounded, cancel := g.recovery.Conn.Deadline(ctx)
	defer cancel()
	return g.recovery.Conn.Noted(ctx, g.recovery.Conn.Client.Set(bounded, g.recovery.Conn.Keys.Gateways()+":record", value, sightingKept).Err())
}

// LastSighting returns the value of the last [Engine.NoteSighting] of any gateway, "" when there was none lately.
func (g *Gateways) LastSighting(ctx context.Context) (string, error) {
	bounded, cancel := g.recovery.Conn.Deadline(ctx)
	defer cancel()
	value, err := g.recovery.Conn.Client.Get(bounded, g.recovery.Conn.Keys.Gateways()+":record").Result()
	if errors.Is(err, goredis.Nil) {
		value, err = "", nil
	}
	return value, g.recovery.Conn.Noted(ctx, err)
}
