package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/escrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/recovery"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// Reserve implements [quota.Engine].
func (r *Engine) Reserve(ctx context.Context, request quota.Request) (quota.Decision, error) {
	answer, err := r.Ask(ctx, request)
	if answer.Unheard && (err != nil || !answer.Decision.Admitted) {
		r.TakeBack(request) // it may have been made all the same, and the request will not be sent
	}
	return answer.Decision, err
}

// Ask implements [quota.Shared].
func (r *Engine) Ask(ctx context.Context, request quota.Request) (quota.Answer, error) {
	request, err := request.Normalized()
	if err != nil {
		return quota.Answer{}, err
	}
	if err := r.ready(ctx, request); err != nil {
		return quota.Answer{}, err
	}
	return r.reserve(ctx, request)
}

// ready says why Redis must not be asked now, after it was told what it does not know of the slot.
func (r *Engine) ready(ctx context.Context, request quota.Request) error {
	if err := r.book.TakesBack(request.ID); err != nil {
		return err
	}
	if r.pending.full() {
		return fmt.Errorf("%w: too much is waiting to be settled", quota.ErrUnavailable)
	}
	if r.streams.Unrecorded() >= r.options.MaxBacklog {
		return fmt.Errorf("%w: %d settlements and more", quota.ErrBacklog, r.options.MaxBacklog)
	}
	if err := r.slots.Name(ctx, request.Slot); err != nil {
		return err
	}
	if !r.book.Owes(request.Slot) {
		return nil
	}
	return r.recovery.Pay(ctx, request.Slot)
}

// reserve lets Redis decide.
func (r *Engine) reserve(ctx context.Context, request quota.Request) (quota.Answer, error) {
	unheard := false
	row := script.PackRow(request.Row)
	fetched := escrow.NewFetching()
	for range wire.Attempts + r.pots.Fetches(request) {
		call, err := r.askReserve(ctx, request, row, fetched)
		if err != nil {
			return quota.Answer{Unheard: unheard || !errors.Is(err, wire.ErrOpen)}, fmt.Errorf("reserve %s: %w", request.ID, err)
		}
		decision, again, err := r.reserved(ctx, call, fetched)
		if err != nil || !again {
			return quota.Answer{Decision: decision, Order: call.order, Unheard: unheard}, err
		}
		unheard = unheard || call.admitted()
	}
	return quota.Answer{Unheard: unheard}, fmt.Errorf("%w: counters of %s do not keep what they are filled with", quota.ErrUnavailable, request.Slot)
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
		r.streams.MarkDirty(request.Slot)
		return decision, false, err
	case "seed":
		return quota.Decision{}, true, r.seed(ctx, request, quota.TimeOf(answer.Int()), answer.List())
	case "fetch":
		return quota.Decision{}, true, r.pots.Fetch(ctx, request, answer.Int(), answer.List(), fetched)
	case "lost":
		return quota.Decision{}, true, r.recovery.Restore(ctx, request.Slot)
	case "epoch":
		_, err := r.gateways.Attend(ctx)
		return quota.Decision{}, true, err
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

// hold keeps a reservation; again means that Redis has lost it.
func (r *Engine) hold(request quota.Request, decision quota.Decision, call *reserveCall) (_ quota.Decision, again bool, err error) {
	made := quota.Reservation{Request: request, Decision: decision, Order: call.order}
	holds, err := r.book.Hold(&recovery.Held{Reservation: made}, call.epoch)
	if err != nil || !holds {
		return quota.Decision{}, true, err
	}
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
