package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Reserve implements [Engine].
func (r *Redis) Reserve(ctx context.Context, request Request) (Decision, error) {
	request, err := request.normalized()
	if err != nil {
		return Decision{}, err
	}
	if r.pending.takesBack(request.ID) {
		return Decision{}, errTakenBack(request.ID)
	}
	decision, unanswered, err := r.reserveShared(ctx, request)
	if errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
		decision, err = r.reserveAlone(ctx, request, err)
	}
	if unanswered && (err != nil || !decision.Admitted) {
		r.takeBack(request) // it may have been made all the same, and the request will not be sent
	}
	return decision, err
}

// reserveShared lets Redis decide; unanswered means that it may have admitted without anybody hearing of it.
func (r *Redis) reserveShared(ctx context.Context, request Request) (_ Decision, unanswered bool, err error) {
	if r.pending.full() {
		return Decision{}, false, fmt.Errorf("%w: too much is waiting to be settled", ErrUnavailable)
	}
	if r.unrecorded.Load() >= r.options.MaxBacklog {
		return Decision{}, false, fmt.Errorf("%w: %d settlements and more", ErrBacklog, r.options.MaxBacklog)
	}
	if err := r.name(ctx, request.Slot); err != nil {
		return Decision{}, false, err
	}
	if err := r.enter(ctx, &request); err != nil {
		return Decision{}, false, err
	}
	defer r.undecide(request.ID)
	row := packRow(request.Row)
	fetched := newFetching()
	for range attempts + r.fetches(request) {
		call, err := r.askReserve(ctx, request, row, fetched)
		if err != nil {
			return Decision{}, unanswered || !errors.Is(err, errOpen), fmt.Errorf("reserve %s: %w", request.ID, err)
		}
		decision, again, err := r.reserved(ctx, call, fetched)
		if err != nil || !again {
			return decision, unanswered, err
		}
		unanswered = unanswered || call.admitted()
	}
	return Decision{}, unanswered, fmt.Errorf("%w: counters of %s do not keep what they are filled with", ErrUnavailable, request.Slot)
}

// attempts is how often a call is repeated to fill counters and to restore what was lost: once
// each, and again when a period starts or something is settled meanwhile.
const attempts = 8

// reserved reads the answer; again means that Redis was told what it did not know and the script has to run once more.
func (r *Redis) reserved(ctx context.Context, call *reserveCall, fetched *fetching) (decision Decision, again bool, err error) {
	request, answer := call.request, call.answer
	switch status := answer.text(); status {
	case "admitted", "duplicate", "refused":
		decision, err = readDecision(request, status, answer, call.now)
		if err == nil && decision.Admitted {
			return r.hold(request, decision, call)
		}
		if err == nil && !decision.Admitted && r.refusedTooSoon(request, decision, fetched) {
			return Decision{}, true, nil
		}
		r.noteSeen(request.Slot, decision.Windows, call.order)
		r.markDirty(request.Slot)
		return decision, false, err
	case "seed":
		return Decision{}, true, r.seed(ctx, request, timeOf(answer.int()), answer.list())
	case "fetch":
		return Decision{}, true, r.fetch(ctx, request, answer.int(), answer.list(), fetched)
	case "lost":
		return Decision{}, true, r.restore(ctx, request.Slot)
	case "epoch":
		return Decision{}, true, r.lostEpoch(ctx)
	case "recovering":
		return Decision{}, false, ErrRecovering
	case "backlog":
		return Decision{}, false, fmt.Errorf("%w: %d entries of %s and more", ErrBacklog, r.options.MaxBacklog, request.Slot)
	case "stale":
		return Decision{}, false, ErrStalePolicy
	case "ended":
		return Decision{}, false, fmt.Errorf("reserve %s: %w", request.ID, ErrEnded)
	case "noperiod":
		at, budget := timeOf(answer.int()), answer.int()
		return Decision{}, false, fmt.Errorf("%s at %s: %w", request.Budgets[budget].Scope, at.Format(time.RFC3339), ErrNoPeriod)
	default:
		return Decision{}, false, fmt.Errorf("answer of a script: status %q", status)
	}
}

// hold keeps a reservation, unless another epoch than the one it was made in has begun: what was kept
// before that is told to the new one, this would not be. Redis has lost it, and is asked again.
func (r *Redis) hold(request Request, decision Decision, call *reserveCall) (_ Decision, again bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if call.epoch != "" && r.epoch.told != call.epoch {
		return Decision{}, true, nil
	}
	if r.pending.takesBack(request.ID) { // another try under this id was not answered
		return Decision{}, false, errTakenBack(request.ID)
	}
	r.held[request.ID] = &heldReservation{request: request, decision: decision, alive: time.Now(), order: call.order}
	r.noteSeenLocked(request.Slot, decision.Windows, call.order)
	return decision, false, nil
}

