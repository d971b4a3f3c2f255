package replay

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// timeline is an engine whose clock shows the time of the record.
type timeline struct {
	engine *quota.Memory
	now    time.Time
	under  underWay
	// last are the latest budgets of the scopes that were adjusted by hand: resets are booked on them. A budget without a
	// scope was not charged yet.
	last map[quota.Scope]quota.Budget
}

func newTimeline(record quota.Record) *timeline {
	t := &timeline{last: map[quota.Scope]quota.Budget{}}
	t.engine = quota.NewMemory(record, quota.MemoryOptions{Now: func() time.Time { return t.now }, ReapEvery: -1})
	return t
}

func (t *timeline) close() error { return t.engine.Close() }

// decide admits or refuses a call as the engine would have, on arrivals that come in order.
func (t *timeline) decide(ctx context.Context, call *api.RecordedCall, windows []quota.Window, budgets []quota.Budget) (quota.Decision, error) {
	if err := t.moveTo(ctx, call.AdmittedAt); err != nil {
		return quota.Decision{}, err
	}
	request := requestOf(call)
	request.Windows, request.Budgets = windows, budgets
	decision, err := t.engine.Reserve(ctx, request)
	if err != nil {
		return decision, fmt.Errorf("decide call %s again: %w", call.ID, err)
	}
	t.noteLast(budgets)
	if decision.Admitted {
		heap.Push(&t.under, ending{id: call.ID, slot: request.Slot, at: call.SettledAt, tokens: counted(call), cost: call.Cost})
	}
	return decision, nil
}

func (t *timeline) noteLast(budgets []quota.Budget) {
	if len(t.last) == 0 {
		return
	}
	for _, budget := range budgets {
		if _, adjusted := t.last[budget.Scope]; adjusted {
			t.last[budget.Scope] = budget
		}
	}
}

// moveTo settles the calls that had ended by a time.
func (t *timeline) moveTo(ctx context.Context, now time.Time) error {
	for len(t.under) > 0 && !t.under[0].at.After(now) {
		ended := heap.Pop(&t.under).(ending) //nolint:forcetypeassert // it holds nothing else
		t.now = later(t.now, ended.at)
		settlement := quota.Settlement{ID: ended.id, Slot: ended.slot, Tokens: ended.tokens, Cost: ended.cost}
		if _, err := t.engine.Settle(ctx, settlement); err != nil {
			return fmt.Errorf("settle call %s again: %w", ended.id, err)
		}
	}
	t.now = later(t.now, now)
	return nil
}

// adjust books what was adjusted by hand. A scope that no call was charged to yet has no counter: it is filled with
// what was adjusted by then.
func (t *timeline) adjust(ctx context.Context, adjusted api.Adjustment) error {
	if err := t.moveTo(ctx, adjusted.At); err != nil {
		return err
	}
	budget := t.last[quota.Scope(adjusted.Scope)]
	if budget.Scope == "" {
		return nil
	}
	if _, covered := budget.PeriodAt(adjusted.At); !covered {
		return nil // a period that no call was charged to yet
	}
	return t.engine.Adjust(ctx, []quota.Budget{budget}, adjusted.At, adjusted.Amount)
}

// requestOf asks for what the call had reserved, and is content without what it could spare.
func requestOf(call *api.RecordedCall) quota.Request {
	request := quota.Request{ID: call.ID, Slot: call.Slot()}
	if !call.Recorded() {
		request.InputTokens, request.InputCost = counted(call), max(call.Cost, 0)
		return request
	}
	request.InputTokens, request.InputCost = call.ReservedTokens-call.SparableTokens, call.ReservedCost-call.SparableCost
	request.OutputTokens = call.SparableTokens
	if call.SparableTokens > 0 {
		request.OutputTokenCost = call.SparableCost / money.Nano(call.SparableTokens)
	}
	return request
}

// counted are the tokens that limits per minute have counted of a call in the end.
func counted(call *api.RecordedCall) int64 { return max(call.TotalTokens()-call.UncountedTokens, 0) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ending is the end of a call that was admitted again.
type ending struct {
	id, slot string
	at       time.Time
	tokens   int64
	cost     money.Nano
}

// underWay are the calls that have not ended, the next to end first.
type underWay []ending

// Len implements [heap.Interface].
func (u underWay) Len() int { return len(u) }

// Less implements [heap.Interface].
func (u underWay) Less(i, j int) bool { return u[i].at.Before(u[j].at) }

// Swap implements [heap.Interface].
func (u underWay) Swap(i, j int) { u[i], u[j] = u[j], u[i] }

// Push implements [heap.Interface].
func (u *underWay) Push(x any) { *u = append(*u, x.(ending)) } //nolint:forcetypeassert // it is given nothing else

// Pop implements [heap.Interface].
func (u *underWay) Pop() any {
	last := (*u)[len(*u)-1]
	*u = (*u)[:len(*u)-1]
	return last
}
