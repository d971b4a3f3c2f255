// Package attribute is the kinds of attributes that several resources have: how each is described, what it refuses,
// and how its value becomes the API's and comes back.
//
// It promises that a value which means the same to the gateway shows as no change, and that null, zero and what is not
// known yet stay three things. It must know neither which resources there are nor that a gateway can be called.
package attribute

import (
	"cmp"
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Merged joins groups of attributes into one schema.
func Merged(groups ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, group := range groups {
		maps.Copy(all, group)
	}
	return all
}

// Int64 is a whole number that may be left out.
func Int64(description string) schema.Int64Attribute {
	return schema.Int64Attribute{MarkdownDescription: description, Optional: true}
}

// Text is a text that may be left out.
func Text(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true}
}

// Bool goes back to its default when it is removed from the configuration.
func Bool(description string, byDefault bool) schema.BoolAttribute {
	suffix := " Defaults to `false`."
	if byDefault {
		suffix = " Defaults to `true`."
	}
	return schema.BoolAttribute{
		MarkdownDescription: description + suffix,
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(byDefault),
	}
}

// FromText takes an empty text for none unless prior has it: to the gateway they mean the same, and in the configuration
// that Terraform generates an empty text is null.
func FromText(text *string, prior types.String) types.String {
	if text != nil && *text == "" && prior.ValueString() == "" {
		return prior
	}
	return types.StringPointerValue(text)
}

// The framework's own pointers turn an unknown value into zero; these turn it into nothing.

// Int64Of is nil for a number that is null or not known.
func Int64Of(value types.Int64) *int64 {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueInt64Pointer()
}

// Float64Of is nil for a number that is null or not known.
func Float64Of(value types.Float64) *float64 {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueFloat64Pointer()
}

// TextOf is nil for a text that is null or not known.
func TextOf(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

// IsTrue is the default for what is null or not known.
func IsTrue(value types.Bool, byDefault bool) bool {
	if value.IsNull() || value.IsUnknown() {
		return byDefault
	}
	return value.ValueBool()
}

// IsSet says that a value is there and known.
func IsSet(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// Valid is the list that schemas take.
func Valid(v ...validator.String) []validator.String { return v }

// ID is an id that the configuration or the gateway chooses, for good.
func ID(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Validators:          Valid(Filled{}),
		PlanModifiers: []planmodifier.String{
			stringplanmodifier.UseStateForUnknown(),
			stringplanmodifier.RequiresReplace(),
		},
	}
}

// Computed is told by the gateway once and stays.
func Computed(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// IDToValidate stands in for an id that the gateway will choose or that is not known yet; an empty one is
// Filled's.
func IDToValidate(id types.String) string { return cmp.Or(id.ValueString(), "chosen-later") }

// Filled refuses an empty text: nothing is left out rather than empty.
type Filled struct{}

func (Filled) Description(context.Context) string {
	return "must not be empty; leave it out, or set it to null, for none"
}

func (v Filled) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v Filled) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && req.ConfigValue.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Empty text", req.Path.String()+" "+v.Description(ctx)+".")
	}
}
