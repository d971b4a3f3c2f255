package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

const (
	noGrace  = "0s"
	maxGrace = 90 * 24 * time.Hour
)

type graceValidator struct{}

func (graceValidator) Description(context.Context) string {
	return "must be a duration such as 24h or 7d, at most 90d, or 0s for none"
}

func (v graceValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v graceValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || req.ConfigValue.ValueString() == noGrace {
		return
	}
	span, err := api.ParseSpan(req.ConfigValue.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration", attribute.Sentence(err))
		return
	}
	if span.Approximate() > maxGrace {
		resp.Diagnostics.AddAttributeError(req.Path, "Grace too long", req.Path.String()+" "+v.Description(ctx)+".")
	}
}
