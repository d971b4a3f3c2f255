package wire

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// The plugin framework keeps a context of each call until Terraform stops the provider, and with it all that the call's own
// carries: its loggers, its stream, its request. That is some 10 kB for each of the calls, of which an object has several. So the
// framework gets a context that holds the call's own no longer than the call lasts.

// forgetful are the calls that Terraform makes for each object, but for the apply.
type forgetful struct{ frameworkServer }

func (f forgetful) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return forgetting(ctx, f.frameworkServer.ValidateResourceConfig, req)
}

func (f forgetful) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return forgetting(ctx, f.frameworkServer.UpgradeResourceState, req)
}

func (f forgetful) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return forgetting(ctx, f.frameworkServer.UpgradeResourceIdentity, req)
}

func (f forgetful) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return forgetting(ctx, f.frameworkServer.ReadResource, req)
}

func (f forgetful) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return forgetting(ctx, f.frameworkServer.PlanResourceChange, req)
}

func (f forgetful) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return forgetting(ctx, f.frameworkServer.ImportResourceState, req)
}

func (f forgetful) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return forgetting(ctx, f.frameworkServer.MoveResourceState, req)
}

func (f forgetful) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return forgetting(ctx, f.frameworkServer.ValidateDataResourceConfig, req)
}

func (f forgetful) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return forgetting(ctx, f.frameworkServer.ReadDataSource, req)
}

func (f forgetful) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return forgetting(ctx, f.frameworkServer.CallFunction, req)
}

// forgetting makes a call after which nothing of its context is kept.
func forgetting[Q, A any](ctx context.Context, call func(context.Context, Q) (A, error), req Q) (A, error) {
	during := new(during)
	during.call.Store(&ctx)
	defer during.call.Store(nil)
	return call(during, req)
}

// during is the context of a call while it lasts, and one that is canceled afterwards.
type during struct {
	call atomic.Pointer[context.Context]
}

func (d *during) context() context.Context {
	if ctx := d.call.Load(); ctx != nil {
		return *ctx
	}
	return canceled
}

var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Deadline is the call's.
func (d *during) Deadline() (time.Time, bool) { return d.context().Deadline() }

// Done is the call's.
func (d *during) Done() <-chan struct{} { return d.context().Done() }

// Err is the call's.
func (d *during) Err() error { return d.context().Err() } //nolint:wrapcheck // the context's own

// Value is the call's.
func (d *during) Value(key any) any { return d.context().Value(key) }
