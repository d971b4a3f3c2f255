package provider

import (
	"cmp"
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*adminKeyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*adminKeyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*adminKeyResource)(nil)
	_ resource.ResourceWithIdentity       = (*adminKeyResource)(nil)
	_ resource.ResourceWithImportState    = (*adminKeyResource)(nil)
)

// adminKeyResource is a key of the admin API. Its secret comes from the configuration and is in no state: whoever reads a
// state must not become an administrator by it.
type adminKeyResource struct {
	object.Resource[adminKeyModel, adminKeyFields, api.AdminKey]
}

func newAdminKeyResource() resource.Resource { return newAdminKey() }

func newAdminKeyList() list.ListResource { return object.NewList(newAdminKey().Noun) }

type adminKeyModel struct {
	AdminKeyID    types.String `tfsdk:"admin_key_id"`
	KeyName       types.String `tfsdk:"key_name"`
	AdminKeyAlias types.String `tfsdk:"admin_key_alias"`
	Role          types.String `tfsdk:"role"`
	TeamIDs       types.List   `tfsdk:"team_ids"`
	KeyWO         types.String `tfsdk:"key_wo"`
	KeyWOVersion  types.Int64  `tfsdk:"key_wo_version"`
	RotationGrace types.String `tfsdk:"rotation_grace"`
	lifeModel
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	object.TimeoutsModel
}

// adminKeyFields are the API's, with the secret that a change sends.
type adminKeyFields struct {
	api.AdminKeyFields
	// Secret is nil where it stays as it is.
	Secret *string `json:"key,omitempty"`
}

func (m adminKeyModel) toAPI() adminKeyFields {
	return adminKeyFields{AdminKeyFields: api.AdminKeyFields{
		AdminKeyAlias: attribute.TextOf(m.AdminKeyAlias),
		Role:          m.Role.ValueString(),
		TeamIDs:       attribute.StringsOf(m.TeamIDs),
		Expires:       attribute.MomentOf(m.Expires),
	}}
}

// adminKeyModelFrom keeps what only Terraform knows from prior. A key without prior is being imported.
func adminKeyModelFrom(key api.AdminKey, prior adminKeyModel) adminKeyModel {
	version := prior.KeyWOVersion
	if prior.Role.IsNull() {
		version = types.Int64Value(object.AdoptedSecret)
	}
	return adminKeyModel{
		AdminKeyID:         types.StringValue(key.AdminKeyID),
		KeyName:            types.StringValue(key.KeyName),
		AdminKeyAlias:      types.StringPointerValue(key.AdminKeyAlias),
		Role:               types.StringValue(key.Role),
		TeamIDs:            attribute.FromStrings(key.TeamIDs),
		KeyWO:              types.StringNull(),
		KeyWOVersion:       version,
		RotationGrace:      types.StringValue(cmp.Or(prior.RotationGrace.ValueString(), defaultGrace)),
		lifeModel:          lifeFrom(key.Expires, key.CreatedAt, prior.lifeModel),
		DeletionProtection: types.BoolValue(prior.DeletionProtection.ValueBool()),
		TimeoutsModel:      prior.TimeoutsModel.OrNull(),
	}
}

// grace is how long the old secret works after a rotation; "" for not at all.
func (m adminKeyModel) grace() string {
	if grace := m.RotationGrace.ValueString(); grace != noGrace {
		return grace
	}
	return ""
}

func adminKeyID(m *adminKeyModel) *types.String { return &m.AdminKeyID }

