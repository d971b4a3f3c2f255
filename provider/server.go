package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Server returns a function that makes the provider as Terraform talks to it, in protocol 6. version is shown to the
// gateway. It is the plugin framework's server but for plans in which nothing changes, most of a large estate: the
// framework takes milliseconds for each, and what it would answer is known without it.
func Server(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		inner, ok := providerserver.NewProtocol6(New(version)())().(frameworkServer)
		if !ok {
			panic("the plugin framework's server serves no list resources or actions") // compiled in, so never or always
		}
		return &server{frameworkServer: inner, plans: resourcePlans(context.Background(), New(version)())}
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
	plans map[string]resourcePlan
}

// PlanResourceChange answers by itself when nothing changes.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if plan, ok := s.plans[req.TypeName]; ok && plan.changesNothing(req) {
		return &tfprotov6.PlanResourceChangeResponse{
			PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity,
		}, nil
	}
	planned, err := s.frameworkServer.PlanResourceChange(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", req.TypeName, err)
	}
	return planned, nil
}

// changesNothing says that a plan is the state as it is, and with no warning: the state is what Terraform proposes,
// every attribute is as configured or, where nothing is configured, what the provider would choose for it, and
// neither private state nor a write-only value, which only the resource itself can judge, has a say.
func (p resourcePlan) changesNothing(req *tfprotov6.PlanResourceChangeRequest) bool {
	if req.PriorState == nil || req.ProposedNewState == nil || req.Config == nil || len(req.PriorState.MsgPack) == 0 ||
		!bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) || !hasNoSay(req.PriorPrivate) {
		return false
	}
	state, config := attributesOf(req.PriorState), attributesOf(req.Config)
	if len(state) != len(p) || len(config) != len(p) {
		return false
	}
	for name, attribute := range p {
		if !attribute.keeps(config[name], state[name]) {
			return false
		}
	}
	return true
}

// hasNoSay says that private state holds only what no plan depends on.
func hasNoSay(private []byte) bool {
	if len(private) == 0 {
		return true
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(private, &entries) != nil {
		return false
	}
	for name := range entries {
		if name != revisionKey && name != importedKey {
			return false
		}
	}
	return true
}
