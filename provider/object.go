package provider

import (
	"cmp"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// idAttribute is an id that the configuration or the gateway chooses, for good.
func idAttribute(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Validators:          valid(filledValidator{}),
		PlanModifiers: []planmodifier.String{
			stringplanmodifier.UseStateForUnknown(),
			stringplanmodifier.RequiresReplace(),
		},
	}
}

// computedAttribute is told by the gateway once and stays.
func computedAttribute(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// idToValidate stands in for an id that the gateway will choose or that is not known yet; an empty one is
// filledValidator's.
func idToValidate(id types.String) string { return cmp.Or(id.ValueString(), "chosen-later") }

// refuseDestroy stops a destroy that deletion_protection forbids.
func refuseDestroy(diags *diag.Diagnostics, protection types.Bool, noun string, id types.String) {
	if protection.ValueBool() {
		diags.AddAttributeError(path.Root("deletion_protection"), "Protected from deletion", fmt.Sprintf(
			"The %s %q has deletion_protection = true. To destroy it, apply deletion_protection = false first.", noun, id.ValueString()))
	}
}
