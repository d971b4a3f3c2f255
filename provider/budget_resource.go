package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*budgetResource)(nil)
	_ resource.ResourceWithValidateConfig = (*budgetResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*budgetResource)(nil)
	_ resource.ResourceWithIdentity       = (*budgetResource)(nil)
	_ resource.ResourceWithImportState    = (*budgetResource)(nil)
)

type budgetResource struct {
	object.Resource[budgetModel, api.BudgetFields, api.Budget]
}

func newBudgetResource() resource.Resource { return newBudget() }

func newBudgetList() list.ListResource { return object.NewList(newBudget().Noun) }

type budgetModel struct {
	budgetFieldsModel
	object.TimeoutsModel
}

// budgetFieldsModel is what the gateway knows of a budget.
type budgetFieldsModel struct {
	BudgetID types.String `tfsdk:"budget_id"`
	budgetTermsModel
	rateLimitsModel
	enforcementModel
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
		Enforcement:     m.enforcementModel.toAPI(),
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

func budgetModelFrom(budget api.Budget, prior budgetModel) budgetModel {
	return budgetModel{TimeoutsModel: prior.TimeoutsModel.OrNull(), budgetFieldsModel: budgetFieldsModel{
		BudgetID:         types.StringValue(budget.BudgetID),
		budgetTermsModel: budgetTermsFrom(budget.BudgetTerms, prior.budgetTermsModel),
		rateLimitsModel:  rateLimitsFrom(budget.RateLimits),
		enforcementModel: enforcementFrom(budget.Enforcement, prior.enforcementModel),
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

func budgetID(m *budgetModel) *types.String { return &m.BudgetID }

func budgetToAPI(m budgetModel) api.BudgetFields { return m.toAPI() }

func newBudget() *budgetResource {
	noun := object.Noun[budgetModel, api.BudgetFields, api.Budget]{
		Type:     "bursar_budget",
		Name:     "budget",
		Identity: []object.Part[budgetModel]{{Attribute: "budget_id", Description: "The budget's id.", Of: budgetID}},
		Schema:   budgetSchema(),
		Fields:   budgetToAPI,
		From:     budgetModelFrom,
		FieldsOf: func(budget api.Budget) api.BudgetFields { return budget.BudgetFields },
		Calls: object.CallsByID(budgetID, object.ByID[api.BudgetFields, api.Budget]{
			Create: (*client.Client).CreateBudget,
			Read:   (*client.Estate).Budget,
			Get:    (*client.Client).GetBudget,
			Update: (*client.Client).UpdateBudget,
			Delete: (*client.Client).DeleteBudget,
		}),
		Listing: object.Listing[api.Budget]{
			Description: "The budgets of the gateway: named terms and pots.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.Budget, error) {
				return gateway.ListBudgets(ctx)
			},
			Name:       func(budget api.Budget) string { return budget.BudgetID },
			DeclaredIn: func(budget api.Budget) string { return budget.DeclaredIn },
		},
		Check:   checkBudget,
		Warn:    warnOfBudget,
		Judged:  true,
		Managed: func(budget api.Budget) string { return "budget " + budget.BudgetID },
	}
	noun.Calls.Delete = removeBudget
	return &budgetResource{object.Resource[budgetModel, api.BudgetFields, api.Budget]{Noun: noun}}
}

func budgetSchema() schema.Schema {
	scope := " Leave it out for no restriction by it; `[]` selects nothing. Any of `team_ids`, `key_ids`, `models` and `everything` makes the budget a pot."
	return schema.Schema{
		MarkdownDescription: "A named amount over a period, in one of two kinds. Without a scope it is a set of terms: each team or key " +
			"that names it in `budget_id` gets these terms with a counter of its own. With a scope (`team_ids`, `key_ids`, `models` " +
			"or `everything`) it is one pot: all spending that every given part of the scope selects counts together. " +
			"A team's own plain budget needs no `bursar_budget`; it is the team's `max_budget` and `budget_duration`.",
		Attributes: attribute.Merged(budgetTermsAttributes(), rateLimitAttributes(budgetLimitLeftOut), enforcementAttributes("that of the gateway"), map[string]schema.Attribute{
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

func checkBudget(config budgetModel) error {
	budget := api.Budget{BudgetID: attribute.IDToValidate(config.BudgetID), BudgetFields: config.toAPI()}
	if config.MaxBudget.IsUnknown() && len(budget.AlertThresholds) > 0 {
		budget.AlertThresholds = nil // they need max_budget, which will be there
	}
	return budget.Validate()
}

func warnOfBudget(config budgetModel, diags *diag.Diagnostics) {
	config.warnOfHalfTerms(diags)
	config.warnOfNoSoftLimit(diags)
}

func removeBudget(ctx context.Context, gateway *client.Client, state budgetModel, diags *diag.Diagnostics) error {
	err := gateway.DeleteBudget(ctx, state.BudgetID.ValueString())
	if api.CodeOf(err) == api.Conflict {
		diags.AddError("Budget still in use", attribute.Sentence(err)+object.LetGoFirst("budget", "bursar_team"))
		return nil
	}
	return err
}

// ModifyPlan warns of what a change would do.
func (r *budgetResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	var state, plan *budgetModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if !resp.Diagnostics.HasError() && plan != nil {
		refuseEmptyScope(&resp.Diagnostics, state, *plan)
		r.Judge.Budget(ctx, r.Noun.Planned(state), *r.Noun.Planned(plan), &resp.Diagnostics)
		r.warnOfMissing(ctx, &resp.Diagnostics, state, *plan)
	}
}

// warnOfMissing warns of a scope that names what is not there. State is nil for a budget that will be made.
func (r *budgetResource) warnOfMissing(ctx context.Context, diags *diag.Diagnostics, state *budgetModel, plan budgetModel) {
	if state == nil {
		state = &budgetModel{}
	}
	const lost = "The pot counts nothing of it until there is one."
	r.Judge.MissingTeams(ctx, diags, "team_ids", lost, plan.TeamIDs, state.TeamIDs)
	r.Judge.MissingKeys(ctx, diags, "key_ids", lost, plan.KeyIDs, state.KeyIDs)
}

// refuseEmptyScope refuses a list without entries, which elsewhere means all, when it is new.
func refuseEmptyScope(diags *diag.Diagnostics, state *budgetModel, plan budgetModel) {
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
		diags.AddAttributeError(path.Root(scope.name), "The pot would count nothing",
			scope.name+" = [] selects nothing, and the gateway refuses it. Leave "+scope.name+" out for no restriction by it; everything = true is a pot over all spending.")
	}
}
