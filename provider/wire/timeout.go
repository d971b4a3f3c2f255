package wire

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// defaultTimeout is for an operation that says nothing.
const defaultTimeout = 10 * time.Minute

// TimeoutError is why an operation's context ended.
type TimeoutError struct {
	// Operation is create, update or delete.
	Operation string
	// After is how long it was given.
	After time.Duration
}

// Error names the attribute that gives more time.
func (e TimeoutError) Error() string {
	return fmt.Sprintf("the operation took longer than timeouts.%s = %q", e.Operation, e.After)
}

// within ends the context when the operation on the object has had its time. An object that is none, or that says
// what nobody understands, is for the plugin framework to report.
func within(ctx context.Context, operation string, object *tfprotov6.DynamicValue) (context.Context, context.CancelFunc) {
	after := defaultTimeout
	var said map[string]*string
	if object != nil && msgpack.Unmarshal(attributesOf(object)["timeouts"], &said) == nil && said[operation] != nil {
		if given, err := time.ParseDuration(*said[operation]); err == nil && given > 0 {
			after = given
		}
	}
	return context.WithTimeoutCause(ctx, after, TimeoutError{operation, after})
}

// applied is the operation that an apply is, and the object that says how long it may take.
func applied(req *tfprotov6.ApplyResourceChangeRequest) (operation string, object *tfprotov6.DynamicValue) {
	switch {
	case isNone(req.PriorState):
		return "create", req.PlannedState
	case isNone(req.PlannedState):
		return "delete", req.PriorState
	default:
		return "update", req.PlannedState
	}
}
