package redis

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// pendingLimit is how many steps may wait for Redis before requests are refused.
const pendingLimit = 10_000

// pendingStep is a step whose answer never arrived. It is repeated by its id until it is answered.
type pendingStep struct {
	settlement quota.Settlement
	// cancel takes the reservation back instead of settling it.
	cancel bool
}

type pending struct {
	// retrying lets one retry run at a time, so that a second one waits for what the first has taken.
	retrying sync.Mutex

	mu    sync.Mutex
	steps []pendingStep
}

func (p *pending) keep(steps ...pendingStep) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, steps...)
}

func (p *pending) take() []pendingStep {
	p.mu.Lock()
	defer p.mu.Unlock()
	steps := p.steps
	p.steps = nil
	return steps
}

func (p *pending) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.steps) >= pendingLimit
}

func (r *Engine) keepPending(step pendingStep) {
	r.pending.keep(step)
	r.streams.Wake()
}

// TakeBack implements [quota.Shared].
func (r *Engine) TakeBack(request quota.Request) {
	if r.book.TakeBack(request.ID) {
		r.keepPending(pendingStep{settlement: quota.Settlement{ID: request.ID, Slot: request.Slot}, cancel: true})
	}
}

// retryPending repeats what was not answered. The first failure ends it; the rest waits.
func (r *Engine) retryPending(ctx context.Context) error {
	r.pending.retrying.Lock()
	defer r.pending.retrying.Unlock()
	steps := r.pending.take()
	for i, step := range steps {
		if err := r.retry(ctx, step); err != nil {
			r.pending.keep(steps[i:]...)
			return err
		}
	}
	return nil
}

func (r *Engine) retry(ctx context.Context, step pendingStep) error {
	id, slot := step.settlement.ID, step.settlement.Slot
	if step.cancel {
		_, err := r.conn.CallInt(ctx, r.conn.Scripts.Cancel, r.conn.Keys.Slot(slot), []any{r.conn.Clock(), id, quota.Remembered.Microseconds()})
		if err == nil {
			r.book.TookBack(id)
		}
		r.streams.MarkDirty(slot)
		return err
	}
	err := r.settleAgain(ctx, step.settlement)
	if errors.Is(err, quota.ErrUnknown) {
		r.options.Logger.WarnContext(ctx, "a late settlement found nothing to settle", slog.String("reservation", id))
		err = nil
	}
	if err == nil {
		r.book.Release(id)
	}
	return err
}

// settleAgain settles what Redis did not answer for. Its row is in the record by now, and a counter may have been
// filled from there: so the counters are filled again instead of being added to.
func (r *Engine) settleAgain(ctx context.Context, settlement quota.Settlement) error {
	if held := r.book.Held(settlement.ID); held != nil {
		return r.recovery.SettleLost(ctx, settlement, held)
	}
	_, err := r.settle(ctx, settlement, nil)
	return err
}
