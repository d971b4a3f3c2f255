package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*adminKeyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*adminKeyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithRenew          = (*adminKeyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose          = (*adminKeyEphemeral)(nil)
)

// adminKeyEphemeral is an admin key for as long as Terraform runs.
type adminKeyEphemeral struct{ object.User }

func newAdminKeyEphemeral() ephemeral.EphemeralResource { return &adminKeyEphemeral{} }

type adminKeyEphemeralModel struct {
	AdminKeyAlias types.String `tfsdk:"admin_key_alias"`
	Role          types.String `tfsdk:"role"`
	TeamIDs       types.List   `tfsdk:"team_ids"`
	Duration      types.String `tfsdk:"duration"`

	AdminKeyID types.String `tfsdk:"admin_key_id"`
	KeyName    types.String `tfsdk:"key_name"`
	Key        types.String `tfsdk:"key"`
	Expires    types.String `tfsdk:"expires"`
}

func (m adminKeyEphemeralModel) toAPI() api.AdminKeyFields {
	return api.AdminKeyFields{AdminKeyAlias: attribute.TextOf(m.AdminKeyAlias), Role: m.Role.ValueString(), TeamIDs: attribute.StringsOf(m.TeamIDs)}
}

func (e *adminKeyEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_admin_key"
}

func (e *adminKeyEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.Connect(req.ProviderData, &resp.Diagnostics)
}

func (e *adminKeyEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	told := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	secret := told("The secret, to hand to another provider block of `bursar`, a write-only attribute or a provisioner.")
	secret.Sensitive = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "A key of the admin API for as long as Terraform runs: made when the plan or apply first needs it, renewed while that takes, and deleted at its end. " +
			"Nothing of it is in the plan or the state. Should Terraform be killed, the key ends by itself after `duration`. " +
			"Plan and apply each make a key of their own. Needs Terraform 1.10.",
		Attributes: map[string]schema.Attribute{
			"admin_key_alias": schema.StringAttribute{
				MarkdownDescription: "What the audit log calls who uses the key, such as `nightly-report`. Leave it out for the id.",
				Optional:            true, Validators: []validator.String{attribute.Filled{}},
			},
			"role": schema.StringAttribute{
				MarkdownDescription: "What the key may do: `admin`, `approver`, `viewer`, `team_admin` or `team_viewer`. Give the least that does.",
				Required:            true, Validators: []validator.String{stringvalidator.OneOf(api.Roles...)},
			},
			"team_ids": schema.ListAttribute{
				MarkdownDescription: "The teams of a `team_admin` or `team_viewer`, which must be there before Terraform plans. Leave it out for the other roles.",
				ElementType:         types.StringType, Optional: true, Validators: []validator.List{listvalidator.NoNullValues()},
			},
			"duration": schema.StringAttribute{
				MarkdownDescription: "How long the key works if nobody renews it, from `1m` to `24h`. Terraform renews it after half of that. Defaults to `" + defaultLease + "`.",
				Optional:            true, Validators: []validator.String{leaseValidator{}},
			},
			"admin_key_id": told("The admin key's id, chosen by the gateway. It is no secret."),
			"key_name":     told("The secret with all but its end masked, as people recognise it."),
			"key":          secret,
			"expires":      told("When the key ends unless it is renewed, RFC 3339."),
		},
	}
}

func (e *adminKeyEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var config adminKeyEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	written := adminKeyModel{AdminKeyAlias: config.AdminKeyAlias, Role: config.Role, TeamIDs: config.TeamIDs}
	for _, mistake := range api.Mistakes(checkAdminKey(written)) {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid admin key", mistake)
	}
}

// Open makes the key. Terraform does not open it while something in the configuration is unknown.
func (e *adminKeyEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model adminKeyEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	lease := keyLease{Duration: cmp.Or(model.Duration.ValueString(), defaultLease)}
	created, err := e.Client.CreateAdminKey(ctx, client.AdminKeyCreate{AdminKeyFields: model.toAPI(), Duration: lease.Duration})
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Admin key not created", err)
		return
	}
	lease.KeyID = created.AdminKeyID
	resp.RenewAt = lease.renewal()
	resp.Diagnostics.Append(lease.remember(ctx, resp.Private)...)
	model.AdminKeyID, model.KeyName = types.StringValue(created.AdminKeyID), types.StringValue(created.KeyName)
	model.Key, model.Expires = types.StringValue(created.Secret), attribute.FromTime(created.Expires)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}

// Renew puts the end of the key one lease off from now, and changes nothing else.
func (e *adminKeyEphemeral) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	lease := rememberedLease(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	key, err := e.Client.GetAdminKey(ctx, lease.KeyID)
	if err == nil {
		key.Expires = new(time.Now().Add(lease.length()))
		_, err = e.Client.UpdateAdminKey(ctx, lease.KeyID, key.AdminKeyFields, key.Revision)
	}
	if err != nil {
		resp.Diagnostics.AddError("Admin key not renewed", attribute.Sentence(err)+object.Advice(err))
		return
	}
	resp.RenewAt = lease.renewal()
}

// Close deletes the key.
func (e *adminKeyEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	lease := rememberedLease(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	if err := e.Client.DeleteAdminKey(ctx, lease.KeyID); err != nil && api.CodeOf(err) != api.NotFound {
		resp.Diagnostics.AddError("Admin key not deleted", attribute.Sentence(err)+object.Advice(err)+"\n\nIt stops working by itself when its lease of "+lease.Duration+" ends.")
	}
}
