package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

var (
	_ resource.ResourceWithConfigure      = (*keyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*keyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*keyResource)(nil)
	_ resource.ResourceWithIdentity       = (*keyResource)(nil)
	_ resource.ResourceWithImportState    = (*keyResource)(nil)
)

type keyResource struct {
	object.Resource[keyModel, api.KeyFields, api.Key]
}

func newKeyResource() resource.Resource { return newKey() }

func newKeyList() list.ListResource { return object.NewList(newKey().Noun) }

type keyModel struct {
	KeyID    types.String `tfsdk:"key_id"`
	KeyName  types.String `tfsdk:"key_name"`
	KeyAlias types.String `tfsdk:"key_alias"`
	TeamID   types.String `tfsdk:"team_id"`
	UserID   types.String `tfsdk:"user_id"`
	Models   types.List   `tfsdk:"models"`
	rateLimitsModel
	tempRatesModel
	modelRateLimitsModel
	budgetTermsModel
	enforcementModel
	BudgetID      types.String  `tfsdk:"budget_id"`
	Metadata      types.Dynamic `tfsdk:"metadata"`
	Blocked       types.Bool    `tfsdk:"blocked"`
	SpeakForTeams types.List    `tfsdk:"speak_for_teams"`
	lifeModel

	keySecretModel
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	object.TimeoutsModel
}

func (m keyModel) toAPI() api.KeyFields {
	return api.KeyFields{
		KeyAlias:        attribute.TextOf(m.KeyAlias),
		TeamID:          attribute.TextOf(m.TeamID),
		UserID:          attribute.TextOf(m.UserID),
		Models:          attribute.StringsOf(m.Models),
		RateLimits:      m.rateLimitsModel.toAPI(),
		TempRates:       m.tempRatesModel.toAPI(),
		ModelRateLimits: m.modelRateLimitsModel.toAPI(),
		BudgetTerms:     m.budgetTermsModel.toAPI(),
		Enforcement:     m.enforcementModel.toAPI(),
		BudgetID:        attribute.TextOf(m.BudgetID),
		Metadata:        attribute.MetadataOf(m.Metadata),
		Blocked:         attribute.IsTrue(m.Blocked, false),
		Expires:         attribute.MomentOf(m.Expires),
		SpeakForTeams:   attribute.StringsOf(m.SpeakForTeams),
	}
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
		tempRatesModel:       tempRatesFrom(key.TempRates, key.RPMLimit, key.TPMLimit, prior.tempRatesModel),
		modelRateLimitsModel: modelRateLimitsFrom(key.ModelRateLimits),
		budgetTermsModel:     budgetTermsFrom(key.BudgetTerms, prior.budgetTermsModel),
		enforcementModel:     enforcementFrom(key.Enforcement, prior.enforcementModel),
		BudgetID:             types.StringPointerValue(key.BudgetID),
		Metadata:             attribute.FromMetadata(key.Metadata, prior.Metadata),
		Blocked:              types.BoolValue(object.ConfiguredBlocked(key.Record, key.Blocked)),
		SpeakForTeams:        attribute.FromStrings(key.SpeakForTeams),
		lifeModel:            lifeFrom(key.Expires, key.CreatedAt, prior.lifeModel),
		keySecretModel:       keySecretFrom(prior.keySecretModel),
		DeletionProtection:   types.BoolValue(prior.DeletionProtection.ValueBool()),
		TimeoutsModel:        prior.TimeoutsModel.OrNull(),
	}
}

const keyLimitLeftOut = "Leave it out for no limit of its own: what `budget_id` sets then holds, if anything, and the team's limit in any case."

func keyID(m *keyModel) *types.String { return &m.KeyID }

func newKey() *keyResource {
	noun := object.Noun[keyModel, api.KeyFields, api.Key]{
		Type:     "bursar_key",
		Name:     "key",
		Identity: []object.Part[keyModel]{{Attribute: "key_id", Description: "The key's id.", Of: keyID}},
		Schema:   keySchema(),
		Fields:   keyModel.toAPI,
		From:     keyModelFrom,
		FieldsOf: func(key api.Key) api.KeyFields { return key.KeyFields },
		Calls: object.CallsByID(keyID, object.ByID[api.KeyFields, api.Key]{
			Read:   (*client.Estate).Key,
			Get:    (*client.Client).GetKey,
			Update: (*client.Client).UpdateKey,
			Delete: (*client.Client).DeleteKey,
		}),
		Listing: object.Listing[api.Key]{
			Description: "The keys of the gateway, without their secrets.",
			Filter:      "The team whose keys are listed. Leave it out for all keys.",
			Find:        findKeys,
			Name:        func(key api.Key) string { return foretell.Name(key.KeyAlias, key.KeyName) },
			DeclaredIn:  func(key api.Key) string { return key.DeclaredIn },
		},
		Check: func(config keyModel) error {
			key := api.NewKey(attribute.IDToValidate(types.StringNull()))
			key.KeyFields = config.toAPI()
			return key.Validate()
		},
		Warn:       func(config keyModel, diags *diag.Diagnostics) { config.warnOfOwnTerms(diags, config.BudgetID) },
		Protection: func(m keyModel) types.Bool { return m.DeletionProtection },
		Alias:      func(key api.Key) *string { return key.KeyAlias },
		Existing:   keyWithAlias,
		Judged:     true,
		Managed:    func(key api.Key) string { return "key " + foretell.Name(key.KeyAlias, "") },
		Notice:     noticeForeign,
	}
	noun.Calls.Create = createKey
	return &keyResource{object.Resource[keyModel, api.KeyFields, api.Key]{Noun: noun}}
}

