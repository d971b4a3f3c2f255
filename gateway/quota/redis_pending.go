package quota

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
)

// pendingLimit is how many steps may wait for Redis before requests are refused.
const pendingLimit = 10_000

// pendingStep is a step whose answer never arrived. It is repeated by its id until it is answered.
type pendingStep struct {
	settlement Settlement
	// cancel takes the reservation back instead of settling it.
	cancel bool
}

type pending struct {
	// retrying lets one retry run at a time, so that a second one waits for what the first has taken.
	retrying sync.Mutex

	mu    sync.Mutex
	steps []pendingStep
}

func newPending() *pending { return &pending{} }

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

// keepsNo drops what was to be repeated of a reservation.
func (p *pending) keepsNo(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = slices.DeleteFunc(p.steps, func(step pendingStep) bool { return step.settlement.ID == id })
}

func (p *pending) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.steps) >= pendingLimit
}

func (r *Redis) keepPending(step pendingStep) {
	r.pending.keep(step)
	r.wakeDrain()
}

// retryPending repeats what was not answered. The first failure ends it; the rest waits.
func (r *Redis) retryPending(ctx context.Context) error {
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

func (r *Redis) retry(ctx context.Context, step pendingStep) error {
	id, slot := step.settlement.ID, step.settlement.Slot
	if step.cancel {
		_, err := r.callInt(ctx, r.scripts.cancel, r.keys.slot(slot), []any{r.clock(), id, remembered.Microseconds()})
		r.markDirty(slot)
		return err
	}
	err := r.settleAgain(ctx, step.settlement)
	if errors.Is(err, ErrUnknown) {
		r.options.Logger.WarnContext(ctx, "a late settlement found nothing to settle", slog.String("reservation", id))
		err = nil
	}
	if err == nil {
		r.release(id)
	}
	return err
}

// settleAgain settles what Redis did not answer for. Its row is in the record by now, and a counter may have been
// filled from there: so the counters are filled again instead of being added to.
func (r *Redis) settleAgain(ctx context.Context, settlement Settlement) error {
	if held := r.heldBy(settlement.ID); held != nil {
		return r.settleLost(ctx, settlement, held)
	}
	_, err := r.settle(ctx, settlement, nil)
	return err
}