// seed fills counters from the ledger. list holds of each the budget's number, its period's and what it holds.
func (r *Redis) seed(ctx context.Context, request Request, now time.Time, list []any) error {
	numbers := &reply{values: list}
	for range len(list) / 3 {
		budget, number, held := numbers.int(), numbers.int(), numbers.text()
		if numbers.err != nil {
			return numbers.err
		}
		b := request.Budgets[budget]
		if err := r.seedPeriod(ctx, b, request.Slot, b.period(number), held, now); err != nil {
			return err
		}
	}
	return nil
}

// counterKept is how long a counter outlives its period.
const counterKept = 40 * 24 * time.Hour

// seedPeriod fills a counter, after what was settled and is still on its way to the ledger got there.
// It does nothing when the counter does not hold the given text any more; then somebody settled meanwhile.
func (r *Redis) seedPeriod(ctx context.Context, budget Budget, slot string, period Period, held string, now time.Time) error {
	if err := r.recordBefore(ctx, budget, slot, period, now); err != nil {
		return err
	}
	spent, err := r.spentIn(ctx, budget, slot, keyOf(budget.Scope, period).period())
	if err != nil {
		return fmt.Errorf("read what %s has spent: %w", budget.Scope, err)
	}
	counter := r.counter(budget.Scope, slot, period)
	_, err = r.callInt(ctx, r.scripts.seed, counter, []any{r.clock(), int64(spent), keptUntil(period), held})
	return err
}

// period returns the budget's period of that number; a budget without periods never ends.
func (b Budget) period(number int64) Period {
	if number < 0 || number >= int64(len(b.Periods)) {
		return Period{}
	}
	return b.Periods[number]
}

// readDecision reads an answer that was given at now.
func readDecision(request Request, status string, answer *reply, now time.Time) (decision Decision, err error) {
	decision = Decision{Admitted: status != "refused", Duplicate: status == "duplicate", At: now}
	switch status {
	case "admitted":
		decision.OutputTokens = answer.int()
		decision.Tokens, decision.Cost = request.InputTokens+decision.OutputTokens, request.cost(decision.OutputTokens)
	case "duplicate":
		decision.At = timeOf(answer.int())
		decision.OutputTokens, decision.Tokens, decision.Cost = answer.int(), answer.int(), money.Nano(answer.int())
	}
	decision.Windows, decision.Budgets, err = readStates(request, answer, now)
	for err == nil && answer.next < len(answer.values) {
		decision.Denials = append(decision.Denials, readDenial(request, answer))
	}
	decision.RetryAfter = longestWait(decision.Denials)
	return decision, errors.Join(err, answer.err)
}

func readDenial(request Request, answer *reply) Denial {
	denial := Denial{Kind: answer.text()}
	limit := answer.int()
	switch {
	case denial.Kind == KindBudget && limit < int64(len(request.Budgets)):
		denial.Scope, denial.Name = request.Budgets[limit].Scope, request.Budgets[limit].Name
	case denial.Kind != KindBudget && limit < int64(len(request.Windows)):
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
func readStates(request Request, answer *reply, now time.Time) ([]WindowState, []BudgetState, error) {
	windows := &reply{values: answer.take(int64(len(request.Windows) * windowFigures))}
	budgets := &reply{values: answer.take(int64(len(request.Budgets) * budgetFigures))}
	if answer.err != nil {
		return nil, nil, answer.err
	}
	budgetStates := make([]BudgetState, len(request.Budgets))
	for i, budget := range request.Budgets {
		period := budget.period(budgets.int())
		counter := spending{settled: money.Nano(budgets.int()), reserved: money.Nano(budgets.int())}
		budgetStates[i] = counter.state(budget, period)
	}
	windowStates := make([]WindowState, len(request.Windows))
	for i, limits := range request.Windows {
		rpm := ThrottledRPM(limits, request.Budgets, budgetStates)
		windowStates[i] = readWindow(windows).state(limits, rpm, now)
	}
	return windowStates, budgetStates, errors.Join(windows.err, budgets.err)
}

func readWindow(answer *reply) windowSums {
	return windowSums{requests: answer.int(), tokens: answer.int(), held: answer.int(), live: answer.int(), charged: answer.int()}
}
