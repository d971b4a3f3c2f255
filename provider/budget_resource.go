package provider

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

var (
	_ resource.ResourceWithConfigure      = (*budgetResource)(nil)
	_ resource.ResourceWithValidateConfig = (*budgetResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*budgetResource)(nil)
	_ resource.ResourceWithIdentity       = (*budgetResource)(nil)
	_ resource.ResourceWithImportState    = (*budgetResource)(nil)
)

type budgetResource struct{ gatewayResource }

func newBudgetResource() resource.Resource { return &budgetResource{} }

type budgetModel struct {
	budgetFieldsModel
	timeoutsModel
}

// budgetFieldsModel is what the gateway knows of a budget.
type budgetFieldsModel struct {
	BudgetID types.String `tfsdk:"budget_id"`
	budgetTermsModel
	rateLimitsModel
	AlertThresholds types.List   `tfsdk:"alert_thresholds"`
	Timezone        types.String `tfsdk:"timezone"`
	OnSoftLimit     types.Object `tfsdk:"on_soft_limit"`
	TeamIDs         types.List   `tfsdk:"team_ids"`
	KeyIDs          types.List   `tfsdk:"key_ids"`
	Models          types.List   `tfsdk:"models"`
	Everything      types.Bool   `tfsdk:"everything"`
}

var onSoftLimitType = map[string]attr.Type{"reduce_rpm_pct": types.Float64Type}

func (m budgetFieldsModel) toAPI() api.BudgetFields {
	return api.BudgetFields{
		BudgetTerms:     m.budgetTermsModel.toAPI(),
		RateLimits:      m.rateLimitsModel.toAPI(),
		AlertThresholds: attribute.FloatsOf(m.AlertThresholds),
		Timezone:        attribute.TextOf(m.Timezone),
		OnSoftLimit:     onSoftLimitToAPI(m.OnSoftLimit),
		TeamIDs:         attribute.StringsOf(m.TeamIDs),
		KeyIDs:          attribute.StringsOf(m.KeyIDs),
		Models:          attribute.StringsOf(m.Models),
		Everything:      attribute.IsTrue(m.Everything, false),
	}
}

func onSoftLimitToAPI(object types.Object) *api.OnSoftLimit {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	factor, ok := object.Attributes()["reduce_rpm_pct"].(types.Float64)
	if !ok {
		return nil
	}
	return &api.OnSoftLimit{ReduceRPMPct: attribute.Float64Of(factor)}
}

func (m budgetModel) judged() foretell.Planned[api.BudgetFields] {
	return foretell.Planned[api.BudgetFields]{ID: m.BudgetID, Fields: m.toAPI()}
}

func budgetModelFrom(budget api.Budget, prior budgetModel) budgetModel {
	return budgetModel{timeoutsModel: prior.timeoutsModel.orNull(), budgetFieldsModel: budgetFieldsModel{
		BudgetID:         types.StringValue(budget.BudgetID),
		budgetTermsModel: budgetTermsFrom(budget.BudgetTerms, prior.budgetTermsModel),
		rateLimitsModel:  rateLimitsFrom(budget.RateLimits),
		AlertThresholds:  attribute.FromFloats(budget.AlertThresholds),
		Timezone:         types.StringPointerValue(budget.Timezone),
		OnSoftLimit:      onSoftLimitFrom(budget.OnSoftLimit),
		TeamIDs:          attribute.FromOptionalStrings(budget.TeamIDs),
		KeyIDs:           attribute.FromOptionalStrings(budget.KeyIDs),
		Models:           attribute.FromOptionalStrings(budget.Models),
		Everything:       types.BoolValue(budget.Everything),
	}}
}

func onSoftLimitFrom(action *api.OnSoftLimit) types.Object {
	if action == nil || action.ReduceRPMPct == nil {
		return types.ObjectNull(onSoftLimitType)
	}
	return types.ObjectValueMust(onSoftLimitType, map[string]attr.Value{
		"reduce_rpm_pct": types.Float64PointerValue(action.ReduceRPMPct),
	})
}

