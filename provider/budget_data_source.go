package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*budgetDataSource)(nil)

type budgetDataSource struct{ object.DataSource }

func newBudgetDataSource() datasource.DataSource { return &budgetDataSource{} }

// budgetFactsModel is what both budget data sources tell about a budget.
type budgetFactsModel struct {
	budgetFieldsModel
	budgetStateModel
	recordModel
}

func budgetFactsFrom(budget api.Budget) budgetFactsModel {
	return budgetFactsModel{
		budgetFieldsModel: budgetModelFrom(budget, budgetModel{}).budgetFieldsModel,
		budgetStateModel:  budgetStateFrom(budget.BudgetState),
		recordModel:       recordFrom(budget.Record, budget.DeclaredIn),
	}
}

func budgetFacts() map[string]schema.Attribute {
	const ofAPot = " For terms that teams and keys take, each with a counter of its own, see there."
	all := facts(budgetTermsFacts(), rateLimitFacts(), enforcementFacts(), budgetStateFacts(), recordFacts("budget"), map[string]schema.Attribute{
		"budget_id":        textFact("The budget's id."),
		"alert_thresholds": sharesFact("The shares of `max_budget` at which people are told."),
		"timezone":         textFact("The IANA time zone in which periods start; null is the gateway's."),
		"on_soft_limit": schema.SingleNestedAttribute{
			MarkdownDescription: "What else happens once the soft limit is reached; null is nothing.",
			Computed:            true,
			Attributes: map[string]schema.Attribute{
				"reduce_rpm_pct": schema.Float64Attribute{MarkdownDescription: "The factor on the requests per minute.", Computed: true},
			},
		},
		"team_ids":   textsFact("The teams whose spending the pot counts; null does not restrict."),
		"key_ids":    textsFact("The keys whose spending the pot counts; null does not restrict."),
		"models":     textsFact("The models whose cost the pot counts; null does not restrict."),
		"everything": boolFact("Whether the budget is a pot over all spending of the gateway."),
	})
	all["spend"] = amountFact("What has been spent of a pot in the running period, in US dollars." + ofAPot)
	return all
}

func (d *budgetDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_budget"
}

func (d *budgetDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A budget as it is on the gateway now, with what has been spent of it. It fails when there is no such budget.",
		Attributes: facts(budgetFacts(), map[string]schema.Attribute{
			"budget_id": schema.StringAttribute{MarkdownDescription: "The id of the budget to read.", Required: true},
		}),
	}
}

func (d *budgetDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	budget, found := object.Find(ctx, req.Config, &resp.Diagnostics, "budget", object.LookUp[api.Budget]{Attribute: "budget_id", Read: d.Client.GetBudget})
	if !found {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, budgetFactsFrom(budget))...)
}

var _ datasource.DataSourceWithConfigure = (*budgetsDataSource)(nil)

type budgetsDataSource struct{ object.DataSource }

func newBudgetsDataSource() datasource.DataSource { return &budgetsDataSource{} }

type budgetsDataModel struct {
	Budgets []budgetFactsModel `tfsdk:"budgets"`
}

func (d *budgetsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_budgets"
}

func (d *budgetsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All budgets of the gateway as they are now, with what has been spent of them. " +
			"The plain budgets of teams and keys are in `bursar_teams` and `bursar_keys`.",
		Attributes: map[string]schema.Attribute{"budgets": listFact("The budgets.", budgetFacts())},
	}
}

func (d *budgetsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	budgets, err := d.Client.ListBudgets(ctx)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Budgets not read", err)
		return
	}
	model := budgetsDataModel{Budgets: make([]budgetFactsModel, 0, len(budgets))}
	for _, budget := range budgets {
		model.Budgets = append(model.Budgets, budgetFactsFrom(budget))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
