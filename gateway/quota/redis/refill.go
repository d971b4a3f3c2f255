package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
)

// Refill implements [quota.Engine]. The counters lose their seed marks, so that no gateway decides by them
// before they are filled again.
func (r *Engine) Refill(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error) {
	states, err := r.Spent(ctx, budgets)
	if err != nil {
		return nil, err
	}
	for i, state := range states {
		if r.conn.Keys.IsPot(budgets[i]) {
			if err := r.pots.Refill(ctx, budgets[i], state.Period); err != nil {
				return nil, fmt.Errorf("fill the counters of %s again: %w", state.Scope, err)
			}
			continue
		}
		counter := r.conn.Keys.Counter(state.Scope, budgets[i].Slot, state.Period)
		if err := r.filler.Empty(ctx, counter); err != nil {
			return nil, fmt.Errorf("fill the counter of %s again: %w", state.Scope, err)
		}
	}
	return r.Spent(ctx, budgets)
}

// Backlog implements [quota.Engine], over all slots and so for all gateways.
func (r *Engine) Backlog(ctx context.Context) (quota.Backlog, error) {
	slots, err := r.slots.All(ctx)
	if err != nil {
		return quota.Backlog{}, fmt.Errorf("list slots: %w", err)
	}
	var now *goredis.TimeCmd
	lengths := make([]*goredis.StringCmd, len(slots))
	oldest := make([]*goredis.XMessageSliceCmd, len(slots))
	_, err = r.conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		now = pipe.Time(ctx)
		for i, slot := range slots {
			lengths[i] = pipe.Get(ctx, r.conn.Keys.Ledger(slot)+":rows")
			oldest[i] = pipe.XRangeN(ctx, r.conn.Keys.Ledger(slot), "-", "+", 1)
		}
		return nil
	})
	if err := r.conn.Noted(ctx, drain.IgnoreNil(err)); err != nil {
		return quota.Backlog{}, fmt.Errorf("look at what waits for the record: %w", err)
	}
	var backlog quota.Backlog
	for i := range slots {
		rows, err := lengths[i].Int64()
		if err := drain.IgnoreNil(err); err != nil { // no figure is none
			return quota.Backlog{}, fmt.Errorf("look at what waits of %s: %w", slots[i], err)
		}
		backlog.Entries += rows
		if waiting := oldest[i].Val(); len(waiting) > 0 {
			backlog.Oldest = max(backlog.Oldest, now.Val().Sub(writtenAt(waiting[0].ID)))
		}
	}
	return backlog, nil
}

// writtenAt is when Redis made an entry of a stream, which its id says.
func writtenAt(id string) time.Time {
	text, _, _ := strings.Cut(id, "-")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}
