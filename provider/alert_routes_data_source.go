package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*alertRoutesDataSource)(nil)

type alertRoutesDataSource struct{ object.DataSource }

func newAlertRoutesDataSource() datasource.DataSource { return &alertRoutesDataSource{} }

type alertRoutesDataModel struct {
	AlertRoutes []alertRouteFactsModel `tfsdk:"alert_routes"`
}

func (d *alertRoutesDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_alert_routes"
}

func (d *alertRoutesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All alert routes of the gateway as they are now: who is told what.",
		Attributes:          map[string]schema.Attribute{"alert_routes": listFact("The alert routes.", alertRouteFacts())},
	}
}

func (d *alertRoutesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	routes, err := d.Client.ListAlertRoutes(ctx)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Alert routes not read", err)
		return
	}
	model := alertRoutesDataModel{AlertRoutes: make([]alertRouteFactsModel, 0, len(routes))}
	for _, route := range routes {
		model.AlertRoutes = append(model.AlertRoutes, alertRouteFactsFrom(route))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
