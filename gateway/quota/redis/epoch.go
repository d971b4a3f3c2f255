package redis

import (
	"context"
	"fmt"
	"log/slog"
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

// epoch is what this process knows of the life that the counters are in.
type epoch struct {
	// told is the epoch that this process has told everything it knows to, "" while it has not.
	told string
	// gateways are those that lived at the last beat, this one among them; none before the first.
	gateways []string
}

// attend beats, and tells Redis everything again when it has lost its memory since the last beat.
func (r *Engine) attend(ctx context.Context) (open bool, err error) {
	r.attending.Lock()
	defer r.attending.Unlock()
	told := r.toldEpoch()
	for range wire.Attempts {
		current, open, err := r.beat(ctx, told)
		if err != nil {
			return false, err
		}
		if current == told {
			return open, nil
		}
		if err := r.tellAgain(ctx, told); err != nil {
			return false, err
		}
		told = current
		r.tellEpoch(current)
	}
	return false, fmt.Errorf("%w: it keeps losing what it is told", quota.ErrUnavailable)
}

// beat is one call of epoch.lua.
func (r *Engine) beat(ctx context.Context, told string) (current string, open bool, err error) {
	args := []any{
		r.conn.Clock(), r.replica, told, ulid.Make().String(), epochGrace.Microseconds(), epochPatience.Microseconds(),
		gatewayAlive.Microseconds(), epochKept.Microseconds(),
	}
	for _, gateway := range r.knownGateways() {
		args = append(args, gateway)
	}
	answer, err := r.conn.Call(ctx, r.conn.Scripts.Epoch, r.conn.Keys.Gateways(), args)
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
	r.mu.Lock()
	r.epoch.gateways = names
	r.mu.Unlock()
	return current, open, answer.Err
}

// tellAgain restores every slot that this process knows anything of. From its first line on no
// reservation is taken for made until the new epoch is told: one that is answered meanwhile is made again.
func (r *Engine) tellAgain(ctx context.Context, before string) error {
	r.tellEpoch("")
	r.slots.Forget()
	slots := r.activeSlots(time.Now())
	for _, slot := range slots {
		if err := r.restoreNow(ctx, slot, r.logOf(slot)); err != nil {
			return err
		}
	}
	if before != "" {
		r.options.Logger.WarnContext(ctx, "redis has lost its memory; it was told what this gateway knows", slog.Int("slots", len(slots)))
	}
	return nil
}

// arrive makes this gateway known to the others.
func (r *Engine) arrive(ctx context.Context) error {
	var err error
	switch {
	case r.options.StrictRecovery:
		err = r.awaitOpen(ctx)
	case !r.options.Manual:
		_, err = r.attend(ctx)
	}
	if err != nil {
		return fmt.Errorf("join the gateways at Redis: %w", err)
	}
	return nil
}

// awaitOpen returns when budgets are open, so that a gateway serves nothing before.
func (r *Engine) awaitOpen(ctx context.Context) error {
	ticker := time.NewTicker(epochPoll)
	defer ticker.Stop()
	for {
		open, err := r.attend(ctx)
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

// leave lets other gateways not wait for this one.
func (r *Engine) leave(ctx context.Context) error {
	_, err := r.conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		pipe.ZRem(ctx, r.conn.Keys.Gateways()+":live", r.replica)
		pipe.SRem(ctx, r.conn.Keys.Gateways()+":awaited", r.replica)
		return nil
	})
	if err != nil {
		return fmt.Errorf("take leave of Redis: %w", err)
	}
	return nil
}

func (r *Engine) toldEpoch() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch.told
}

func (r *Engine) tellEpoch(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch.told = name
}

func (r *Engine) knownGateways() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch.gateways
}

// expectEpoch says which epoch reservations count on, "" when they do not.
func (r *Engine) expectEpoch(ctx context.Context) (string, error) {
	if !r.options.StrictRecovery || r.conn.Clustered() { // the epoch is on one server of a Cluster only
		return "", nil
	}
	told := r.toldEpoch()
	if told == "" {
		if _, err := r.attend(ctx); err != nil {
			return "", err
		}
		told = r.toldEpoch()
	}
	return told, nil
}

// lostEpoch answers a reservation that found another epoch than it counted on.
func (r *Engine) lostEpoch(ctx context.Context) error {
	_, err := r.attend(ctx)
	return err
}
