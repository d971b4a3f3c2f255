package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/escrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// Reserve implements [quota.Engine].
func (r *Engine) Reserve(ctx context.Context, request quota.Request) (quota.Decision, error) {
	request, err := request.Normalized()
	if err != nil {
		return quota.Decision{}, err
	}
	if r.pending.takesBack(request.ID) {
		return quota.Decision{}, errTakenBack(request.ID)
	}
	decision, unanswered, err := r.reserveShared(ctx, request)
	if errors.Is(err, quota.ErrUnavailable) && ctx.Err() == nil {
		decision, err = r.reserveAlone(ctx, request, err)
	}
	if unanswered && (err != nil || !decision.Admitted) {
		r.takeBack(request) // it may have been made all the same, and the request will not be sent
	}
	return decision, err
}

// reserveShared lets Redis decide; unanswered means that it may have admitted without anybody hearing of it.
func (r *Engine) reserveShared(ctx context.Context, request quota.Request) (_ quota.Decision, unanswered bool, err error) {
	if r.pending.full() {
		return quota.Decision{}, false, fmt.Errorf("%w: too much is waiting to be settled", quota.ErrUnavailable)
	}
	if r.streams.Unrecorded() >= r.options.MaxBacklog {
		return quota.Decision{}, false, fmt.Errorf("%w: %d settlements and more", quota.ErrBacklog, r.options.MaxBacklog)
	}
	if err := r.slots.Name(ctx, request.Slot); err != nil {
		return quota.Decision{}, false, err
	}
	if err := r.enter(ctx, &request); err != nil {
		return quota.Decision{}, false, err
	}
	defer r.undecide(request.ID)
	row := script.PackRow(request.Row)
	fetched := escrow.NewFetching()
	for range wire.Attempts + r.pots.Fetches(request) {
		call, err := r.askReserve(ctx, request, row, fetched)
		if err != nil {
			return quota.Decision{}, unanswered || !errors.Is(err, wire.ErrOpen), fmt.Errorf("reserve %s: %w", request.ID, err)
		}
		decision, again, err := r.reserved(ctx, call, fetched)
		if err != nil || !again {
			return decision, unanswered, err
		}
		unanswered = unanswered || call.admitted()
	}
	return quota.Decision{}, unanswered, fmt.Errorf("%w: counters of %s do not keep what they are filled with", quota.ErrUnavailable, request.Slot)
}

// reserved reads the answer; again means that Redis was told what it did not know and the script has to run once more.
func (r *Engine) reserved(ctx context.Context, call *reserveCall, fetched *escrow.Fetching) (decision quota.Decision, again bool, err error) {
	request, answer := call.request, call.answer
	switch status := answer.Text(); status {
	case "admitted", "duplicate", "refused":
		decision, err = script.ReadDecision(request, status, answer, call.now)
		if err == nil && decision.Admitted {
			return r.hold(request, decision, call)
		}
		if err == nil && !decision.Admitted && r.pots.RefusedTooSoon(request, decision, fetched) {
			return quota.Decision{}, true, nil
		}
		r.noteSeen(request.Slot, decision.Windows, call.order)
		r.streams.MarkDirty(request.Slot)
		return decision, false, err
	case "seed":
		return quota.Decision{}, true, r.seed(ctx, request, quota.TimeOf(answer.Int()), answer.List())
	case "fetch":
		return quota.Decision{}, true, r.pots.Fetch(ctx, request, answer.Int(), answer.List(), fetched)
	case "lost":
		return quota.Decision{}, true, r.restore(ctx, request.Slot)
	case "epoch":
		return quota.Decision{}, true, r.lostEpoch(ctx)
	case "recovering":
		return quota.Decision{}, false, quota.ErrRecovering
	case "backlog":
		return quota.Decision{}, false, fmt.Errorf("%w: %d entries of %s and more", quota.ErrBacklog, r.options.MaxBacklog, request.Slot)
	case "stale":
		return quota.Decision{}, false, quota.ErrStalePolicy
	case "ended":
		return quota.Decision{}, false, fmt.Errorf("reserve %s: %w", request.ID, quota.ErrEnded)
	case "noperiod":
		at, budget := quota.TimeOf(answer.Int()), answer.Int()
		return quota.Decision{}, false, fmt.Errorf("%s at %s: %w", request.Budgets[budget].Scope, at.Format(time.RFC3339), quota.ErrNoPeriod)
	default:
		return quota.Decision{}, false, fmt.Errorf("answer of a script: status %q", status)
	}
}

// hold keeps a reservation, unless another epoch than the one it was made in has begun: what was kept
// before that is told to the new one, this would not be. Redis has lost it, and is asked again.
func (r *Engine) hold(request quota.Request, decision quota.Decision, call *reserveCall) (_ quota.Decision, again bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if call.epoch != "" && r.epoch.told != call.epoch {
		return quota.Decision{}, true, nil
	}
	if r.pending.takesBack(request.ID) { // another try under this id was not answered
		return quota.Decision{}, false, errTakenBack(request.ID)
	}
	r.held[request.ID] = &heldReservation{request: request, decision: decision, alive: time.Now(), order: call.order}
	r.noteSeenLocked(request.Slot, decision.Windows, call.order)
	return decision, false, nil
}

// seed fills counters from the ledger. list holds of each the budget's number, its period's and what it holds.
func (r *Engine) seed(ctx context.Context, request quota.Request, now time.Time, list []any) error {
	numbers := script.NewReply(list)
	for range len(list) / 3 {
		budget, number, held := numbers.Int(), numbers.Int(), numbers.Text()
		if numbers.Err != nil {
			return numbers.Err
		}
		b := request.Budgets[budget]
		if err := r.filler.Fill(ctx, b, request.Slot, script.PeriodOf(b, number), held, now); err != nil {
			return err
		}
	}
	return nil
}
