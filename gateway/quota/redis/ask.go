package redis

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// errLate is what a caller is told that waited for its group for too long.
var errLate = fmt.Errorf("%w: it did not answer in time", quota.ErrUnavailable)

// asked is one call's part of a group: whether it still waits, and the answer.
type asked struct {
	done chan struct{}
	// trial: Redis counts as away, and this call finds out whether it is back.
	trial bool
	gone  atomic.Bool

	answer *script.Reply
	err    error
}

func newAsked(trial bool) asked { return asked{done: make(chan struct{}), trial: trial} }

func (a *asked) part() *asked { return a }

// wait returns when the call was answered, or nobody needs the answer any more, or it is late.
func (r *Engine) wait(ctx context.Context, breaker *wire.Breaker, a *asked) error {
	timer := time.NewTimer(2 * r.options.Timeout)
	defer timer.Stop()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		a.gone.Store(true)
		return ctx.Err()
	case <-timer.C:
		a.gone.Store(true)
		return r.conn.NotedBy(ctx, breaker, errLate)
	}
}

// present leaves out of a group who does not wait any more, and answers those for whom it is too late:
// Redis went away while they waited for their turn.
func present[T interface{ part() *asked }](breaker *wire.Breaker, group []T) []T {
	open := breaker.Open()
	left := group[:0]
	for _, call := range group {
		switch a := call.part(); {
		case a.gone.Load():
		case open && !a.trial:
			a.err = wire.ErrOpen
			close(a.done)
		default:
			left = append(left, call)
		}
	}
	return left
}

// finish gives every call of a group its answer, or all of them what became of the group.
func finish[T interface{ part() *asked }](group []T, answers [][]any, err error) {
	if err == nil && len(answers) != len(group) {
		err = fmt.Errorf("answer of a script: %d answers to %d calls", len(answers), len(group))
	}
	for i, call := range group {
		a := call.part()
		a.err = err
		if err == nil {
			a.answer = script.NewReply(answers[i])
		}
		close(a.done)
	}
}
