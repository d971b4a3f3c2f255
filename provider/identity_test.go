package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// importBy imports by an id or else an identity, reads, and returns state and identity.
func (p *protocol) importBy(typeName, id string, identity object) (state, identityRead object) {
	p.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id}
	if identity != nil {
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: p.dynamic(identity)}
	}
	imported, err := p.server.ImportResourceState(p.ctx, req)
	p.must(err, imported.Diagnostics)
	if len(imported.ImportedResources) != 1 {
		p.t.Fatalf("%d resources are imported", len(imported.ImportedResources))
	}
	one := imported.ImportedResources[0]
	return p.read(typeName, one.State, one.Identity, one.Private)
}

func (p *protocol) read(typeName string, state *tfprotov6.DynamicValue, identity *tfprotov6.ResourceIdentityData, private []byte) (object, object) {
	p.t.Helper()
	read, err := p.server.ReadResource(p.ctx, &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: state, CurrentIdentity: identity, Private: private,
	})
	p.must(err, read.Diagnostics)
	return p.resource(typeName, read.NewState), p.identity(typeName, read.NewIdentity)
}

func TestAccIdentity_importByIdAndByIdentity(t *testing.T) {
	g := startGateway(t)
	g.fill()
	key := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{}))
	p := g.protocol()
	for typeName, one := range map[string]struct {
		id       string
		identity object
	}{
		"bursar_team":        {"marketing", object{"team_id": "marketing"}},
		"bursar_team_member": {"marketing/ada", object{"team_id": "marketing", "user_id": "ada"}},
		"bursar_user":        {"ada", object{"user_id": "ada"}},
		"bursar_key":         {key.KeyID, object{"key_id": key.KeyID}},
		"bursar_budget":      {"pot", object{"budget_id": "pot"}},
		"bursar_alert_route": {"oncall", object{"alert_route_id": "oncall"}},
		"bursar_model":       {"gpt-1", object{"model_id": "gpt-1"}},
		"bursar_admin_key":   {g.onlyAdminKey().AdminKeyID, object{"admin_key_id": g.onlyAdminKey().AdminKeyID}},
	} {
		byID, identityOfID := p.importBy(typeName, one.id, nil)
		p.configure() // another run: one that imports an object twice is refused
		byIdentity, identity := p.importBy(typeName, "", one.identity)
		if diff := cmp.Diff(byID, byIdentity); diff != "" || byID == nil {
			t.Errorf("%s (-by id +by identity):\n%s", typeName, diff)
		}
		for _, got := range []object{identityOfID, identity} {
			if diff := cmp.Diff(one.identity, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", typeName, diff)
			}
		}
	}
	for resource := range p.schemas.ResourceSchemas {
		p.identityType(resource) // a new resource needs one as well
	}
}

// apply plans and applies a configuration over a state, as Terraform does.
func (p *protocol) apply(typeName string, prior *tfprotov6.DynamicValue, config object, private []byte) *tfprotov6.ApplyResourceChangeResponse {
	p.t.Helper()
	valueType := p.schemas.ResourceSchemas[typeName].ValueType()
	if prior == nil {
		null, err := tfprotov6.NewDynamicValue(valueType, tftypes.NewValue(valueType, nil))
		p.must(err, nil)
		prior = &null
	}
	planned, err := p.server.PlanResourceChange(p.ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: prior, ProposedNewState: p.proposed(typeName, config), Config: p.dynamic(config), PriorPrivate: private,
	})
	p.must(err, planned.Diagnostics)
	applied, err := p.server.ApplyResourceChange(p.ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, PriorState: prior, PlannedState: planned.PlannedState, Config: p.dynamic(config), PlannedPrivate: planned.PlannedPrivate,
	})
	p.must(err, applied.Diagnostics)
	return applied
}

// proposed is the configuration with what it leaves to the provider as not known.
func (p *protocol) proposed(typeName string, config object) *tfprotov6.DynamicValue {
	p.t.Helper()
	schema := p.schemas.ResourceSchemas[typeName]
	value, err := p.dynamic(config).Unmarshal(schema.ValueType())
	p.must(err, nil)
	attributes := map[string]tftypes.Value{}
	p.must(value.As(&attributes), nil)
	for _, attribute := range schema.Block.Attributes {
		if attribute.Computed && attributes[attribute.Name].IsNull() {
			attributes[attribute.Name] = tftypes.NewValue(attribute.ValueType(), tftypes.UnknownValue)
		}
	}
	proposed, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), attributes))
	p.must(err, nil)
	return &proposed
}

func TestAccIdentity_isSetByCreateAndUpdate(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "there", api.TeamFields{}))
	p := g.protocol()
	for typeName, one := range map[string]struct{ config, changed, want object }{
		"bursar_team": {
			object{"team_id": "t"},
			object{"team_id": "t", "rpm_limit": 5},
			object{"team_id": "t"},
		},
		"bursar_team_member": {
			object{"team_id": "there", "user_id": "u"},
			object{"team_id": "there", "user_id": "u", "rpm_limit": 5},
			object{"team_id": "there", "user_id": "u"},
		},
		"bursar_user": {
			object{"user_id": "u2"},
			object{"user_id": "u2", "rpm_limit": 5},
			object{"user_id": "u2"},
		},
		"bursar_budget": {
			object{"budget_id": "b"},
			object{"budget_id": "b", "max_budget": 5},
			object{"budget_id": "b"},
		},
		"bursar_alert_route": {
			object{"alert_route_id": "a", "name": "a", "webhook": object{"url": "https://x.example.com"}},
			object{"alert_route_id": "a", "name": "b", "webhook": object{"url": "https://x.example.com"}},
			object{"alert_route_id": "a"},
		},
		"bursar_model": {
			object{"model_id": "m", "name": "gpt"},
			object{"model_id": "m", "name": "gpt", "rpm": 5},
			object{"model_id": "m"},
		},
	} {
		created := p.apply(typeName, nil, one.config, nil)
		updated := p.apply(typeName, created.NewState, one.changed, created.Private)
		for _, identity := range []*tfprotov6.ResourceIdentityData{created.NewIdentity, updated.NewIdentity} {
			if diff := cmp.Diff(one.want, p.identity(typeName, identity)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", typeName, diff)
			}
		}
	}
	key := p.apply("bursar_key", nil, object{}, nil)
	changed := p.apply("bursar_key", key.NewState, object{"rpm_limit": 5}, key.Private)
	for _, applied := range []*tfprotov6.ApplyResourceChangeResponse{key, changed} {
		want := object{"key_id": p.resource("bursar_key", key.NewState)["key_id"]}
		if diff := cmp.Diff(want, p.identity("bursar_key", applied.NewIdentity)); diff != "" {
			t.Errorf("bursar_key (-want +got):\n%s", diff)
		}
	}
}
