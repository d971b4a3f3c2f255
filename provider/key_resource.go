package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/bursarhq/terraform-provider-bursar/provider/wire"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

var (
	_ resource.ResourceWithConfigure      = (*keyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*keyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*keyResource)(nil)
	_ resource.ResourceWithIdentity       = (*keyResource)(nil)
	_ resource.ResourceWithImportState    = (*keyResource)(nil)
)

type keyResource struct{ gatewayResource }

func newKeyResource() resource.Resource { return &keyResource{} }

type keyModel struct {
	KeyID    types.String `tfsdk:"key_id"`
	KeyName  types.String `tfsdk:"key_name"`
	KeyAlias types.String `tfsdk:"key_alias"`
	TeamID   types.String `tfsdk:"team_id"`
	UserID   types.String `tfsdk:"user_id"`
	Models   types.List   `tfsdk:"models"`
	rateLimitsModel
	modelRateLimitsModel
	budgetTermsModel
	BudgetID      types.String  `tfsdk:"budget_id"`
	Metadata      types.Dynamic `tfsdk:"metadata"`
	Blocked       types.Bool    `tfsdk:"blocked"`
	SpeakForTeams types.List    `tfsdk:"speak_for_teams"`
	Duration      types.String  `tfsdk:"duration"`
	Expires       types.String  `tfsdk:"expires"`
	CreatedAt     types.String  `tfsdk:"created_at"`

	keySecretModel
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	timeoutsModel
}

func (m keyModel) toAPI() api.KeyFields {
	return api.KeyFields{
		KeyAlias:        attribute.TextOf(m.KeyAlias),
		TeamID:          attribute.TextOf(m.TeamID),
		UserID:          attribute.TextOf(m.UserID),
		Models:          attribute.StringsOf(m.Models),
		RateLimits:      m.rateLimitsModel.toAPI(),
		ModelRateLimits: m.modelRateLimitsModel.toAPI(),
		BudgetTerms:     m.budgetTermsModel.toAPI(),
		BudgetID:        attribute.TextOf(m.BudgetID),
		Metadata:        attribute.MetadataOf(m.Metadata),
		Blocked:         attribute.IsTrue(m.Blocked, false),
		Expires:         attribute.MomentOf(m.Expires),
		SpeakForTeams:   attribute.StringsOf(m.SpeakForTeams),
	}
}

func (m keyModel) judged() foretell.Planned[api.KeyFields] {
	return foretell.Planned[api.KeyFields]{ID: m.KeyID, Fields: m.toAPI()}
}

// keyModelFrom takes from prior what the gateway does not keep, the secret above all.
func keyModelFrom(key api.Key, prior keyModel) keyModel {
	return keyModel{
		KeyID:                types.StringValue(key.KeyID),
		KeyName:              types.StringValue(key.KeyName),
		KeyAlias:             types.StringPointerValue(key.KeyAlias),
		TeamID:               types.StringPointerValue(key.TeamID),
		UserID:               types.StringPointerValue(key.UserID),
		Models:               attribute.FromStrings(key.Models),
		rateLimitsModel:      rateLimitsFrom(key.RateLimits),
		modelRateLimitsModel: modelRateLimitsFrom(key.ModelRateLimits),
		budgetTermsModel:     budgetTermsFrom(key.BudgetTerms, prior.budgetTermsModel),
		BudgetID:             types.StringPointerValue(key.BudgetID),
		Metadata:             attribute.FromMetadata(key.Metadata, prior.Metadata),
		Blocked:              types.BoolValue(key.Blocked),
		SpeakForTeams:        attribute.FromStrings(key.SpeakForTeams),
		Duration:             prior.Duration,
		Expires:              expiryFrom(key.Expires, prior.Expires),
		CreatedAt:            attribute.FromTime(&key.CreatedAt),
		keySecretModel:       keySecretFrom(prior.keySecretModel),
		DeletionProtection:   types.BoolValue(prior.DeletionProtection.ValueBool()),
		timeoutsModel:        prior.timeoutsModel.orNull(),
	}
}

const keyLimitLeftOut = "Leave it out for no limit of its own: what `budget_id` sets then holds, if anything, and the team's limit in any case."

func (r *keyResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bursar_key"
}

