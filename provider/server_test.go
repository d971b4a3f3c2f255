package provider_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// The provider's server answers some plans without the plugin framework. Whatever it is asked, it must answer as the
// framework does. What it is asked here is what it may answer by itself: a state that is also what Terraform proposes.
func TestServer_plansAsTheFrameworkDoes(t *testing.T) {
	framework, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	ours := provider.Server("test")()
	schemas, err := framework.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	// Both are asked for their schemas first, as Terraform does.
	if _, err := ours.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(schemas.ResourceSchemas)) {
		t.Run(name, func(t *testing.T) {
			byItself := 0
			rapid.Check(t, func(r *rapid.T) {
				req := drawUnchanged(r, framework, name, schemas.ResourceSchemas[name])
				got, err := ours.PlanResourceChange(t.Context(), req)
				if err != nil {
					r.Fatal(err)
				}
				want, err := framework.PlanResourceChange(t.Context(), req)
				if err != nil {
					r.Fatal(err)
				}
				if got.PlannedState == req.PriorState {
					byItself++
				}
				samePlan(r, want, got)
			})
			if byItself == 0 {
				t.Error("no plan was answered without the framework")
			}
		})
	}
}

func samePlan(r *rapid.T, want, got *tfprotov6.PlanResourceChangeResponse) {
	r.Helper()
	if said(want.Diagnostics) != said(got.Diagnostics) {
		r.Errorf("says %q, the framework %q", said(got.Diagnostics), said(want.Diagnostics))
	}
	if len(want.Diagnostics) == 0 && !bytes.Equal(want.PlannedState.MsgPack, got.PlannedState.MsgPack) {
		r.Errorf("plans\n%q, the framework\n%q", got.PlannedState.MsgPack, want.PlannedState.MsgPack)
	}
	if !bytes.Equal(want.PlannedPrivate, got.PlannedPrivate) {
		r.Errorf("private state is %s, the framework's %s", got.PlannedPrivate, want.PlannedPrivate)
	}
	if len(want.RequiresReplace) != len(got.RequiresReplace) {
		r.Errorf("replaces for %v, the framework for %v", got.RequiresReplace, want.RequiresReplace)
	}
}

// drawUnchanged draws a state, what is configured of it, and private state. Often the object is bare: it has what is
// required and the rest as the framework chooses it, so that the plan needs no framework however many attributes there are.
func drawUnchanged(r *rapid.T, framework tfprotov6.ProviderServer, typeName string, schema *tfprotov6.Schema) *tfprotov6.PlanResourceChangeRequest {
	var state, config map[string]tftypes.Value
	if rapid.IntRange(1, 4).Draw(r, "bare") == 4 {
		state, config = drawBare(r, framework, typeName, schema)
	} else {
		state, config = drawAny(r, schema)
	}
	whole := schema.ValueType()
	private := map[string]json.RawMessage{"revision": json.RawMessage("7")}
	if name := rapid.SampledFrom([]string{"", "", "", "", "", "", "imported", "rotated_elsewhere", "secret_fingerprint"}).Draw(r, "private"); name != "" {
		private[name] = json.RawMessage(`"x"`)
	}
	kept := map[string][]byte{}
	for name, value := range private {
		kept[name] = value
	}
	encoded, err := json.Marshal(kept)
	if err != nil {
		r.Fatal(err)
	}
	prior := onWire(r, whole, state)
	return &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: prior, ProposedNewState: onWire(r, whole, state), Config: onWire(r, whole, config),
		PriorPrivate: encoded,
	}
}

func drawAny(r *rapid.T, schema *tfprotov6.Schema) (state, config map[string]tftypes.Value) {
	state, config = map[string]tftypes.Value{}, map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		valueType := attribute.ValueType()
		state[attribute.Name] = drawState(r, attribute)
		config[attribute.Name] = state[attribute.Name]
		switch {
		case attribute.Computed && (!attribute.Optional || rapid.Bool().Draw(r, "left out")):
			config[attribute.Name] = tftypes.NewValue(valueType, nil)
		case attribute.WriteOnly:
			state[attribute.Name] = tftypes.NewValue(valueType, nil)
		}
	}
	forgetUnstored(state)
	if duration, ok := config["duration"]; ok && !duration.IsNull() {
		config["expires"] = tftypes.NewValue(tftypes.String, nil) // never both: validation refuses
	}
	return state, config
}