// createKey puts the secret into the plan if it is to be kept: no other answer tells it.
func createKey(ctx context.Context, gateway *client.Client, change *object.Change[keyModel], fields api.KeyFields) (api.Key, error) {
	created, err := gateway.CreateKey(ctx, api.KeyCreate{
		KeyFields: fields,
		Key:       attribute.TextOf(change.Config.KeyWO),
		Duration:  attribute.TextOf(change.Plan.Duration),
	})
	if change.Plan.Key.IsUnknown() {
		change.Plan.Key = types.StringValue(created.Secret)
	}
	return created.Key, err
}

func findKeys(ctx context.Context, gateway *client.Client, teamID string) ([]api.Key, error) {
	if teamID == "" {
		return gateway.ListKeys(ctx)
	}
	team, err := gateway.GetTeam(ctx, teamID)
	return team.Keys, err
}

// keyWithAlias looks for the key that has the alias, as its id is what an import needs.
func keyWithAlias(ctx context.Context, gateway *client.Client, change object.Change[keyModel]) (at, id string, found bool) {
	keys, err := gateway.ListKeys(ctx)
	for _, key := range keys {
		if err == nil && key.KeyAlias != nil && *key.KeyAlias == change.Plan.KeyAlias.ValueString() {
			return "key_alias", key.KeyID, true
		}
	}
	return "", "", false
}

func keySchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A key that programs send requests with. It may belong to a team, and then keeps within the team's limits and budget " +
			"as well as its own. The id identifies it for good; the secret is shown by the gateway once.",
		Attributes: attribute.Merged(rateLimitAttributes(keyLimitLeftOut), tempRatesAttributes(), modelRateLimitAttributes(), budgetTermsAttributes(), enforcementAttributes("that of `budget_id`, else its team's"), keySecretAttributes(), lifeAttributes(), map[string]schema.Attribute{
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
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the key. To destroy it, apply `false` first.", false),
		}),
	}
}

// ModifyPlan says what becomes of the secret and of the expiry, which depend on several attributes, and warns of what
// a change would do.
func (r *keyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	var state, plan, config *keyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan == nil {
		return
	}
	resp.Diagnostics.Append(planSecret(ctx, req, resp, *plan, *config, state)...)
	var name types.String
	resp.Diagnostics.Append(resp.Plan.GetAttribute(ctx, path.Root("key_name"), &name)...)
	if state != nil && name.IsUnknown() {
		r.Approved.Judge(&resp.Diagnostics, r.Planned(api.ChangeRotate, state, plan))
	}
	var lived *lifeModel
	if state != nil {
		lived = &state.lifeModel
	}
	plan.Expires = plannedExpiry(config.lifeModel, lived)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("expires"), plan.Expires)...)
	r.Judge.Key(ctx, r.Noun.Planned(state), *r.Noun.Planned(plan), &resp.Diagnostics)
}

// planSecret says what the secret, and what is shown of it, will be. State is nil for a key that will be made.
func planSecret(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, plan, config keyModel, state *keyModel) diag.Diagnostics {
	if state == nil {
		diags := resp.Plan.SetAttribute(ctx, path.Root("key"), plan.planned(nil, false))
		plan.warnOfUnseen(&diags)
		reportShort(&diags, config.KeyWO)
		return diags
	}
	hints, diags := hintsOf(ctx, req.Private)
	rotates := plan.rotates(state.keySecretModel, hints)
	if rotates {
		plan.reportUnseen(&diags)
		reportShort(&diags, config.KeyWO)
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("key_name"), types.StringUnknown())...)
	}
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("key"), plan.planned(&state.keySecretModel, rotates))...)
	return diags
}

// Update changes the fields first and the secret then; what has come through by then is in the state.
func (r *keyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	change, ok := r.Changed(ctx, req, resp)
	hints, diags := hintsOf(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	plan, state := change.Plan, *change.State
	if plan.Expires.IsUnknown() {
		plan.Expires = plannedExpiry(plan.lifeModel, &state.lifeModel)
	}
	change.Plan = plan
	if plan.KeyName.IsUnknown() {
		change.Plan.KeyName, change.Plan.Key = state.KeyName, state.Key
	}
	next := r.Put(ctx, req, resp, change)
	if plan.rotates(state.keySecretModel, hints) && !resp.Diagnostics.HasError() {
		done := next
		done.keySecretModel = state.keySecretModel
		resp.Diagnostics.Append(resp.State.Set(ctx, done)...)
		next = r.updateSecret(ctx, resp, plan, next, change.Config.KeyWO.ValueString())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(forgetHints(ctx, resp.Private, plan.KeyName.IsUnknown() || !plan.KeyWOVersion.IsNull())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
}

// updateSecret returns the key as it is then; the secret is one that the configuration gives, or empty.
func (r *keyResource) updateSecret(ctx context.Context, resp *resource.UpdateResponse, plan, next keyModel, secret string) keyModel {
	rotated, err := r.rotate(ctx, plan.KeyID.ValueString(), secret, plan.grace())
	if api.CodeOf(err) == api.NotFound {
		object.ReportGone(&resp.Diagnostics, fmt.Sprintf("key %q", plan.KeyID.ValueString()))
		return next
	}
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, resp.State.Schema, "Key not rotated", err)
		return next
	}
	resp.Diagnostics.Append(r.Remember(ctx, resp.Private, object.Change[keyModel]{}, rotated.Key)...)
	next = keyModelFrom(rotated.Key, next)
	next.Key = types.StringNull()
	if plan.Key.IsUnknown() {
		next.Key = types.StringValue(rotated.Secret)
	}
	return next
}

func (r *keyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if strings.HasPrefix(req.ID, secretPrefix) {
		req.ID = object.SecretDigest(req.ID) // which finds the key as well, and may stand in an address and in logs
	}
	r.Resource.ImportState(ctx, req, resp)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, wire.ImportedKey, []byte("true"))...)
}