const budgetLimitLeftOut = "Holds for each team or key that takes these terms and has no such limit itself. Leave it out for none."

func (r *budgetResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bursar_budget"
}

func (r *budgetResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	scope := " Leave it out for no restriction by it; `[]` selects nothing. Any of `team_ids`, `key_ids`, `models` and `everything` makes the budget a pot."
	resp.Schema = schema.Schema{
		MarkdownDescription: "A named amount over a period, in one of two kinds. Without a scope it is a set of terms: each team or key " +
			"that names it in `budget_id` gets these terms with a counter of its own. With a scope (`team_ids`, `key_ids`, `models` " +
			"or `everything`) it is one pot: all spending that every given part of the scope selects counts together. " +
			"A team's own plain budget needs no `bursar_budget`; it is the team's `max_budget` and `budget_duration`.",
		Attributes: attribute.Merged(timeoutsAttributes(), budgetTermsAttributes(), rateLimitAttributes(budgetLimitLeftOut), map[string]schema.Attribute{
			"budget_id": attribute.ID("The budget's id, for good: a change makes a new budget, with nothing spent. " +
				"Leave it out to have the gateway choose one."),
			"alert_thresholds": attribute.FloatList("Shares of `max_budget` at which people are told, ascending, such as `[0.5, 0.8, 1]`; " +
				"above 1 for a cap that only warns. Defaults to none."),
			"timezone": attribute.Text("The IANA time zone in which periods start, such as `Europe/Berlin`. " +
				"Leave it out for the gateway's."),
			"on_soft_limit": schema.SingleNestedAttribute{
				MarkdownDescription: "What else happens once the soft limit is reached, until the period ends or the cap is raised. Leave it out for nothing.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"reduce_rpm_pct": schema.Float64Attribute{
						MarkdownDescription: "The factor on the requests per minute, above 0 and at most 1: `0.5` halves them.",
						Required:            true,
					},
				},
			},
			"team_ids":   attribute.OptionalStringList("The teams whose spending the pot counts." + scope),
			"key_ids":    attribute.OptionalStringList("The keys whose spending the pot counts." + scope),
			"models":     attribute.OptionalStringList("The models whose cost the pot counts." + scope),
			"everything": attribute.Bool("Whether the budget is a pot over all spending of the gateway.", false),
		}),
	}
}

func (r *budgetResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(map[string]string{"budget_id": "The budget's id."})
}

func (r *budgetResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config budgetModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	budget := api.Budget{BudgetID: attribute.IDToValidate(config.BudgetID), BudgetFields: config.toAPI()}
	if config.MaxBudget.IsUnknown() && len(budget.AlertThresholds) > 0 {
		budget.AlertThresholds = nil // they need max_budget, which will be there
	}
	if err := budget.Validate(); err != nil {
		report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid budget", err)
	}
	config.warnOfHalfTerms(&resp.Diagnostics)
	config.warnOfNoSoftLimit(&resp.Diagnostics)
}

// ModifyPlan warns of what a change would do.
func (r *budgetResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *budgetModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if !resp.Diagnostics.HasError() && plan != nil {
		warnOfEmptyScope(&resp.Diagnostics, state, *plan)
		r.judge.Budget(ctx, judgedOrNil(state, budgetModel.judged), plan.judged(), &resp.Diagnostics)
		r.warnOfMissing(ctx, &resp.Diagnostics, state, *plan)
	}
}

// warnOfMissing warns of a scope that names what is not there. State is nil for a budget that will be made.
func (r *budgetResource) warnOfMissing(ctx context.Context, diags *diag.Diagnostics, state *budgetModel, plan budgetModel) {
	if state == nil {
		state = &budgetModel{}
	}
	const lost = "The pot counts nothing of it until there is one."
	r.judge.MissingTeams(ctx, diags, "team_ids", lost, plan.TeamIDs, state.TeamIDs)
	r.judge.MissingKeys(ctx, diags, "key_ids", lost, plan.KeyIDs, state.KeyIDs)
}