// drawBare is what the framework plans for a new object of which only what is required is configured.
func drawBare(r *rapid.T, framework tfprotov6.ProviderServer, typeName string, schema *tfprotov6.Schema) (state, config map[string]tftypes.Value) {
	config, whole := map[string]tftypes.Value{}, schema.ValueType()
	for _, attribute := range schema.Block.Attributes {
		config[attribute.Name] = tftypes.NewValue(attribute.ValueType(), nil)
		if attribute.Required {
			config[attribute.Name] = drawValue(r, attribute.Name, attribute.ValueType())
		}
	}
	none, err := tfprotov6.NewDynamicValue(whole, tftypes.NewValue(whole, nil))
	if err != nil {
		r.Fatal(err)
	}
	configured := onWire(r, whole, config)
	plan, err := framework.PlanResourceChange(r.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: &none, ProposedNewState: configured, Config: configured,
	})
	if err != nil || plan.PlannedState == nil {
		r.Fatal(err, plan)
	}
	planned, err := plan.PlannedState.Unmarshal(whole)
	if err != nil {
		r.Fatal(err)
	}
	if err := planned.As(&state); err != nil {
		r.Fatal(err)
	}
	for _, attribute := range schema.Block.Attributes {
		if state[attribute.Name].IsKnown() {
			continue
		}
		state[attribute.Name] = tftypes.NewValue(attribute.ValueType(), nil)
		if !attribute.Optional {
			state[attribute.Name] = drawValue(r, attribute.Name, attribute.ValueType())
		}
	}
	forgetUnstored(state)
	return state, config
}

// forgetUnstored takes from a key's state the secret that it has only when it is to be stored and was made by the gateway.
func forgetUnstored(state map[string]tftypes.Value) {
	if stored, ok := state["store_key_in_state"]; ok && (!stored.Equal(tftypes.NewValue(tftypes.Bool, true)) || !state["key_wo_version"].IsNull()) {
		state["key"] = tftypes.NewValue(tftypes.String, nil)
	}
}

func onWire(r *rapid.T, whole tftypes.Type, attributes map[string]tftypes.Value) *tfprotov6.DynamicValue {
	value, err := tfprotov6.NewDynamicValue(whole, tftypes.NewValue(whole, attributes))
	if err != nil {
		r.Fatal(err)
	}
	return &value
}

// drawState draws null often for what has no default: then, with all else that is left out, the framework is not needed.
func drawState(r *rapid.T, attribute *tfprotov6.SchemaAttribute) tftypes.Value {
	nullsInTwenty := 18
	if attribute.Computed {
		nullsInTwenty = 1
	}
	if attribute.Optional && rapid.IntRange(1, 20).Draw(r, "null") <= nullsInTwenty {
		return tftypes.NewValue(attribute.ValueType(), nil)
	}
	return drawValue(r, attribute.Name, attribute.ValueType())
}

func drawValue(r *rapid.T, name string, valueType tftypes.Type) tftypes.Value {
	switch t := valueType.(type) {
	case tftypes.List:
		return tftypes.NewValue(t, drawSome(r, name, t.ElementType))
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for _, element := range drawSome(r, name, t.ElementType) {
			elements["one"] = element
		}
		return tftypes.NewValue(t, elements)
	case tftypes.Object:
		attributes := map[string]tftypes.Value{}
		for _, inner := range slices.Sorted(maps.Keys(t.AttributeTypes)) {
			attributes[inner] = tftypes.NewValue(t.AttributeTypes[inner], nil)
			if rapid.Bool().Draw(r, "set") {
				attributes[inner] = drawValue(r, inner, t.AttributeTypes[inner])
			}
		}
		return tftypes.NewValue(t, attributes)
	}
	switch {
	case valueType.Is(tftypes.Bool):
		return tftypes.NewValue(valueType, rapid.IntRange(1, 20).Draw(r, name) == 20 != (name == "hard_cap" || name == "store_key_in_state" || name == "enabled"))
	case valueType.Is(tftypes.Number):
		return tftypes.NewValue(valueType, big.NewFloat(float64(rapid.IntRange(1, 3).Draw(r, name))))
	case valueType.Is(tftypes.DynamicPseudoType):
		object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
		return tftypes.NewValue(object, map[string]tftypes.Value{})
	default:
		return tftypes.NewValue(valueType, rapid.SampledFrom(textsOf(name)).Draw(r, name))
	}
}

// textsOf are the default of an attribute that has one, and others.
func textsOf(name string) []string {
	switch name {
	case "rotation_grace":
		return []string{"24h", "24h", "24h", "1h"}
	case "created_at", "expires":
		return []string{"2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z"}
	case "role":
		return []string{"user", "user", "admin"}
	default:
		return []string{"30d", "x"}
	}
}

func drawSome(r *rapid.T, name string, elementType tftypes.Type) []tftypes.Value {
	if rapid.IntRange(1, 20).Draw(r, "some") < 20 {
		return []tftypes.Value{}
	}
	return []tftypes.Value{drawValue(r, name, elementType)}
}