func (r *keyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A key that programs send requests with. It may belong to a team, and then keeps within the team's limits and budget " +
			"as well as its own. The id identifies it for good; the secret is shown by the gateway once.",
		Attributes: attribute.Merged(timeoutsAttributes(), rateLimitAttributes(keyLimitLeftOut), modelRateLimitAttributes(), budgetTermsAttributes(), keySecretAttributes(), map[string]schema.Attribute{
			"key_id":   attribute.Computed("The key's id, chosen by the gateway. It is no secret."),
			"key_name": attribute.Computed("The secret with all but its end masked, as people recognise it."),
			"key_alias": schema.StringAttribute{
				MarkdownDescription: "The key's name for people, unique over all keys. Leave it out for none.",
				Optional:            true,
				Validators:          attribute.Valid(attribute.Filled{}),
			},
			"team_id": attribute.Text("The team that the key belongs to. Leave it out for none."),
			"user_id": attribute.Text("The user that the key belongs to. Leave it out for none."),
			"models":  attribute.StringList("The models that the key may ask for, of those the team may. Defaults to `[]`, which is all of these."),
			"budget_id": attribute.Text("A `bursar_budget` whose terms the key takes, all of them, with a counter of its own. " +
				"Not together with `max_budget`; the key's other budget terms have no effect then."),
			"metadata": attribute.Metadata("key"),
			"blocked":  attribute.Bool("Whether all requests with the key are refused.", false),
			"speak_for_teams": attribute.StringList("The teams that requests with this key may name in the gateway's identifier header " +
				"and be counted for; `[\"*\"]` is every team. Defaults to none."),
			"duration": schema.StringAttribute{
				MarkdownDescription: "How long the key lives from its creation, such as `30d`. Not together with `expires`.",
				Optional:            true,
				Validators:          attribute.Valid(attribute.Span{}, stringvalidator.ConflictsWith(path.MatchRoot("expires"))),
				PlanModifiers:       []planmodifier.String{wire.Decides{About: "expires"}},
			},
			"expires": schema.StringAttribute{
				MarkdownDescription: "When the key stops working, RFC 3339 such as `2027-01-31T00:00:00Z`. Leave out both `expires` and `duration` for never.",
				Optional:            true,
				Computed:            true,
				Validators:          attribute.Valid(attribute.Moment{}),
			},
			"created_at":          attribute.Computed("When the key was made, RFC 3339."),
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the key. To destroy it, apply `false` first.", false),
		}),
	}
}

func (r *keyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(map[string]string{"key_id": "The key's id."})
}

func (r *keyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config keyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	key := api.NewKey(attribute.IDToValidate(types.StringNull()))
	key.KeyFields = config.toAPI()
	if err := key.Validate(); err != nil {
		report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid key", err)
	}
	config.warnOfOwnTerms(&resp.Diagnostics, config.BudgetID)
}

// ModifyPlan says what becomes of the secret and of the expiry, which depend on several attributes, and warns of what
// a change would do.
func (r *keyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan, config *keyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan == nil {
		refuseDestroy(&resp.Diagnostics, state.DeletionProtection, "key", state.KeyID)
		return
	}
	resp.Diagnostics.Append(planSecret(ctx, req, resp, *plan, state)...)
	plan.Expires = plannedExpiry(*config, state)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("expires"), plan.Expires)...)
	r.judge.Key(ctx, judgedOrNil(state, keyModel.judged), plan.judged(), &resp.Diagnostics)
}

// planSecret says what the secret, and what is shown of it, will be. State is nil for a key that will be made.
func planSecret(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, plan keyModel, state *keyModel) diag.Diagnostics {
	if state == nil {
		diags := resp.Plan.SetAttribute(ctx, path.Root("key"), plan.planned(nil, false))
		plan.warnOfUnseen(&diags)
		return diags
	}
	hints, diags := hintsOf(ctx, req.Private)
	rotates := plan.rotates(state.keySecretModel, hints)
	if rotates {
		plan.reportUnseen(&diags)
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("key_name"), types.StringUnknown())...)
	}
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("key"), plan.planned(&state.keySecretModel, rotates))...)
	return diags
}

func (r *keyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan keyModel
	var secret types.String
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key_wo"), &secret)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	created, err := r.client.CreateKey(ctx, api.KeyCreate{
		KeyFields: plan.toAPI(),
		Key:       attribute.TextOf(secret),
		Duration:  attribute.TextOf(plan.Duration),
	})
	if id, ok := r.existing(ctx, plan, err); ok {
		reportExisting(&resp.Diagnostics, "bursar_key", "key_alias", id, err)
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Key not created", err)
		keepLost(ctx, req.Plan, resp, err)
		return
	}
	if plan.Key.IsUnknown() {
		plan.Key = types.StringValue(created.Secret)
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, created.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "key_id", created.KeyID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, keyModelFrom(created.Key, plan))...)
}

// existing looks for the key that has the alias, as its id is what an import needs.
func (r *keyResource) existing(ctx context.Context, plan keyModel, refused error) (id string, ok bool) {
	if api.CodeOf(refused) != api.AlreadyExists {
		return "", false
	}
	keys, err := r.client.ListKeys(ctx)
	for _, key := range keys {
		if err == nil && key.KeyAlias != nil && *key.KeyAlias == plan.KeyAlias.ValueString() {
			return key.KeyID, true
		}
	}
	return "", false
}