func newAdminKey() *adminKeyResource {
	noun := object.Noun[adminKeyModel, adminKeyFields, api.AdminKey]{
		Type:      "bursar_admin_key",
		Name:      "admin key",
		AuditName: "admin_key",
		Identity:  []object.Part[adminKeyModel]{{Attribute: "admin_key_id", Description: "The admin key's id.", Of: adminKeyID}},
		Schema:    adminKeySchema(),
		Fields:    adminKeyModel.toAPI,
		From:      adminKeyModelFrom,
		FieldsOf:  func(key api.AdminKey) adminKeyFields { return adminKeyFields{AdminKeyFields: key.AdminKeyFields} },
		Wanted:    adminKeyWanted,
		Answered: func(wanted adminKeyFields, _ api.AdminKey) adminKeyFields {
			wanted.Secret = nil
			return wanted
		},
		Calls: object.CallsByID(adminKeyID, object.ByID[adminKeyFields, api.AdminKey]{
			Read:   (*client.Estate).AdminKey,
			Get:    (*client.Client).GetAdminKey,
			Delete: (*client.Client).DeleteAdminKey,
		}),
		Listing: object.Listing[api.AdminKey]{
			Description: "The keys of the admin API, without their secrets. The one that the gateway is started with is none of them.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.AdminKey, error) {
				return gateway.ListAdminKeys(ctx)
			},
			Name: func(key api.AdminKey) string {
				if key.AdminKeyAlias != nil {
					return *key.AdminKeyAlias
				}
				return key.AdminKeyID
			},
		},
		Alias:      func(key api.AdminKey) *string { return key.AdminKeyAlias },
		Protection: func(m adminKeyModel) types.Bool { return m.DeletionProtection },
		Check:      checkAdminKey,
		Existing: func(context.Context, *client.Client, object.Change[adminKeyModel]) (at, id string, found bool) {
			return "", "", false // only a secret can be taken, and whose it is nobody is told
		},
		Secrets: object.Secret[adminKeyModel, api.AdminKey]{
			Fingerprint: func(key api.AdminKey) string { return key.KeyFingerprint },
			Version:     func(m *adminKeyModel) *types.Int64 { return &m.KeyWOVersion },
			Sent:        func(change object.Change[adminKeyModel]) *string { return adminKeyWanted(change).Secret },
		},
	}
	noun.Calls.Create = createAdminKey
	noun.Calls.Update = updateAdminKey
	return &adminKeyResource{object.Resource[adminKeyModel, adminKeyFields, api.AdminKey]{Noun: noun}}
}

// adminKeyWanted carries the secret when its version changes. Taking the version away leaves the secret as it is.
func adminKeyWanted(change object.Change[adminKeyModel]) adminKeyFields {
	wanted := change.Plan.toAPI()
	if change.State == nil || !change.Plan.KeyWOVersion.IsNull() && !change.Plan.KeyWOVersion.Equal(change.State.KeyWOVersion) {
		wanted.Secret = attribute.TextOf(change.Config.KeyWO)
	}
	return wanted
}

func createAdminKey(ctx context.Context, gateway *client.Client, change *object.Change[adminKeyModel], fields adminKeyFields) (api.AdminKey, error) {
	create := client.AdminKeyCreate{AdminKeyFields: fields.AdminKeyFields, Duration: change.Plan.Duration.ValueString()}
	if fields.Secret != nil {
		create.Key = *fields.Secret
	}
	created, err := gateway.CreateAdminKey(ctx, create)
	return created.AdminKey, err
}

// updateAdminKey changes the fields first and the secret then.
func updateAdminKey(ctx context.Context, gateway *client.Client, plan adminKeyModel, fields adminKeyFields, revision int64) (api.AdminKey, error) {
	id := plan.AdminKeyID.ValueString()
	if fields.Secret == nil {
		return gateway.UpdateAdminKey(ctx, id, fields.AdminKeyFields, revision)
	}
	current, err := gateway.GetAdminKey(ctx, id)
	if err != nil {
		return current, err
	}
	if !client.Same(current.AdminKeyFields, fields.AdminKeyFields) {
		if current, err = gateway.UpdateAdminKey(ctx, id, fields.AdminKeyFields, revision); err != nil {
			return current, err
		}
		revision = current.Revision
	}
	rotated, err := gateway.RotateAdminKey(ctx, id, *fields.Secret, plan.grace(), revision)
	return rotated.AdminKey, err
}

func adminKeySchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A key of the admin API with a role, for a pipeline, a dashboard or a person. Its secret is yours (`key_wo`) and is in no plan and no state. " +
			"Only an `admin` may make one. For one run of Terraform, take the ephemeral `bursar_admin_key`; " +
			"a pipeline that has tokens of its platform needs none (`oidc` of the provider).",
		Attributes: attribute.Merged(lifeAttributes(), map[string]schema.Attribute{
			"admin_key_id": attribute.Computed("The admin key's id, chosen by the gateway. It is no secret."),
			"key_name":     attribute.Computed("The secret with all but its end masked, as people recognise it."),
			"admin_key_alias": schema.StringAttribute{
				MarkdownDescription: "What the audit log calls who uses the key, such as `deploy-pipeline`. Leave it out for the id.",
				Optional:            true,
				Validators:          attribute.Valid(attribute.Filled{}),
			},
			"role": schema.StringAttribute{
				MarkdownDescription: "What the key may do: `admin` everything, `approver` look at everything and approve reviews, `viewer` look at everything but admin keys, " +
					"`team_admin` manage keys and members of `team_ids`, `team_viewer` look at these.",
				Required:   true,
				Validators: attribute.Valid(stringvalidator.OneOf(api.Roles...)),
			},
			"team_ids": attribute.StringList("The teams of a `team_admin` or `team_viewer`, which need at least one. Defaults to `[]`: the other roles are over all teams."),
			"key_wo": schema.StringAttribute{
				MarkdownDescription: "The secret, `sk-` and at least 22 characters, stored in neither plan nor state. A new admin key needs one. Needs `key_wo_version` and Terraform 1.11.",
				Optional:            true,
				Sensitive:           true,
				WriteOnly:           true,
				Validators:          attribute.Valid(attribute.KeySecret{}, stringvalidator.AlsoRequires(path.MatchRoot("key_wo_version"))),
			},
			"key_wo_version": schema.Int64Attribute{
				MarkdownDescription: "A number from 1 to raise when `key_wo` changes, as Terraform cannot see that. The key then has that secret, keeps its id, and the old secret " +
					"works for `rotation_grace` more. An imported admin key starts at 1, which alone leaves the secret as it is; 0 in a plan means that the secret was changed outside of Terraform.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(object.AdoptedSecret)},
			},
			"rotation_grace": schema.StringAttribute{
				MarkdownDescription: "How long the old secret works after a rotation, such as `1h` or `7d`, at most `90d`; `0s` stops it at once. One from before the old one stops in any case. " +
					"Defaults to `" + defaultGrace + "`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(defaultGrace),
				Validators: attribute.Valid(graceValidator{}),
			},
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the admin key. To destroy it, apply `false` first.", false),
		}),
	}
}

func checkAdminKey(config adminKeyModel) error {
	key := api.AdminKey{AdminKeyID: attribute.IDToValidate(types.StringNull()), AdminKeyFields: config.toAPI().AdminKeyFields}
	switch {
	case config.Role.IsUnknown():
		key.Role, key.TeamIDs = api.RoleViewer, nil // what the two need of each other is judged by the gateway
	case len(config.TeamIDs.Elements()) > len(key.TeamIDs), config.TeamIDs.IsUnknown() && strings.HasPrefix(key.Role, "team_"):
		key.TeamIDs = append(key.TeamIDs, "told-later")
	}
	return key.Validate()
}

// ModifyPlan refuses a new admin key without a secret, and says what becomes of its end and of what is shown of its secret.
func (r *adminKeyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	var state, plan, config *adminKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || plan == nil {
		return
	}
	secret := object.PlannedSecret{Attribute: "key_wo", Secret: config.KeyWO, Version: config.KeyWOVersion}
	var lived *lifeModel
	if state != nil {
		secret.Before, lived = state.KeyWOVersion, &state.lifeModel
	}
	resp.Diagnostics.Append(object.PlanSecret(ctx, req, resp, secret)...)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("expires"), plannedExpiry(config.lifeModel, lived))...)
	if state == nil {
		requireAdminSecret(&resp.Diagnostics, config.KeyWO)
		return
	}
	if adminKeyRotates(*config, *state) {
		reportShort(&resp.Diagnostics, config.KeyWO)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("key_name"), types.StringUnknown())...)
		r.Approved.Judge(&resp.Diagnostics, r.Planned(api.ChangeRotate, state, plan))
	}
}

// adminKeyRotates says whether the key gets another secret, or may get one: whether it does is not always known yet.
func adminKeyRotates(config, state adminKeyModel) bool {
	version := config.KeyWOVersion
	return !config.KeyWO.IsNull() && !version.IsNull() && !version.Equal(state.KeyWOVersion)
}

func requireAdminSecret(diags *diag.Diagnostics, secret types.String) {
	if secret.IsNull() && !diags.HasError() {
		diags.AddAttributeError(path.Root("key_wo"), "Secret missing",
			"A new admin key needs a secret of yours, which then stands in no state: set key_wo, such as to \"sk-${ephemeral.random_password.admin.result}\", and key_wo_version = 1. "+
				"For an admin key that is there already, import it.")
		return
	}
	reportShort(diags, secret)
}

// Update keeps what only Terraform knows of the key's end.
func (r *adminKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	change, ok := r.Changed(ctx, req, resp)
	if !ok {
		return
	}
	if change.Plan.Expires.IsUnknown() {
		change.Plan.Expires = plannedExpiry(change.Plan.lifeModel, &change.State.lifeModel)
	}
	model := r.Put(ctx, req, resp, change)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.KeyName.IsUnknown() {
		model.KeyName = change.State.KeyName
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
