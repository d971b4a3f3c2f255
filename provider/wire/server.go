// Package wire answers Terraform without the plugin framework where nothing changes, and times what is applied.
//
// It promises the framework's own answer, only sooner: a plan that is the state as it is, and a read that finds what the
// state has. Whatever it is not sure of, the framework answers. It must know no resource, and of the gateway only that it can say: not found.
package wire

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// frameworkServer is all that the plugin framework serves for this provider: Terraform asks for the optional parts by type.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

type server struct {
	frameworkServer
	plans   map[string]resourcePlan
	types   map[string]attr.Type
	readers map[string]Reader
	// connected says whether the provider is configured.
	connected func() bool
	// unreadable is set by the first read that failed. The framework reads again to report it, so no further object is
	// waited for twice.
	unreadable atomic.Bool
}

// Options are what the server knows of the provider.
type Options struct {
	// Resources are all of the provider's.
	Resources []resource.Resource
	// Readers are those of the resources that estates have many of, by type.
	Readers map[string]Reader
	// Connected says whether the provider is configured.
	Connected func() bool
}

// NewServer returns the plugin framework's server but for what did not change, which is most of a large estate: the
// framework takes milliseconds for each object, and what it would answer is known without it.
func NewServer(framework tfprotov6.ProviderServer, options Options) tfprotov6.ProviderServer {
	inner, ok := framework.(frameworkServer)
	if !ok {
		panic("the plugin framework's server serves no list resources or actions") // compiled in, so never or always
	}
	s := &server{
		frameworkServer: forgetful{inner}, plans: map[string]resourcePlan{}, types: map[string]attr.Type{},
		readers: options.Readers, connected: options.Connected,
	}
	for _, r := range options.Resources {
		s.describe(context.Background(), r)
	}
	return s
}

// describe takes from a resource what the server has to know of it.
func (s *server) describe(ctx context.Context, r resource.Resource) {
	var of resource.MetadataResponse
	var described resource.SchemaResponse
	r.Metadata(ctx, resource.MetadataRequest{}, &of)
	r.Schema(ctx, resource.SchemaRequest{}, &described)
	s.plans[of.TypeName] = planOf(ctx, described.Schema)
	s.types[of.TypeName] = described.Schema.Type()
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
	revision, plain := rememberedRevision(req.Private)
	if !ok || !s.connected() || !plain || req.CurrentState == nil || s.unreadable.Load() {
		return nil, false
	}
	identity, ok := identityOf(req.CurrentState, reader.identity)
	if !ok || req.CurrentIdentity != nil && req.CurrentIdentity.IdentityData == nil {
		return nil, false
	}
	if req.CurrentIdentity != nil && !bytes.Equal(req.CurrentIdentity.IdentityData.MsgPack, identity.IdentityData.MsgPack) {
		return nil, false
	}
	unchanged, err := reader.isUnchanged(ctx, req.CurrentState, revision)
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
	if misfits := s.misfits(ctx, req.TypeName, req.Config); len(misfits) > 0 {
		return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, Diagnostics: misfits}, nil
	}
	return s.frameworkServer.PlanResourceChange(ctx, req) //nolint:wrapcheck // the framework's answer as it is
}

// ApplyResourceChange gives the plugin framework the time that the resource says.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return forgetting(ctx, func(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
		operation, object := applied(req)
		ctx, cancel := within(ctx, operation, object)
		defer cancel()
		return s.frameworkServer.ApplyResourceChange(ctx, req) //nolint:wrapcheck // the framework's answer as it is
	}, req)
}
