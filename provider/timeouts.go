package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// Every resource says how long an operation on it may take, with all repetitions of its calls. The provider's server
// keeps to that for all of them, so that no resource has to.

// defaultTimeout is for an operation that says nothing.
const defaultTimeout = 10 * time.Minute

type timeoutsModel struct {
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func timeoutsOptions() timeouts.Opts {
	says := func(what string) string {
		return "How long " + what + " may take with all repetitions, such as `30s` or `5m`. Defaults to `10m`."
	}
	return timeouts.Opts{
		Create: true, CreateDescription: says("creating"),
		Read: true, ReadDescription: says("reading"),
		Update: true, UpdateDescription: says("updating"),
		Delete: true, DeleteDescription: says("deleting") + " What the state says holds, so apply a change first.",
	}
}

// timeoutsAttributes is of all resources.
func timeoutsAttributes() map[string]schema.Attribute {
	attribute := timeouts.Attributes(context.Background(), timeoutsOptions())
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long Terraform waits for a gateway that is slow or busy."
		attribute = nested
	}
	return map[string]schema.Attribute{"timeouts": attribute}
}

// orNull has a type even when there is no prior state, as an import, a list or a move has none.
func (m timeoutsModel) orNull() timeoutsModel {
	ctx := context.Background()
	if len(m.Timeouts.AttributeTypes(ctx)) > 0 {
		return m
	}
	none, ok := timeouts.Attributes(ctx, timeoutsOptions()).GetType().(timeouts.Type)
	if !ok {
		return m
	}
	return timeoutsModel{timeouts.Value{Object: types.ObjectNull(none.AttrTypes)}}
}

// timeoutError is why an operation's context ended.
type timeoutError struct {
	operation string
	after     time.Duration
}

func (e timeoutError) Error() string {
	return fmt.Sprintf("the operation took longer than timeouts.%s = %q", e.operation, e.after)
}

// adviceOnTimeout is for whatever failed because an operation's time was up.
func adviceOnTimeout(ctx context.Context) string {
	ended, ok := errors.AsType[timeoutError](context.Cause(ctx))
	if !ok {
		return ""
	}
	return fmt.Sprintf("\n\nIt was given %s. If the gateway is only slow or busy, give it more with timeouts = { %s = \"…\" }.", ended.after, ended.operation)
}

// within ends the context when the operation on the object has had its time. An object that is none, or that says
// what nobody understands, is for the plugin framework to report.
func within(ctx context.Context, operation string, object *tfprotov6.DynamicValue) (context.Context, context.CancelFunc) {
	after := defaultTimeout
	var said map[string]*string
	if object != nil && msgpack.Unmarshal(attributesOf(object)["timeouts"], &said) == nil && said[operation] != nil {
		if given, err := time.ParseDuration(*said[operation]); err == nil {
			after = given
		}
	}
	return context.WithTimeoutCause(ctx, after, timeoutError{operation, after})
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

func isNone(object *tfprotov6.DynamicValue) bool {
	if object == nil {
		return true
	}
	none, err := object.IsNull()
	return none && err == nil
}
