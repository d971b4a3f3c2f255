package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

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
