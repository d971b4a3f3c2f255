package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
)

const (
	// drainGroup is the consumer group that all gateways drain in.
	drainGroup = "record"
	// drainCount is how many entries go to the record at once.
	drainCount = 500
	// drainPause gathers entries: the record is that much behind what is settled.
	drainPause = 20 * time.Millisecond
	// failurePause is how long the next try waits when one fails.
	failurePause = 100 * time.Millisecond
	// drainClaim is after how long an entry that another gateway took and did not record is taken over.
	drainClaim = 30 * time.Second
	// drainSweep is how often all slots are looked at, those of gateways that died included.
	drainSweep = 10 * time.Second
)

// Drain moves everything that was settled, by any gateway, to the record.
func (r *Engine) Drain(ctx context.Context) error {
	if err := r.retryPending(ctx); err != nil {
		return err
	}
	if err := r.drainWritten(ctx); err != nil {
		return err
	}
	slots, err := r.slots.All(ctx)
	if err != nil {
		return fmt.Errorf("list slots: %w", err)
	}
	for _, slot := range slots {
		if err := r.drainSlot(ctx, slot, r.fresh, r.unfinished, r.abandoned); err != nil {
			return err
		}
	}
	return errors.Join(r.tellPots(ctx), r.SweepPots(ctx))
}

