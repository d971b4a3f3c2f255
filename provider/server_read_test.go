package provider_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// The provider's server answers some reads without the plugin framework. It must answer as the framework does: for a
// state that is as the gateway has the object, and for states that differ from it in one attribute or another.
func TestAccServer_readsAsTheFrameworkDoes(t *testing.T) {
	g := startGateway(t)
	all := g.settleRandomly(newShapes(3), 16)
	ours := g.protocol()
	framework, importing := ours.withoutShortcuts(), ours.withoutShortcuts()
	byItself := map[string]int{}
	for _, typeName := range slices.Sorted(maps.Keys(all)) {
		for _, id := range all[typeName] {
			read := importing.importAndRead(typeName, id)
			req := &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: read.NewState, CurrentIdentity: read.NewIdentity, Private: read.Private}
			if ours.readsAlike(framework, req) {
				byItself[typeName]++
			}
			req.CurrentIdentity = nil // as from Terraform before 1.12
			ours.readsAlike(framework, req)
			req.Private = []byte(`{"revision":"OTk="}`) // 99
			if ours.readsAlike(framework, req) {
				t.Errorf("%s %s of another revision was read without the framework", typeName, id)
			}
			req.Private = read.Private
			for name, state := range ours.alterations(typeName, read.NewState) {
				req.CurrentState = state
				if ours.readsAlike(framework, req) {
					t.Errorf("%s %s with another %s was read without the framework", typeName, id, name)
				}
			}
		}
	}
	for _, typeName := range []string{"bursar_team", "bursar_team_member", "bursar_user", "bursar_key", "bursar_budget"} {
		if byItself[typeName] != len(all[typeName]) {
			t.Errorf("%d of %d %s were read without the framework", byItself[typeName], len(all[typeName]), typeName)
		}
	}
}

// withoutShortcuts is the provider as the plugin framework alone serves it.
func (p *protocol) withoutShortcuts() *protocol {
	p.t.Helper()
	alone := *p
	alone.server = providerserver.NewProtocol6(provider.New("test")())()
	if _, err := alone.server.GetProviderSchema(p.ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		p.t.Fatal(err)
	}
	alone.configure()
	return &alone
}

func (p *protocol) importAndRead(typeName, id string) *tfprotov6.ReadResourceResponse {
	p.t.Helper()
	imported, err := p.server.ImportResourceState(p.ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	p.must(err, imported.Diagnostics)
	object := imported.ImportedResources[0]
	read, err := p.server.ReadResource(p.ctx, &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: object.State, CurrentIdentity: object.Identity, Private: object.Private,
	})
	p.must(err, read.Diagnostics)
	return read
}

// readsAlike says whether the read was answered without the framework.
func (p *protocol) readsAlike(framework *protocol, req *tfprotov6.ReadResourceRequest) bool {
	p.t.Helper()
	want, err := framework.server.ReadResource(p.ctx, req)
	if err != nil {
		p.t.Fatal(err)
	}
	got, err := p.server.ReadResource(p.ctx, req)
	if err != nil {
		p.t.Fatal(err)
	}
	if said(want.Diagnostics) != said(got.Diagnostics) {
		p.t.Errorf("%s: says %q, the framework %q", req.TypeName, said(got.Diagnostics), said(want.Diagnostics))
	}
	if !p.value(req.TypeName, want.NewState).Equal(p.value(req.TypeName, got.NewState)) || !bytes.Equal(want.Private, got.Private) {
		p.t.Errorf("%s: reads\n%q\n%s, the framework\n%q\n%s", req.TypeName, wire(got.NewState), got.Private, wire(want.NewState), want.Private)
	}
	if !bytes.Equal(wire(want.NewIdentity.IdentityData), wire(got.NewIdentity.IdentityData)) {
		p.t.Errorf("%s: its identity is %q, the framework's %q", req.TypeName, wire(got.NewIdentity.IdentityData), wire(want.NewIdentity.IdentityData))
	}
	return got.NewState == req.CurrentState
}

// value is not as it is on the wire, where maps are in no order.
func (p *protocol) value(typeName string, state *tfprotov6.DynamicValue) tftypes.Value {
	p.t.Helper()
	value, err := state.Unmarshal(p.schemas.ResourceSchemas[typeName].ValueType())
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

func wire(value *tfprotov6.DynamicValue) []byte {
	if value == nil {
		return nil
	}
	return value.MsgPack
}

// alterations are a state with one attribute altered that the gateway tells, by attribute.
func (p *protocol) alterations(typeName string, state *tfprotov6.DynamicValue) map[string]*tfprotov6.DynamicValue {
	p.t.Helper()
	whole, value := p.schemas.ResourceSchemas[typeName].ValueType(), p.value(typeName, state)
	altered := map[string]*tfprotov6.DynamicValue{}
	for name, attribute := range p.attributesOf(value) {
		if slices.Contains(saidToTerraformOnly, name) {
			continue
		}
		other := p.attributesOf(value)
		other[name] = alteration(attribute)
		encoded, err := tfprotov6.NewDynamicValue(whole, tftypes.NewValue(whole, other))
		if err != nil {
			p.t.Fatal(err)
		}
		altered[name] = &encoded
	}
	return altered
}

// saidToTerraformOnly are attributes that reads leave as they are; ids find another object or none.
var saidToTerraformOnly = []string{
	"team_id", "user_id", "key_id", "budget_id", "alert_route_id", "model_id",
	"deletion_protection", "force_destroy", "duration", "key", "key_wo", "key_wo_version", "store_key_in_state", "rotation_trigger", "rotation_grace",
	"api_key_wo", "api_key_wo_version", "timeouts",
}

func (p *protocol) attributesOf(value tftypes.Value) map[string]tftypes.Value {
	p.t.Helper()
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		p.t.Fatal(err)
	}
	return attributes
}

// alteration is null for what is there, and something for what is not.
func alteration(value tftypes.Value) tftypes.Value {
	valueType := value.Type()
	switch {
	case !value.IsNull():
		return tftypes.NewValue(valueType, nil)
	case valueType.Is(tftypes.String):
		return tftypes.NewValue(valueType, "2031-01-02T03:04:05Z")
	case valueType.Is(tftypes.Number):
		return tftypes.NewValue(valueType, 7)
	case valueType.Is(tftypes.Bool):
		return tftypes.NewValue(valueType, true)
	}
	if list, ok := valueType.(tftypes.List); ok {
		return tftypes.NewValue(valueType, []tftypes.Value{tftypes.NewValue(list.ElementType, nil)})
	}
	object, ok := valueType.(tftypes.Object)
	if !ok {
		return tftypes.NewValue(valueType, map[string]tftypes.Value{})
	}
	attributes := map[string]tftypes.Value{}
	for name, attributeType := range object.AttributeTypes {
		attributes[name] = tftypes.NewValue(attributeType, nil)
	}
	return tftypes.NewValue(valueType, attributes)
}
