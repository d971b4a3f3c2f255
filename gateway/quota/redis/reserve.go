package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
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
	if r.unrecorded.Load() >= r.options.MaxBacklog {
		return quota.Decision{}, false, fmt.Errorf("%w: %d settlements and more", quota.ErrBacklog, r.options.MaxBacklog)
	}
	if err := r.name(ctx, request.Slot); err != nil {
		return quota.Decision{}, false, err
	}
	if err := r.enter(ctx, &request); err != nil {
		return quota.Decision{}, false, err
	}
	defer r.undecide(request.ID)
	row := packRow(request.Row)
	fetched := newFetching()
	for range attempts + r.fetches(request) {
		call, err := r.askReserve(ctx, request, row, fetched)
		if err != nil {
			return quota.Decision{}, unanswered || !errors.Is(err, errOpen), fmt.Errorf("reserve %s: %w", request.ID, err)
		}
		decision, again, err := r.reserved(ctx, call, fetched)
		if err != nil || !again {
			return decision, unanswered, err
		}
		unanswered = unanswered || call.admitted()
	}
	return quota.Decision{}, unanswered, fmt.Errorf("%w: counters of %s do not keep what they are filled with", quota.ErrUnavailable, request.Slot)
}

// attempts is how often a call is repeated to fill counters and to restore what was lost: once
// each, and again when a period starts or something is settled meanwhile.
const attempts = 8

// reserved reads the answer; again means that Redis was told what it did not know and the script has to run once more.
func (r *Engine) reserved(ctx context.Context, call *reserveCall, fetched *fetching) (decision quota.Decision, again bool, err error) {
	request, answer := call.request, call.answer
	switch status := answer.text(); status {
	case "admitted", "duplicate", "refused":
		decision, err = readDecision(request, status, answer, call.now)
		if err == nil && decision.Admitted {
			return r.hold(request, decision, call)
		}
		if err == nil && !decision.Admitted && r.refusedTooSoon(request, decision, fetched) {
			return quota.Decision{}, true, nil
		}
		r.noteSeen(request.Slot, decision.Windows, call.order)
		r.markDirty(request.Slot)
		return decision, false, err
	case "seed":
		return quota.Decision{}, true, r.seed(ctx, request, quota.TimeOf(answer.int()), answer.list())
	case "fetch":
		return quota.Decision{}, true, r.fetch(ctx, request, answer.int(), answer.list(), fetched)
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
		at, budget := quota.TimeOf(answer.int()), answer.int()
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
	numbers := &reply{values: list}
	for range len(list) / 3 {
		budget, number, held := numbers.int(), numbers.int(), numbers.text()
		if numbers.err != nil {
			return numbers.err
		}
		b := request.Budgets[budget]
		if err := r.seedPeriod(ctx, b, request.Slot, periodOf(b, number), held, now); err != nil {
			return err
		}
	}
	return nil
}

// counterKept is how long a counter outlives its period.
const counterKept = 40 * 24 * time.Hour

// seedPeriod fills a counter, after what was settled and is still on its way to the ledger got there.
// It does nothing when the counter does not hold the given text any more; then somebody settled meanwhile.
func (r *Engine) seedPeriod(ctx context.Context, budget quota.Budget, slot string, period quota.Period, held string, now time.Time) error {
	if err := r.recordBefore(ctx, budget, slot, period, now); err != nil {
		return err
	}
	spent, err := r.spentIn(ctx, budget, slot, counted(period))
	if err != nil {
		return fmt.Errorf("read what %s has spent: %w", budget.Scope, err)
	}
	counter := r.counter(budget.Scope, slot, period)
	_, err = r.callInt(ctx, r.scripts.seed, counter, []any{r.clock(), int64(spent), keptUntil(period), held})
	return err
}

// periodOf returns the budget's period of that number; a budget without periods never ends.
func periodOf(b quota.Budget, number int64) quota.Period {
	if number < 0 || number >= int64(len(b.Periods)) {
		return quota.Period{}
	}
	return b.Periods[number]
}

// counted is a period as its counter knows it: to the microsecond.
func counted(period quota.Period) quota.Period {
	return quota.Period{Start: quota.TimeOf(quota.Micros(period.Start)), End: quota.TimeOf(quota.Micros(period.End))}
}

// readDecision reads an answer that was given at now.
func readDecision(request quota.Request, status string, answer *reply, now time.Time) (decision quota.Decision, err error) {
	decision = quota.Decision{Admitted: status != "refused", Duplicate: status == "duplicate", At: now}
	switch status {
	case "admitted":
		decision.OutputTokens = answer.int()
		decision.Tokens, decision.Cost = request.InputTokens+decision.OutputTokens, request.Cost(decision.OutputTokens)
	case "duplicate":
		decision.At = quota.TimeOf(answer.int())
		decision.OutputTokens, decision.Tokens, decision.Cost = answer.int(), answer.int(), money.Nano(answer.int())
	}
	decision.Windows, decision.Budgets, err = readStates(request, answer, now)
	for err == nil && answer.next < len(answer.values) {
		decision.Denials = append(decision.Denials, readDenial(request, answer))
	}
	decision.RetryAfter = quota.LongestWait(decision.Denials)
	return decision, errors.Join(err, answer.err)
}

func readDenial(request quota.Request, answer *reply) quota.Denial {
	denial := quota.Denial{Kind: answer.text()}
	limit := answer.int()
	switch {
	case denial.Kind == quota.KindBudget && limit < int64(len(request.Budgets)):
		denial.Scope, denial.Name = request.Budgets[limit].Scope, request.Budgets[limit].Name
	case denial.Kind != quota.KindBudget && limit < int64(len(request.Windows)):
		denial.Scope, denial.Name = request.Windows[limit].Scope, request.Windows[limit].Name
	default:
		answer.fail("%s %d is no limit of the request", denial.Kind, limit)
	}
	denial.Limit, denial.Used, denial.Settled = answer.int(), answer.int(), answer.int()
	denial.Need, denial.Held, denial.TooLarge = answer.int(), answer.int() == 1, answer.int() == 1
	denial.RetryAfter = time.Duration(answer.int()) * time.Microsecond
	return denial
}

// What a script says of one window and of one budget, in numbers.
const (
	windowFigures = 5
	budgetFigures = 3
)

// readStates puts the figures that a script answers beside the limits that the caller knows: those of the
// windows, then those of the budgets.
func readStates(request quota.Request, answer *reply, now time.Time) ([]quota.WindowState, []quota.BudgetState, error) {
	windows := &reply{values: answer.take(int64(len(request.Windows) * windowFigures))}
	budgets := &reply{values: answer.take(int64(len(request.Budgets) * budgetFigures))}
	if answer.err != nil {
		return nil, nil, answer.err
	}
	budgetStates := make([]quota.BudgetState, len(request.Budgets))
	for i, budget := range request.Budgets {
		period := periodOf(budget, budgets.int())
		settled, reserved := money.Nano(budgets.int()), money.Nano(budgets.int())
		budgetStates[i] = budget.State(period, settled, reserved)
	}
	windowStates := make([]quota.WindowState, len(request.Windows))
	for i, limits := range request.Windows {
		rpm := quota.ThrottledRPM(limits, request.Budgets, budgetStates)
		windowStates[i] = readWindow(windows).State(limits, rpm, now)
	}
	return windowStates, budgetStates, errors.Join(windows.err, budgets.err)
}

func readWindow(answer *reply) quota.WindowSums {
	return quota.WindowSums{Requests: answer.int(), Tokens: answer.int(), Held: answer.int(), Live: answer.int(), Charged: answer.int()}
}
