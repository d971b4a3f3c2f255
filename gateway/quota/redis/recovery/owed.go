package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// debt is what Redis has to be told in one slot.
type debt struct {
	// number counts what was added, to see that something was while it was being paid.
	number int
	// counters are those of budgets that were spent from without Redis.
	counters map[string]bool
}

// Adopt keeps a reservation that was made without Redis, which has to be told of it.
func (b *Book) Adopt(request quota.Request, decision quota.Decision) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[request.ID] = &Held{
		Reservation: quota.Reservation{Request: request, Decision: decision, Adopted: true}, alive: time.Now(),
	}
	b.oweLocked(request.Slot)
}

// Booked keeps a settlement of a reservation that was adopted, of which Redis has heard nothing.
func (b *Book) Booked(settlement quota.Settlement, held *Held) {
	b.Remember(settlement, held)
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, settlement.ID)
	owed := b.oweLocked(settlement.Slot)
	for _, counter := range held.Counters(b.keys) {
		owed.counters[counter] = true
	}
}

func (b *Book) oweLocked(slot string) *debt {
	owed := b.owed[slot]
	if owed == nil {
		owed = &debt{counters: make(map[string]bool)}
		b.owed[slot] = owed
	}
	owed.number++
	return owed
}

// Owe has Redis told of the slot before it decides there again.
func (b *Book) Owe(slot string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.oweLocked(slot)
}

// Owes says whether Redis has to be told something in the slot.
func (b *Book) Owes(slot string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owed[slot] != nil
}

// debt is what is owed in a slot now; number 0 is nothing.
func (b *Book) debt(slot string) (number int, counters []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	owed := b.owed[slot]
	if owed == nil {
		return 0, nil
	}
	return owed.number, slices.Collect(maps.Keys(owed.counters))
}

// paid forgets a debt, unless more has come meanwhile: that is paid next.
func (b *Book) paid(slot string, number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owed[slot].number == number {
		delete(b.owed, slot)
	}
}

func (b *Book) slotsOwed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.owed))
}

// Pay tells Redis what happened in a slot without it. It comes before every decision of Redis in that slot.
func (r *Recovery) Pay(ctx context.Context, slot string) error {
	log := r.Book.Log(slot)
	log.restoring.Lock()
	defer log.restoring.Unlock()
	owed, counters := r.Book.debt(slot)
	if owed == 0 {
		return nil
	}
	err := r.restoreNow(ctx, slot, log)
	for _, counter := range counters {
		if err == nil {
			err = r.Filler.Empty(ctx, counter)
		}
	}
	if err != nil {
		return fmt.Errorf("tell Redis what happened in %s without it: %w", slot, err)
	}
	r.Book.paid(slot, owed)
	return nil
}

// PayAll tells Redis what happened in all slots without it.
func (r *Recovery) PayAll(ctx context.Context) error {
	var errs []error
	for _, slot := range r.Book.slotsOwed() {
		errs = append(errs, r.Pay(ctx, slot))
	}
	return errors.Join(errs...)
}