// drainDirty repeats what was not answered and moves what this gateway has put into streams.
func (r *Engine) drainDirty(ctx context.Context) error {
	if err := r.retryPending(ctx); err != nil {
		return err
	}
	if err := r.drainWritten(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	dirty := r.dirty
	r.dirty = make(map[string]bool)
	r.mu.Unlock()
	for slot := range dirty {
		if err := r.drainSlot(ctx, slot, r.fresh, r.unfinished); err != nil {
			r.markDirty(slot)
			return err
		}
	}
	return r.tellPots(ctx)
}

func (r *Engine) markDirty(slot string) {
	r.mu.Lock()
	r.dirty[slot] = true
	r.mu.Unlock()
	r.wakeDrain()
}

func (r *Engine) wakeDrain() {
	select {
	case r.dirtyWake <- struct{}{}:
	default:
	}
}

// drainLoop drains soon after something was settled, and everything once in a while.
func (r *Engine) drainLoop(ctx context.Context) {
	sweep := time.NewTicker(drainSweep)
	defer sweep.Stop()
	for {
		drain := r.drainDirty
		select {
		case <-ctx.Done():
			return
		case <-r.dirtyWake:
		case <-sweep.C:
			drain = r.Drain
		}
		if err := drain(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.Warn("the record is behind", slog.Any("error", err))
			r.pause(ctx, failurePause)
			r.wakeDrain()
			continue
		}
		// What is settled meanwhile goes to the record together.
		r.pause(ctx, drainPause)
	}
}

func (r *Engine) pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// entrySource is where entries of a slot are taken from.
type entrySource func(ctx context.Context, slot string) ([]goredis.XMessage, error)

// drainSlot moves all entries of the sources, one after the other. Fresh entries come before
// unfinished ones: those whose delivery got lost are unfinished then.
func (r *Engine) drainSlot(ctx context.Context, slot string, sources ...entrySource) error {
	for _, source := range sources {
		for {
			n, err := r.drainBatch(ctx, slot, source)
			if err != nil {
				return fmt.Errorf("drain %s: %w", slot, err)
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

// drainBatch moves some entries and returns how many. An entry leaves the stream only after the
// record has it; an entry moved twice is one entry there.
func (r *Engine) drainBatch(ctx context.Context, slot string, source entrySource) (int, error) {
	messages, err := source(ctx, slot)
	if err := r.conn.Noted(ctx, err); err != nil {
		return 0, err
	}
	entries, taken := r.readMessages(messages)
	if len(taken) == 0 {
		return 0, nil
	}
	if err := r.record.Append(ctx, entries); err != nil {
		return 0, fmt.Errorf("record %d entries: %w", len(entries), err)
	}
	return len(taken), r.drained(ctx, slot, taken)
}

// streamEntry is an entry of the stream that the record has.
type streamEntry struct {
	id   string
	rows int
}

func (r *Engine) drained(ctx context.Context, slot string, entries []streamEntry) error {
	args := make([]any, 1, 1+2*len(entries))
	args[0] = drainGroup
	for _, entry := range entries {
		if entry.id != "" {
			args = append(args, entry.id, entry.rows)
		}
	}
	if len(args) == 1 {
		return nil
	}
	_, err := r.conn.CallInt(ctx, r.scripts.Drained, r.keys.Slot(slot), args)
	return err
}

// freshPeriod is how young a period is in which nothing can have been spent from a pot unseen.
// At the start of a period every pot asks at once, and looking at every slot would take long.
const freshPeriod = time.Minute

// recordBefore brings to the record what a budget that is about to be summed up may have been spent on:
// the slot's settlements, and for a pot those of all slots.
func (r *Engine) recordBefore(ctx context.Context, budget quota.Budget, slot string, period quota.Period, now time.Time) error {
	slots := []string{slot}
	if budget.Slot == "" && !r.conn.Clustered() && now.Sub(period.Start) > freshPeriod {
		all, err := r.slots.All(ctx)
		if err != nil {
			return fmt.Errorf("list slots: %w", err)
		}
		slots = all
	}
	for _, slot := range slots {
		if err := r.recordStream(ctx, slot); err != nil {
			return fmt.Errorf("record what was settled for %s: %w", slot, err)
		}
	}
	return nil
}

// recordStream records everything in a slot's stream, whether a gateway has taken it or not, and
// leaves it there for [Engine.Drain]: recorded twice it is recorded once.
func (r *Engine) recordStream(ctx context.Context, slot string) error {
	from := "-"
	for {
		messages, err := r.conn.Client.XRangeN(ctx, r.keys.Ledger(slot), from, "+", drainCount).Result()
		if err := r.conn.Noted(ctx, err); err != nil || len(messages) == 0 {
			return err
		}
		entries, _ := r.readMessages(messages)
		if err := r.record.Append(ctx, entries); err != nil {
			return err
		}
		from = "(" + messages[len(messages)-1].ID
	}
}

// fresh are entries that no gateway has taken yet.
func (r *Engine) fresh(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	return r.readGroup(ctx, slot, ">")
}

// unfinished are entries that this gateway took and could not record.
func (r *Engine) unfinished(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	return r.readGroup(ctx, slot, "0")
}

// abandoned are entries that another gateway took long ago.
func (r *Engine) abandoned(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	messages, _, err := r.conn.Client.XAutoClaim(ctx, &goredis.XAutoClaimArgs{
		Stream: r.keys.Ledger(slot), Group: drainGroup, Consumer: r.replica,
		MinIdle: drainClaim, Start: "0", Count: drainCount,
	}).Result()
	return messages, err
}

func (r *Engine) readGroup(ctx context.Context, slot, from string) ([]goredis.XMessage, error) {
	args := &goredis.XReadGroupArgs{
		Group: drainGroup, Consumer: r.replica, Streams: []string{r.keys.Ledger(slot), from},
		Count: drainCount, Block: -1,
	}
	streams, err := r.conn.Client.XReadGroup(ctx, args).Result()
	if err != nil && goredis.HasErrorPrefix(err, "NOGROUP") {
		err = r.conn.Client.XGroupCreateMkStream(ctx, r.keys.Ledger(slot), drainGroup, "0").Err()
		if err != nil && !goredis.HasErrorPrefix(err, "BUSYGROUP") {
			return nil, err
		}
		streams, err = r.conn.Client.XReadGroup(ctx, args).Result()
	}
	if errors.Is(err, goredis.Nil) || len(streams) == 0 {
		return nil, ignoreNil(err)
	}
	return streams[0].Messages, err
}

func ignoreNil(err error) error {
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return err
}

// readMessages leaves out, and in the stream, what it cannot read.
func (r *Engine) readMessages(messages []goredis.XMessage) (entries []quota.Entry, taken []streamEntry) {
	for _, message := range messages {
		if len(message.Values) == 0 { // deleted after it was taken
			taken = append(taken, streamEntry{id: message.ID})
			continue
		}
		read, err := script.ReadEntries(message.Values)
		if err != nil {
			r.options.Logger.Error("an entry of the ledger stream cannot be read", slog.String("entry", message.ID), slog.Any("error", err))
			continue
		}
		entries, taken = append(entries, read...), append(taken, streamEntry{message.ID, len(read)})
	}
	return entries, taken
}
