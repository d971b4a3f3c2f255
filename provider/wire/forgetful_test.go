package wire

import (
	"context"
	"errors"
	"testing"
)

// While a call lasts its context is the call's own: what it carries, when it ends, and why. Afterwards it has ended.
func TestForgetting_isTheCallsContext(t *testing.T) {
	type key struct{}
	why := errors.New("it took too long")
	var kept context.Context
	answer, err := forgetting(context.WithValue(t.Context(), key{}, "carried"), func(ctx context.Context, request string) (string, error) {
		kept = ctx
		if ctx.Value(key{}) != "carried" || ctx.Err() != nil {
			t.Errorf("the call has %v and ends with %v", ctx.Value(key{}), ctx.Err())
		}
		parent, cancel := context.WithCancelCause(ctx)
		child, stop := context.WithCancel(parent)
		defer stop()
		cancel(why)
		<-child.Done()
		return request, context.Cause(child)
	}, "asked")
	if answer != "asked" || !errors.Is(err, why) {
		t.Errorf("%q, %v", answer, err)
	}
	<-kept.Done()
	if !errors.Is(kept.Err(), context.Canceled) || kept.Value(key{}) != nil {
		t.Errorf("after the call: %v, %v", kept.Err(), kept.Value(key{}))
	}
}

// The end of the call is one of what was made of its context.
func TestForgetting_endsWithTheCall(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("Terraform was interrupted")
	_, err := forgetting(ctx, func(ctx context.Context, _ struct{}) (struct{}, error) {
		made, stop := context.WithCancel(ctx)
		defer stop()
		cancel(why)
		<-made.Done()
		return struct{}{}, context.Cause(made)
	}, struct{}{})
	if !errors.Is(err, why) {
		t.Errorf("it ends because of %v", err)
	}
}
