package provider

import (
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// refuseDestroy stops a destroy that deletion_protection forbids.
func refuseDestroy(diags *diag.Diagnostics, protection types.Bool, noun string, id types.String) {
	if protection.ValueBool() {
		diags.AddAttributeError(path.Root("deletion_protection"), "Protected from deletion", fmt.Sprintf(
			"The %s %q has deletion_protection = true. To destroy it, apply deletion_protection = false first.", noun, id.ValueString()))
	}
}

// judgedOrNil is nil for an object that is not there.
func judgedOrNil[M, F any](model *M, as func(M) foretell.Planned[F]) *foretell.Planned[F] {
	if model == nil {
		return nil
	}
	return new(as(*model))
}