func (r *keyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state keyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	lost := lostCreate{gateway: r.client, noun: "key"}
	if !lost.read(ctx, req, resp, &state.KeyID, "key_id", state.KeyID.ValueString()) {
		return
	}
	key, revision, err := r.readKey(ctx, state)
	if api.CodeOf(err) == api.NotFound {
		readGone(ctx, resp, "key_id", state.KeyID.ValueString())
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Key not read", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "key_id", key.KeyID.ValueString())...)
	resp.Diagnostics.Append(noticeForeign(ctx, resp.Private, &key, state)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, key)...)
}

// readKey is the state that follows on another, but for a secret that was changed elsewhere, and the key's revision.
func (u gatewayUser) readKey(ctx context.Context, state keyModel) (keyModel, int64, error) {
	key, err := u.client.Estate().Key(ctx, state.KeyID.ValueString())
	if err != nil {
		return keyModel{}, 0, err
	}
	u.judge.Manages("key " + types.StringPointerValue(key.KeyAlias).ValueString())
	return keyModelFrom(key, state), key.Revision, nil
}

// Update changes the fields first and the secret then; what has come through by then is in the state.
func (r *keyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state keyModel
	var secret types.String
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key_wo"), &secret)...)
	hints, diags := hintsOf(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "key_id", plan.KeyID.ValueString())...)
	if plan.Expires.IsUnknown() {
		plan.Expires = plannedExpiry(plan, &state)
	}
	next := plan
	if plan.KeyName.IsUnknown() {
		next.KeyName, next.Key = state.KeyName, state.Key
	}
	if !client.Same(plan.toAPI(), state.toAPI()) {
		next = r.updateFields(ctx, req, resp, next)
	}
	if plan.rotates(state.keySecretModel, hints) && !resp.Diagnostics.HasError() {
		done := next
		done.keySecretModel = state.keySecretModel
		resp.Diagnostics.Append(resp.State.Set(ctx, done)...)
		next = r.updateSecret(ctx, resp, plan, next, secret.ValueString())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(forgetHints(ctx, resp.Private, plan.KeyName.IsUnknown() || !plan.KeyWOVersion.IsNull())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
}

// updateFields returns the key as it is then.
func (r *keyResource) updateFields(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse, plan keyModel) keyModel {
	revision, diags := plannedRevision(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return plan
	}
	wanted := plan.toAPI()
	key, err := r.client.UpdateKey(ctx, plan.KeyID.ValueString(), wanted, revision)
	if api.CodeOf(err) == api.Stale {
		key, err = r.resolveStale(ctx, plan.KeyID.ValueString(), wanted, &resp.Diagnostics)
	}
	switch {
	case resp.Diagnostics.HasError():
	case api.CodeOf(err) == api.NotFound:
		reportGone(&resp.Diagnostics, fmt.Sprintf("key %q", plan.KeyID.ValueString()))
	case err != nil:
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Key not updated", err)
	default:
		resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, key.Revision)...)
		return keyModelFrom(key, plan)
	}
	return plan
}

// updateSecret returns the key as it is then; the secret is one that the configuration gives, or empty.
func (r *keyResource) updateSecret(ctx context.Context, resp *resource.UpdateResponse, plan, next keyModel, secret string) keyModel {
	rotated, err := r.rotate(ctx, plan.KeyID.ValueString(), secret, plan.grace())
	if api.CodeOf(err) == api.NotFound {
		reportGone(&resp.Diagnostics, fmt.Sprintf("key %q", plan.KeyID.ValueString()))
		return next
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, resp.State.Schema, "Key not rotated", err)
		return next
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, rotated.Revision)...)
	next = keyModelFrom(rotated.Key, next)
	next.Key = types.StringNull()
	if plan.Key.IsUnknown() {
		next.Key = types.StringValue(rotated.Secret)
	}
	return next
}

// resolveStale accepts a key that is as wanted already; see the team's.
func (r *keyResource) resolveStale(ctx context.Context, id string, wanted api.KeyFields, diags *diag.Diagnostics) (api.Key, error) {
	current, err := r.client.GetKey(ctx, id)
	if err == nil && !client.Same(current.KeyFields, wanted) {
		reportStale(diags, fmt.Sprintf("key %q", id), current.Record)
	}
	return current, err
}

func (r *keyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state keyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	refuseDestroy(&resp.Diagnostics, state.DeletionProtection, "key", state.KeyID)
	refuseUnread(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	err := r.client.DeleteKey(ctx, state.KeyID.ValueString())
	if err != nil && api.CodeOf(err) != api.NotFound {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Key not deleted", err)
	}
}

func (r *keyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if strings.HasPrefix(req.ID, secretPrefix) {
		req.ID = secretDigest(req.ID) // which finds the key as well, and may stand in an address and in logs
	}
	importByID(ctx, "key_id", req, resp)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, wire.ImportedKey, []byte("true"))...)
}
