package provider_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// What a call has brought is let go when it is answered: an estate of thousands of objects takes several calls for each.
func TestServer_keepsNothingOfACall(t *testing.T) {
	p := newProtocol(t)
	team := p.dynamic(object{"team_id": "a"})
	state, err := json.Marshal(object{"team_id": "a"})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) error{
		"ValidateResourceConfig": func(ctx context.Context) error {
			_, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: "bursar_team", Config: team})
			return err
		},
		"UpgradeResourceState": func(ctx context.Context) error {
			_, err := p.server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: "bursar_team", RawState: &tfprotov6.RawState{JSON: state}})
			return err
		},
		"ImportResourceState": func(ctx context.Context) error {
			_, err := p.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: "bursar_team", ID: "a"})
			return err
		},
		"ReadResource": func(ctx context.Context) error {
			_, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "bursar_team", CurrentState: team})
			return err
		},
		"PlanResourceChange": func(ctx context.Context) error {
			_, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: "bursar_team", Config: team, PriorState: team, ProposedNewState: team})
			return err
		},
		"ApplyResourceChange": func(ctx context.Context) error {
			_, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: "bursar_team", Config: team, PriorState: team, PlannedState: team})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			brought, err := callWith(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			if brought.Value() != nil {
				t.Error("the call's context is kept")
			}
			runtime.KeepAlive(p)
		})
	}
}

// callWith makes a call with a context that brings something.
func callWith(ctx context.Context, call func(context.Context) error) (weak.Pointer[[64]byte], error) {
	type key struct{}
	something := new([64]byte)
	ctx, cancel := context.WithCancel(context.WithValue(ctx, key{}, something))
	err := call(ctx)
	cancel()
	return weak.Make(something), err
}