// warnOfEmptyScope tells of a list without entries, which elsewhere means all, when it is new.
func warnOfEmptyScope(diags *diag.Diagnostics, state *budgetModel, plan budgetModel) {
	if state == nil {
		state = &budgetModel{}
	}
	for _, scope := range []struct {
		name          string
		before, after types.List
	}{{"team_ids", state.TeamIDs, plan.TeamIDs}, {"key_ids", state.KeyIDs, plan.KeyIDs}, {"models", state.Models, plan.Models}} {
		if scope.after.IsNull() || scope.after.IsUnknown() || len(scope.after.Elements()) > 0 || scope.after.Equal(scope.before) {
			continue
		}
		diags.AddAttributeWarning(path.Root(scope.name), "The pot counts nothing",
			scope.name+" = [] selects nothing, so nothing is spent from this budget. Leave "+scope.name+" out for no restriction by it.")
	}
}

func (r *budgetResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan budgetModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	budget, err := r.client.CreateBudget(ctx, plan.BudgetID.ValueString(), plan.toAPI())
	if api.CodeOf(err) == api.AlreadyExists {
		reportExisting(&resp.Diagnostics, "bursar_budget", "budget_id", plan.BudgetID.ValueString(), err)
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Budget not created", err)
		keepLost(ctx, req.Plan, resp, err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, budget.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "budget_id", budget.BudgetID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, budgetModelFrom(budget, plan))...)
}

func (r *budgetResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state budgetModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	lost := lostCreate{gateway: r.client, noun: "budget"}
	if !lost.read(ctx, req, resp, &state.BudgetID, "budget_id", state.BudgetID.ValueString()) {
		return
	}
	budget, revision, err := r.readBudget(ctx, state)
	if api.CodeOf(err) == api.NotFound {
		readGone(ctx, resp, "budget_id", state.BudgetID.ValueString())
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Budget not read", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "budget_id", budget.BudgetID.ValueString())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, budget)...)
}

// readBudget is the state that follows on another, and the budget's revision.
func (u gatewayUser) readBudget(ctx context.Context, state budgetModel) (budgetModel, int64, error) {
	budget, err := u.client.Estate().Budget(ctx, state.BudgetID.ValueString())
	if err != nil {
		return budgetModel{}, 0, err
	}
	u.judge.Manages("budget " + budget.BudgetID)
	return budgetModelFrom(budget, state), budget.Revision, nil
}

func (r *budgetResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state budgetModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	revision, diags := plannedRevision(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	wanted := plan.toAPI()
	if client.Same(wanted, state.toAPI()) {
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "budget_id", plan.BudgetID.ValueString())...)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	budget, err := r.client.UpdateBudget(ctx, plan.BudgetID.ValueString(), wanted, revision)
	if api.CodeOf(err) == api.Stale {
		budget, err = r.resolveStale(ctx, plan.BudgetID.ValueString(), wanted, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if api.CodeOf(err) == api.NotFound {
		reportGone(&resp.Diagnostics, fmt.Sprintf("budget %q", plan.BudgetID.ValueString()))
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Budget not updated", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, budget.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "budget_id", budget.BudgetID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, budgetModelFrom(budget, plan))...)
}

// resolveStale accepts a budget that is as wanted already; see the team's.
func (r *budgetResource) resolveStale(ctx context.Context, id string, wanted api.BudgetFields, diags *diag.Diagnostics) (api.Budget, error) {
	current, err := r.client.GetBudget(ctx, id)
	if err == nil && !client.Same(current.BudgetFields, wanted) {
		reportStale(diags, fmt.Sprintf("budget %q", id), current.Record)
	}
	return current, err
}

func (r *budgetResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state budgetModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	refuseUnread(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	err := r.client.DeleteBudget(ctx, state.BudgetID.ValueString())
	if api.CodeOf(err) == api.Conflict {
		resp.Diagnostics.AddError("Budget still in use", attribute.Sentence(err)+letGoFirst("budget", "bursar_team"))
		return
	}
	if err != nil && api.CodeOf(err) != api.NotFound {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Budget not deleted", err)
	}
}

func (r *budgetResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByID(ctx, "budget_id", req, resp)
}
