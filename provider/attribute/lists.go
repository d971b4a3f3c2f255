package attribute

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A list or map that is left out and an empty one mean the same to the gateway, except where
// OptionalStringList is used. Both are [] or {} in plan and state, so neither is ever a change.

// StringList is a list of texts that is [] when it is left out.
func StringList(description string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description,
		ElementType:         types.StringType,
		Optional:            true,
		Computed:            true,
		Default:             listdefault.StaticValue(FromStrings(nil)),
		Validators:          []validator.List{listvalidator.NoNullValues()},
	}
}

// FloatList is a list of numbers that is [] when it is left out.
func FloatList(description string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description,
		ElementType:         types.Float64Type,
		Optional:            true,
		Computed:            true,
		Default:             listdefault.StaticValue(FromFloats(nil)),
		Validators:          []validator.List{listvalidator.NoNullValues()},
	}
}

// OptionalStringList tells null from []: a scope that is left out does not restrict, an empty one selects nothing.
func OptionalStringList(description string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description,
		ElementType:         types.StringType,
		Optional:            true,
		Validators:          []validator.List{listvalidator.NoNullValues()},
	}
}

// LimitMap is limits by name, {} when it is left out.
func LimitMap(description string) schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: description,
		ElementType:         types.Int64Type,
		Optional:            true,
		Computed:            true,
		Default:             mapdefault.StaticValue(FromLimits(nil)),
		Validators:          []validator.Map{mapvalidator.NoNullValues()},
	}
}

// StringsOf returns the known elements; nil for a null list.
func StringsOf(list types.List) []string {
	if list.IsNull() || list.IsUnknown() {
		return nil
	}
	values := make([]string, 0, len(list.Elements()))
	for _, element := range list.Elements() {
		if value, ok := element.(types.String); ok && !value.IsNull() && !value.IsUnknown() {
			values = append(values, value.ValueString())
		}
	}
	return values
}

// FromStrings is never null.
func FromStrings(values []string) types.List {
	elements := make([]attr.Value, 0, len(values))
	for _, value := range values {
		elements = append(elements, types.StringValue(value))
	}
	return types.ListValueMust(types.StringType, elements)
}

// FromOptionalStrings is null for nil.
func FromOptionalStrings(values []string) types.List {
	if values == nil {
		return types.ListNull(types.StringType)
	}
	return FromStrings(values)
}

// FloatsOf returns the known elements; nil when there are none.
func FloatsOf(list types.List) []float64 {
	var values []float64
	for _, element := range list.Elements() {
		if value, ok := element.(types.Float64); ok && !value.IsNull() && !value.IsUnknown() {
			values = append(values, value.ValueFloat64())
		}
	}
	return values
}

// FromFloats is never null.
func FromFloats(values []float64) types.List {
	elements := make([]attr.Value, 0, len(values))
	for _, value := range values {
		elements = append(elements, types.Float64Value(value))
	}
	return types.ListValueMust(types.Float64Type, elements)
}

// LimitsOf returns the known entries; nil when there are none.
func LimitsOf(limits types.Map) map[string]int64 {
	var values map[string]int64
	for name, element := range limits.Elements() {
		value, ok := element.(types.Int64)
		if !ok || value.IsNull() || value.IsUnknown() {
			continue
		}
		if values == nil {
			values = make(map[string]int64)
		}
		values[name] = value.ValueInt64()
	}
	return values
}

// FromLimits is never null.
func FromLimits(limits map[string]int64) types.Map {
	elements := make(map[string]attr.Value, len(limits))
	for name, limit := range limits {
		elements[name] = types.Int64Value(limit)
	}
	return types.MapValueMust(types.Int64Type, elements)
}
