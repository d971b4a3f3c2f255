package attribute

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/dynamicdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Metadata is a free JSON object on the gateway and a dynamic value here: 2 stays a number,
// "2" a text, and a list a list, whoever wrote it.
func Metadata(noun string) schema.DynamicAttribute {
	return schema.DynamicAttribute{
		MarkdownDescription: "Anything worth keeping with the " + noun + ", such as `{ cost_center = \"CC-123\" }`. " +
			"Values may be of any type and come back with the type they were written with. Defaults to none.",
		Optional:      true,
		Computed:      true,
		Default:       dynamicdefault.StaticValue(noMetadata()),
		Validators:    []validator.Dynamic{Object{}},
		PlanModifiers: []planmodifier.Dynamic{quietMetadata{}},
	}
}

func noMetadata() types.Dynamic {
	return types.DynamicValue(types.ObjectValueMust(map[string]attr.Type{}, map[string]attr.Value{}))
}

// MetadataOf leaves out what is not known yet.
func MetadataOf(value types.Dynamic) api.Metadata {
	encoded, ok := JSONOf(value)
	if !ok {
		return nil
	}
	var metadata api.Metadata
	if err := json.Unmarshal(encoded, &metadata); err != nil {
		return nil // not an object; the validator says so
	}
	return metadata
}

// FromMetadata keeps prior when it means the same: a map(string) and an object of
// strings are two types in Terraform and one in JSON.
func FromMetadata(metadata api.Metadata, prior types.Dynamic) types.Dynamic {
	encoded, err := json.Marshal(metadata)
	if err != nil {
		return noMetadata()
	}
	value := types.DynamicValue(FromJSON(encoded))
	if sameJSON(prior, value) {
		return prior
	}
	return value
}

func sameJSON(a, b types.Dynamic) bool {
	first, knownA := JSONOf(a)
	second, knownB := JSONOf(b)
	return knownA && knownB && bytes.Equal(first, second)
}

// quietMetadata keeps the state's value when the configured one means the same.
type quietMetadata struct{}

func (quietMetadata) Description(context.Context) string {
	return "values that are the same in JSON are the same"
}

func (q quietMetadata) MarkdownDescription(ctx context.Context) string { return q.Description(ctx) }

func (quietMetadata) PlanModifyDynamic(_ context.Context, req planmodifier.DynamicRequest, resp *planmodifier.DynamicResponse) {
	if !req.StateValue.IsNull() && sameJSON(req.PlanValue, req.StateValue) {
		resp.PlanValue = req.StateValue
	}
}

// Object refuses a dynamic value that is no object.
type Object struct{}

func (Object) Description(context.Context) string {
	return "must be an object or a map"
}

func (v Object) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v Object) ValidateDynamic(ctx context.Context, req validator.DynamicRequest, resp *validator.DynamicResponse) {
	switch req.ConfigValue.UnderlyingValue().(type) {
	case nil, types.Object, types.Map:
	default:
		resp.Diagnostics.AddAttributeError(req.Path, "Not an object",
			req.Path.String()+" "+v.Description(ctx)+`, such as { cost_center = "CC-123" }.`)
	}
}
