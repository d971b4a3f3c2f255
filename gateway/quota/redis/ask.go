package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// errLate is what a caller is told that waited for its group for too long.
var errLate = fmt.Errorf("%w: it did not answer in time", quota.ErrUnavailable)

// asked is one call's part of a group: whether it still waits, and the answer.
type asked struct {
	done chan struct{}
	// trial: Redis counts as away, and this call finds out whether it is back.
	trial bool
	gone  atomic.Bool

	answer *reply
	err    error
}

func newAsked(trial bool) asked { return asked{done: make(chan struct{}), trial: trial} }

func (a *asked) part() *asked { return a }

// wait returns when the call was answered, or nobody needs the answer any more, or it is late.
func (r *Engine) wait(ctx context.Context, breaker *breaker, a *asked) error {
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
		return r.notedBy(ctx, breaker, errLate)
	}
}

// present leaves out of a group who does not wait any more, and answers those for whom it is too late:
// Redis went away while they waited for their turn.
func present[T interface{ part() *asked }](breaker *breaker, group []T) []T {
	open := breaker.open()
	left := group[:0]
	for _, call := range group {
		switch a := call.part(); {
		case a.gone.Load():
		case open && !a.trial:
			a.err = errOpen
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
			a.answer = &reply{values: answers[i]}
		}
		close(a.done)
	}
}

// callGroup runs a script for a group. It is bounded by itself: a caller that leaves takes nobody along.
func (r *Engine) callGroup(breaker *breaker, script *goredis.Script, key string, args []any, calls int) (*reply, error) {
	background := context.Background()
	bounded, cancel := r.deadline(background)
	defer cancel()
	values, err := script.Run(bounded, r.scripter, []string{key}, args...).Slice()
	if err = r.notedBy(background, breaker, err); err != nil {
		for range calls - 1 { // each of them has waited in vain
			breaker.failed(time.Now())
		}
		return nil, err
	}
	return &reply{values: values}, nil
}

// groupAnswers reads what a script says to a group: one list with the length of each answer before it, or a word that
// is everybody's.
func groupAnswers(answer *reply, calls int) ([][]any, error) {
	answers := make([][]any, 0, calls)
	status := answer.text()
	if status == "ok" {
		list := &reply{values: answer.list()}
		for list.next < len(list.values) {
			answers = append(answers, list.take(list.int()))
		}
		return answers, errors.Join(answer.err, list.err)
	}
	for range calls {
		answers = append(answers, []any{status})
	}
	return answers, answer.err
}
