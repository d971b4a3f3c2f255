package attribute

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// KeySecret takes texts that can be the secret of a key, and repeats none.
type KeySecret struct{}

// Description implements [validator.Describer].
func (KeySecret) Description(context.Context) string { return api.ErrKeySecret.Error() }

// MarkdownDescription implements [validator.Describer].
func (v KeySecret) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

// ValidateString implements [validator.String].
func (v KeySecret) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if api.CheckKeySecret(req.ConfigValue.ValueString()) != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a secret", req.Path.String()+" "+v.Description(ctx)+".")
	}
}
