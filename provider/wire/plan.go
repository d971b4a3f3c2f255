package wire

import (
	"bytes"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// resourcePlan is, by attribute of a resource, what a plan does where nothing is configured.
type resourcePlan map[string]attributePlan

// attributePlan is one attribute's. Values are as they are on Terraform's wire.
type attributePlan struct {
	// opaque is for the plugin framework to judge when it is configured: a value that no state has, or one with
	// attributes of its own.
	opaque bool
	// stays is left to the state.
	stays bool
	// byDefault is the default; nil for none.
	byDefault []byte
}

// keeps says whether the attribute stays as it is in the state.
func (p attributePlan) keeps(config, state msgpack.RawMessage) bool {
	switch {
	case !isNull(config):
		return !p.opaque && bytes.Equal(config, state)
	case p.byDefault != nil:
		return bytes.Equal(p.byDefault, state)
	default:
		return p.stays || isNull(state)
	}
}

// changesNothing says that a plan is the state as it is, and with no warning: the state is what Terraform proposes,
// every attribute is as configured or, where nothing is configured, what the provider would choose for it, and
// neither private state nor a write-only value, which only the resource itself can judge, has a say.
func (p resourcePlan) changesNothing(req *tfprotov6.PlanResourceChangeRequest) bool {
	if req.PriorState == nil || req.ProposedNewState == nil || req.Config == nil || len(req.PriorState.MsgPack) == 0 ||
		!bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return false
	}
	if _, plain := privateEntries(req.PriorPrivate); !plain {
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

// Decides marks an attribute by which a resource's ModifyPlan sets another one. A plan with it may change an object
// whose every attribute is as configured, so the plugin framework has to make it.
type Decides struct {
	// About is the attribute that is set.
	About string
}

// Description is for people.
func (d Decides) Description(context.Context) string { return "decides about " + d.About }

// MarkdownDescription is the same.
func (d Decides) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// PlanModifyString leaves the attribute itself as it is.
func (Decides) PlanModifyString(context.Context, planmodifier.StringRequest, *planmodifier.StringResponse) {
}

func decides(attribute schema.Attribute) bool {
	text, ok := attribute.(schema.StringAttribute)
	return ok && slices.ContainsFunc(text.PlanModifiers, func(modifier planmodifier.String) bool {
		_, marked := modifier.(Decides)
		return marked
	})
}

func planOf(ctx context.Context, s schema.Schema) resourcePlan {
	plan := resourcePlan{}
	for name, attribute := range s.Attributes {
		_, nested := attribute.(schema.NestedAttribute)
		plan[name] = attributePlan{
			opaque:    nested || attribute.IsWriteOnly() || decides(attribute),
			stays:     !attribute.IsOptional() && !attribute.IsRequired() || keepsState(attribute),
			byDefault: defaultOf(ctx, attribute),
		}
	}
	return plan
}

// KeepsState is a plan modifier that leaves to the state what is not configured, and has no other say then.
type KeepsState interface{ KeepsState() }

// keepsState says that the attribute's own modifier leaves to the state what is not configured.
func keepsState(attribute schema.Attribute) bool {
	switch a := attribute.(type) {
	case schema.StringAttribute:
		return slices.Contains(a.PlanModifiers, stringplanmodifier.UseStateForUnknown()) || anyKeepsState(a.PlanModifiers)
	case schema.Int64Attribute:
		return anyKeepsState(a.PlanModifiers)
	case schema.NumberAttribute:
		return anyKeepsState(a.PlanModifiers)
	}
	return false
}

func anyKeepsState[M any](modifiers []M) bool {
	return slices.ContainsFunc(modifiers, func(modifier M) bool {
		_, keeps := any(modifier).(KeepsState)
		return keeps
	})
}

// noState is a default that no state equals: no value of MessagePack begins so.
var noState = []byte{0xc1}

// defaultOf is nil for an attribute without a default.
func defaultOf(ctx context.Context, attribute schema.Attribute) []byte {
	value, ok := defaultValue(ctx, attribute)
	if !ok {
		return noState
	}
	if value == nil {
		return nil
	}
	raw, err := value.ToTerraformValue(ctx)
	if err != nil {
		return noState
	}
	encoded, err := tfprotov6.NewDynamicValue(attribute.GetType().TerraformType(ctx), raw)
	if err != nil {
		return noState
	}
	return encoded.MsgPack
}

// defaultValue is nil for an attribute without a default. It says false for a kind that may have one and is not listed.
func defaultValue(ctx context.Context, attribute schema.Attribute) (attr.Value, bool) {
	if !attribute.IsComputed() {
		return nil, true // has none: the plugin framework refuses one
	}
	switch a := attribute.(type) {
	case schema.StringAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.StringResponse
		a.Default.DefaultString(ctx, defaults.StringRequest{}, &resp)
		return resp.PlanValue, true
	case schema.BoolAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.BoolResponse
		a.Default.DefaultBool(ctx, defaults.BoolRequest{}, &resp)
		return resp.PlanValue, true
	case schema.Int64Attribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.Int64Response
		a.Default.DefaultInt64(ctx, defaults.Int64Request{}, &resp)
		return resp.PlanValue, true
	case schema.NumberAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.NumberResponse
		a.Default.DefaultNumber(ctx, defaults.NumberRequest{}, &resp)
		return resp.PlanValue, true
	case schema.ListAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.ListResponse
		a.Default.DefaultList(ctx, defaults.ListRequest{}, &resp)
		return resp.PlanValue, true
	case schema.MapAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.MapResponse
		a.Default.DefaultMap(ctx, defaults.MapRequest{}, &resp)
		return resp.PlanValue, true
	case schema.DynamicAttribute:
		if a.Default == nil {
			return nil, true
		}
		var resp defaults.DynamicResponse
		a.Default.DefaultDynamic(ctx, defaults.DynamicRequest{}, &resp)
		return resp.PlanValue, true
	}
	return nil, false
}
