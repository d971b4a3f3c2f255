// Package seed fills counters from the ledger.
//
// It promises that a counter is set and never added to, however many gateways fill it, and only after what was settled
// has reached the ledger. It must never know why a counter was empty.
package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/slots"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Filler fills counters from the ledger.
type Filler struct {
	Conn    *wire.Conn
	Slots   *slots.List
	Streams *drain.Streams
	Record  quota.Record
}

// Fill fills a counter, after what was settled and is still on its way to the ledger got there.
// It does nothing when the counter does not hold the given text any more; then somebody settled meanwhile.
func (f *Filler) Fill(ctx context.Context, budget quota.Budget, slot string, period quota.Period, held string, now time.Time) error {
	if err := f.recordBefore(ctx, budget, slot, period, now); err != nil {
		return err
	}
	spent, err := f.spentIn(ctx, budget, slot, script.Counted(period))
	if err != nil {
		return fmt.Errorf("read what %s has spent: %w", budget.Scope, err)
	}
	counter := f.Conn.Keys.Counter(budget.Scope, slot, period)
	_, err = f.Conn.CallInt(ctx, f.Conn.Scripts.Seed, counter, []any{f.Conn.Clock(), int64(spent), script.KeptUntil(period), held})
	return err
}

// spentIn is what the ledger says was spent from the counter of a budget in a slot.
func (f *Filler) spentIn(ctx context.Context, budget quota.Budget, slot string, period quota.Period) (money.Nano, error) {
	if !f.Conn.Keys.IsPot(budget) {
		return f.Record.Spend(ctx, budget.Scope, period)
	}
	bySlot, err := f.Record.SpendBySlot(ctx, budget.Scope, period)
	return bySlot[slot], err
}

// FreshPeriod is how young a period is in which nothing can have been spent from a pot unseen.
// At the start of a period every pot asks at once, and looking at every slot would take long.
const FreshPeriod = time.Minute

// recordBefore brings to the record what a budget that is about to be summed up may have been spent on:
// the slot's settlements, and for a pot those of all slots.
func (f *Filler) recordBefore(ctx context.Context, budget quota.Budget, slot string, period quota.Period, now time.Time) error {
	slots := []string{slot}
	if budget.Slot == "" && !f.Conn.Clustered() && now.Sub(period.Start) > FreshPeriod {
		all, err := f.Slots.All(ctx)
		if err != nil {
			return fmt.Errorf("list slots: %w", err)
		}
		slots = all
	}
	for _, slot := range slots {
		if err := f.Streams.RecordStream(ctx, slot); err != nil {
			return fmt.Errorf("record what was settled for %s: %w", slot, err)
		}
	}
	return nil
}

// Empty has a counter filled again before anybody decides by it.
func (f *Filler) Empty(ctx context.Context, counter string) error {
	_, err := f.Conn.CallInt(ctx, f.Conn.Scripts.Unseed, counter, nil)
	return err
}
