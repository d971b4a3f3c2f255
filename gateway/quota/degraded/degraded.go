// Package degraded decides without the shared counters while they cannot be reached, as the limits' owners want it.
//
// It promises that gateways which keep rate limits in shares admit no more together than the limit, that a hard budget
// is never spent from unseen unless its owner wants that, and that every decision made alone says so.
// It must never know where the counters are or why they cannot be reached.
package degraded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

var _ quota.Engine = (*Engine)(nil)

// What becomes of a limit while the counters cannot be reached, in [Policy].
const (
	// Closed refuses with [quota.ErrUnavailable] what the limit binds. "" means the same.
	Closed = "closed"
	// Local lets every gateway admit its share: what is left of the limit by the last figure it saw,
	// divided by the number of gateways that lived lately. For rate limits only.
	Local = "local"
	// Open admits without looking.
	Open = "open"
)

// Policy says what happens to requests while the counters cannot be reached. A request must pass both.
// What is admitted alone the counters are told when they are back: windows are charged, counters follow the ledger.
type Policy struct {
	RateLimits string
	Budgets    string
}

func (p Policy) degrades() bool {
	return p.RateLimits == Local || p.RateLimits == Open || p.Budgets == Open
}

// covers says whether the request may be decided alone. What is only watched binds nobody.
func (p Policy) covers(request quota.Request, now time.Time) bool {
	if !p.degrades() {
		return false
	}
	for _, budget := range request.Budgets {
		if budget.Refuses() && p.Budgets != Open && !quota.Watched(budget.EnforcedFrom, now) {
			return false
		}
	}
	if p.RateLimits == Local || p.RateLimits == Open {
		return true
	}
	return !slices.ContainsFunc(request.Windows, func(w quota.Window) bool { return !quota.Watched(w.EnforcedFrom, now) })
}

// Engine asks shared counters, and decides alone when they do not answer.
type Engine struct {
	quota.Shared
	policy Policy
	// windows are this gateway's shares.
	windows *quota.Memory

	// mu is held while this gateway decides alone: the counters decide nothing in the slot meanwhile that they were
	// not asked about before.
	mu sync.Mutex
	// seen are the windows as the counters last answered them.
	seen  map[windowKey]seenWindow
	swept time.Time
	// undecided are the requests that the counters were asked about and have not decided, by id: they may admit them yet.
	undecided map[string]*quota.Request
}

// Around returns the engine itself when the policy refuses everything, else one that decides alone while it is out of
// reach. Closing that closes both.
func Around(engine quota.Shared, policy Policy) quota.Engine {
	if !policy.degrades() {
		return engine
	}
	return &Engine{
		Shared: engine, policy: policy,
		windows: quota.NewMemory(quota.NoRecord{}, quota.MemoryOptions{ReapEvery: -1}),
		seen:    make(map[windowKey]seenWindow), undecided: make(map[string]*quota.Request),
	}
}

// Close implements [quota.Engine].
func (e *Engine) Close() error { return errors.Join(e.Shared.Close(), e.windows.Close()) }

// Reserve implements [quota.Engine].
func (e *Engine) Reserve(ctx context.Context, request quota.Request) (quota.Decision, error) {
	request, err := request.Normalized()
	if err != nil {
		return quota.Decision{}, err
	}
	answer, err := e.ask(ctx, request)
	decision := answer.Decision
	if errors.Is(err, quota.ErrUnavailable) && ctx.Err() == nil {
		decision, err = e.reserveAlone(ctx, request, err)
	}
	if answer.Unheard && (err != nil || !decision.Admitted) {
		e.TakeBack(request) // it may have been made all the same, and the request will not be sent
	}
	return decision, err
}

// ask lets the counters decide.
func (e *Engine) ask(ctx context.Context, request quota.Request) (quota.Answer, error) {
	if err := e.enter(ctx, &request); err != nil {
		return quota.Answer{}, err
	}
	defer e.undecide(request.ID)
	answer, err := e.Ask(ctx, request)
	if err == nil {
		e.noteSeen(request.Slot, answer.Decision.Windows, answer.Order)
	}
	return answer, err
}

// enterTries is how often a request tells the counters what happened without them before it is decided alone.
const enterTries = 8

// enter makes a request one that the counters decide, after they were told what happened in its slot without them. A
// decision made alone that comes later takes the request for admitted; one that came before is known to the counters by now.
func (e *Engine) enter(ctx context.Context, request *quota.Request) error {
	for range enterTries {
		if e.undecidedNow(request) {
			return nil
		}
		if err := e.Pay(ctx, request.Slot); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: more happens in %s without it than it can be told", quota.ErrUnavailable, request.Slot)
}

func (e *Engine) undecidedNow(request *quota.Request) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Owes(request.Slot) {
		return false
	}
	e.undecided[request.ID] = request
	return true
}

func (e *Engine) undecide(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.undecided, id)
}

// Settle implements [quota.Engine].
func (e *Engine) Settle(ctx context.Context, settlement quota.Settlement) (quota.Settled, error) {
	made := e.Reservation(settlement.ID)
	if made != nil && made.Adopted {
		// Its share is there, or it was settled before.
		_, _ = e.windows.Settle(ctx, settlement)
	}
	seen := e.seenOf(made)
	ending, err := e.End(ctx, settlement)
	if ending.Unheard {
		e.endedUnheard(made, seen)
	}
	if err == nil {
		e.noteSeen(settlement.Slot, ending.Settled.Windows, ending.Order)
	}
	return ending.Settled, err
}

// Renew implements [quota.Engine].
func (e *Engine) Renew(ctx context.Context, checkpoints []quota.Checkpoint) error {
	if err := e.windows.Renew(ctx, checkpoints); err != nil {
		return err
	}
	return e.Shared.Renew(ctx, checkpoints)
}

// PolicyVersion implements [quota.Engine].
func (e *Engine) PolicyVersion(ctx context.Context, slot string) (int64, error) {
	version, err := e.Shared.PolicyVersion(ctx, slot)
	if errors.Is(err, quota.ErrUnavailable) {
		return versionAlone(time.Now()), nil
	}
	return version, err
}

// versionAlone makes every gateway load the limits anew once a second: nobody can tell it of changes.
func versionAlone(now time.Time) int64 { return -now.Unix() }

// freshAlone says whether limits were loaded in this second or the one before: loading them takes a moment.
func freshAlone(version int64, now time.Time) bool {
	return version == versionAlone(now) || version == versionAlone(now)+1
}
