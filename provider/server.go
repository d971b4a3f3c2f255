package provider

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Server returns a function that makes the provider as Terraform talks to it, in protocol 6. version is shown to the
// gateway. It is the plugin framework's server but for what did not change, which is most of a large estate: the
// framework takes milliseconds for each object, and what it would answer is known without it.
func Server(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := &bursarProvider{version: version}
		inner, ok := providerserver.NewProtocol6(p)().(frameworkServer)
		if !ok {
			panic("the plugin framework's server serves no list resources or actions") // compiled in, so never or always
		}
		ctx := context.Background()
		return &server{frameworkServer: inner, provider: p, plans: resourcePlans(ctx, p), readers: resourceReaders(ctx)}
	}
}

// frameworkServer is all that the plugin framework serves for this provider: Terraform asks for the optional parts by type.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

type server struct {
	frameworkServer
	provider *bursarProvider
	plans    map[string]resourcePlan
	readers  map[string]unchangedReader
	// unreadable is set by the first read that failed: the framework reads again to report it, and what is waited for
	// twice is waited for once only.
	unreadable atomic.Bool
}

// ReadResource answers by itself for an object that is as the state has it.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if identity, unchanged := s.readsNothingNew(ctx, req); unchanged {
		return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private, NewIdentity: identity}, nil
	}
	return s.frameworkServer.ReadResource(ctx, req) //nolint:wrapcheck // the framework's answer as it is
}

func (s *server) readsNothingNew(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ResourceIdentityData, bool) {
	reader, ok := s.readers[req.TypeName]
	gateway := s.provider.connected.Load()
	revision, plain := rememberedRevision(req.Private)
	if !ok || gateway == nil || !plain || req.CurrentState == nil || s.unreadable.Load() {
		return nil, false
	}
	identity, ok := identityOf(req.CurrentState, reader.identity)
	if !ok || req.CurrentIdentity != nil && req.CurrentIdentity.IdentityData == nil {
		return nil, false
	}
	if req.CurrentIdentity != nil && !bytes.Equal(req.CurrentIdentity.IdentityData.MsgPack, identity.IdentityData.MsgPack) {
		return nil, false
	}
	unchanged, err := reader.isUnchanged(ctx, gatewayUser{client: gateway.client, judge: gateway.judge}, req.CurrentState, revision)
	if err != nil && api.CodeOf(err) != api.NotFound {
		s.unreadable.Store(true)
	}
	return identity, unchanged
}

// PlanResourceChange answers by itself when nothing changes.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if plan, ok := s.plans[req.TypeName]; ok && plan.changesNothing(req) {
		return &tfprotov6.PlanResourceChangeResponse{
			PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity,
		}, nil
	}
	return s.frameworkServer.PlanResourceChange(ctx, req) //nolint:wrapcheck // the framework's answer as it is
}

// ApplyResourceChange gives the plugin framework the time that the resource says.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	operation, object := applied(req)
	ctx, cancel := within(ctx, operation, object)
	defer cancel()
	return s.frameworkServer.ApplyResourceChange(ctx, req) //nolint:wrapcheck // the framework's answer as it is
}
