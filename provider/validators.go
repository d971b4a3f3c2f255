package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Rules about the gateway's objects are not here but in their Validate methods, which the
// gateway and the plan both ask.

func validInt64(from, to int64) []validator.Int64 {
	return []validator.Int64{int64validator.Between(from, to)}
}

type endpointValidator struct{}

func (endpointValidator) Description(context.Context) string {
	return "must be an http or https address without user, query or fragment"
}

func (v endpointValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (endpointValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := client.CheckEndpoint(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Wrong endpoint", attribute.Sentence(err))
	}
}

type adminKeyValidator struct{}

func (adminKeyValidator) Description(context.Context) string {
	return "must not be empty or hold spaces or line breaks"
}

func (v adminKeyValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (adminKeyValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := client.CheckAdminKey(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Wrong admin key", attribute.Sentence(err))
	}
}
