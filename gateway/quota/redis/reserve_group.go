package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/escrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// reserveCall is one request's part of a group that reserve.lua decides.
type reserveCall struct {
	asked
	request quota.Request
	// row is the request's ledger row as JSON.
	row []byte
	// tried is what was fetched for its pots, on a Redis Cluster.
	tried map[int64]string
	// epoch is the one that the group counted on, and now when it was decided.
	epoch string
	now   time.Time
	// order is the decision's among those of its slot, see [orderOf].
	order int64
}

// admitted says whether Redis holds something for the request.
func (c *reserveCall) admitted() bool {
	status := c.answer.Status()
	return status == "admitted" || status == "duplicate"
}

// askReserve has Redis decide, together with whoever asks at the same time.
func (r *Engine) askReserve(ctx context.Context, request quota.Request, row []byte, fetched *escrow.Fetching) (*reserveCall, error) {
	breaker := r.conn.BreakerOf(ctx, r.conn.Keys.Slot(request.Slot))
	trial := breaker.Open()
	if !breaker.Allows(time.Now()) {
		return nil, wire.ErrOpen
	}
	call := &reserveCall{asked: newAsked(trial), request: request, row: row, tried: fetched.Tried}
	r.reserves.ask(request.Slot, call)
	return call, r.wait(ctx, breaker, &call.asked)
}

// answerReserves lets Redis decide a group.
func (r *Engine) answerReserves(slot string, group []*reserveCall) {
	breaker := r.conn.BreakerOf(context.Background(), r.conn.Keys.Slot(slot))
	if group = present(breaker, group); len(group) == 0 {
		return
	}
	answers, err := r.decide(breaker, slot, group)
	finish(group, answers, err)
}

func (r *Engine) decide(breaker *wire.Breaker, slot string, group []*reserveCall) ([][]any, error) {
	epoch, err := r.gateways.Expect(context.Background())
	if err != nil {
		return nil, err
	}
	args, err := r.reserveArgs(group, epoch)
	if err != nil {
		return nil, err
	}
	log := r.book.Log(slot)
	number := log.Number(args)
	answer, err := r.conn.CallGroup(breaker, r.conn.Scripts.Reserve, r.conn.Keys.Slot(slot), args, len(group))
	if err != nil {
		return nil, err
	}
	answers, err := script.GroupAnswers(answer, len(group))
	if slices.ContainsFunc(answers, func(a []any) bool { return script.StatusOf(a) == "admitted" }) {
		log.Applied(number)
	}
	if err == nil && answer.More() {
		now := quota.TimeOf(answer.Int())
		for i, call := range group {
			call.now, call.order = now, orderOf(now, i)
		}
	}
	return answers, errors.Join(err, answer.Err)
}

// reserveArgs are read by reserve.lua in this order. Limits that several requests are under are sent once.
func (r *Engine) reserveArgs(group []*reserveCall, epoch string) ([]any, error) {
	args := make([]any, 0, 80+11*len(group))
	numbers, terms := sortTerms(group)
	args = append(args, len(terms))
	for _, call := range terms {
		var err error
		if args, err = r.termsArgs(args, call); err != nil {
			return nil, err
		}
	}
	args = append(args, len(group))
	for i, call := range group {
		request := &call.request
		call.epoch = epoch
		args = append(args, request.ID, numbers[i], request.InputTokens, request.OutputTokens, request.MinOutputTokens,
			request.RestOutputTokens, request.IdleOutputTokens, int64(request.InputCost), int64(request.OutputTokenCost), call.row, request.Final)
	}
	return []any{
		r.conn.Clock(), r.replica, 0, 0, quota.Lifetime.Microseconds(), r.conn.Keys.Gateways(), epoch, r.options.MaxBacklog, script.Pack(args),
	}, nil
}

// sortTerms picks one call for each set of limits in the group, and says by number, from 1, which one each call is under.
func sortTerms(group []*reserveCall) (numbers []int, terms []*reserveCall) {
	numbers = make([]int, len(group))
	for i, call := range group {
		known := slices.IndexFunc(terms, func(other *reserveCall) bool { return sameTerms(call, other) })
		if known < 0 {
			known = len(terms)
			terms = append(terms, call)
		}
		numbers[i] = known + 1
		// What is remembered of the requests shares the limits as well.
		call.request.Windows, call.request.Budgets = terms[known].request.Windows, terms[known].request.Budgets
	}
	return numbers, terms
}

// sameTerms may find a difference where there is none; that costs a few bytes.
func sameTerms(a, b *reserveCall) bool {
	return a.request.PolicyVersion == b.request.PolicyVersion && len(a.tried) == 0 && len(b.tried) == 0 &&
		slices.Equal(a.request.Windows, b.request.Windows) &&
		slices.EqualFunc(a.request.Budgets, b.request.Budgets, sameBudget)
}

func sameBudget(a, b quota.Budget) bool {
	return a.Scope == b.Scope && a.Slot == b.Slot && a.Limit == b.Limit && a.Hard == b.Hard && a.EnforcedFrom.Equal(b.EnforcedFrom) && a.Generation == b.Generation &&
		slices.Equal(a.Periods, b.Periods) && slices.Equal(a.Thresholds, b.Thresholds) && sameThrottle(a.Throttle, b.Throttle) && sameOwner(a.About, b.About)
}

func sameThrottle(a, b *quota.Throttle) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (r *Engine) termsArgs(args []any, call *reserveCall) ([]any, error) {
	request := &call.request
	about, err := script.PackBudgets(request.Budgets)
	if err != nil {
		return nil, fmt.Errorf("describe the budgets of %s: %w", request.Slot, err)
	}
	args = append(args, request.PolicyVersion, about, len(request.Windows))
	for _, window := range request.Windows {
		args = append(args, string(window.Scope), window.RPM, window.TPM, window.Parallel, quota.Micros(window.EnforcedFrom))
	}
	args = append(args, len(request.Budgets))
	for _, budget := range request.Budgets {
		args = r.budgetArgs(args, budget, request.Slot)
	}
	return r.pots.Args(args, *request, call.tried), nil
}

func (r *Engine) budgetArgs(args []any, budget quota.Budget, slot string) []any {
	throttle := quota.Throttle{Factor: 1}
	if budget.Throttle != nil {
		throttle = *budget.Throttle
	}
	args = append(args, r.conn.Keys.CounterBase(budget.Scope, slot), quota.Micros(budget.EnforcedFrom), int64(budget.Limit), budget.Hard, strconv.FormatInt(budget.Generation, 10),
		script.ShareText(budget.RefusalShare()), string(throttle.Window), int64(throttle.At), throttle.Factor)
	args = append(args, 2*len(budget.Periods))
	args = script.AppendPeriods(args, budget.Periods)
	if r.conn.Keys.IsPot(budget) {
		return append(args, 0) // its home tells people
	}
	args = append(args, 2*len(budget.Thresholds))
	for _, threshold := range budget.Thresholds {
		args = append(args, script.ShareText(threshold.Share), int64(threshold.At))
	}
	return args
}

// sameOwner says whether events about two budgets tell the same of whose they are and how they throttle.
func sameOwner(a, b api.AlertEvent) bool {
	return a.TeamID == b.TeamID && a.TeamAlias == b.TeamAlias && a.KeyID == b.KeyID && a.UserID == b.UserID && a.BudgetID == b.BudgetID &&
		a.Threshold == b.Threshold && slices.EqualFunc(a.Changes, b.Changes, func(a, b api.AlertChange) bool {
		return a.Field == b.Field && bytes.Equal(a.From, b.From) && bytes.Equal(a.To, b.To)
	})
}
