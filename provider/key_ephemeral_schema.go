package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

func (e *keyEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	text := func(description string, validators ...validator.String) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: validators}
	}
	told := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	limit := func(description string) schema.Attribute {
		return schema.Int64Attribute{MarkdownDescription: description, Optional: true}
	}
	names := func(description string) schema.Attribute {
		return schema.ListAttribute{
			MarkdownDescription: description, ElementType: types.StringType, Optional: true, Validators: []validator.List{listvalidator.NoNullValues()},
		}
	}
	secret := told("The secret, to hand to a write-only attribute, a provider block or another ephemeral value.")
	secret.Sensitive = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "A key for as long as Terraform runs: made when the plan or apply first needs it, renewed while that takes, and deleted at its end. " +
			"Nothing of it is in the plan or the state. Should Terraform be killed, the key ends by itself after `duration`. " +
			"Plan and apply each make a key of their own. Needs Terraform 1.10.",
		Attributes: map[string]schema.Attribute{
			"team_id": text("The team that the key belongs to, whose limits and budget it keeps within. It must be there before Terraform plans. " +
				"Leave it out for none."),
			"user_id": text("The user that the key belongs to. Leave it out for none."),
			"models":  names("The models that the key may ask for, of those the team may. Leave it out for all of these."),
			"rpm_limit": limit("Requests per minute: in no 60 seconds are more admitted. `0` refuses every request. " +
				"Leave it out for no limit of its own."),
			"tpm_limit": limit("Tokens per minute, prompt and completion together. `0` refuses every request. " +
				"Leave it out for no limit of its own."),
			"max_parallel_requests": limit("Requests under way at the same time. `0` refuses every request. Leave it out for no limit of its own."),
			"max_budget": schema.NumberAttribute{
				MarkdownDescription: "The most that may be spent with the key, in US dollars; then it is refused. Leave it out for no cap of its own.",
				Optional:            true,
				Validators:          []validator.Number{attribute.USDAmount{}},
			},
			"metadata": schema.DynamicAttribute{
				MarkdownDescription: "Anything worth keeping with the key, such as `{ pipeline = \"1234\" }`: it tells people whose key it is.",
				Optional:            true,
				Validators:          []validator.Dynamic{attribute.Object{}},
			},
			"speak_for_teams": names("The teams that requests with this key may name in the gateway's identifier header and be counted for; " +
				"`[\"*\"]` is every team. Leave it out for none."),
			"duration": text("How long the key works if nobody renews it, from `1m` to `24h`. Terraform renews it after half of that. "+
				"Defaults to `"+defaultLease+"`.", leaseValidator{}),
			"key_id":   told("The key's id, chosen by the gateway. It is no secret."),
			"key_name": told("The secret with all but its end masked, as people recognise it."),
			"key":      secret,
			"expires":  told("When the key ends unless it is renewed, RFC 3339."),
		},
	}
}

type leaseValidator struct{}

func (leaseValidator) Description(context.Context) string {
	return "must be a duration from 1m to 24h"
}

func (v leaseValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v leaseValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	span, err := api.ParseSpan(req.ConfigValue.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration", attribute.Sentence(err))
		return
	}
	if length := span.Approximate(); length < shortestLease || length > longestLease {
		resp.Diagnostics.AddAttributeError(req.Path, "Duration out of range", fmt.Sprintf("%s %s. Received: %s.",
			req.Path, v.Description(ctx), length.Round(time.Second)))
	}
}
