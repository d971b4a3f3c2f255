package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*modelsDataSource)(nil)

type modelsDataSource struct{ object.DataSource }

func newModelsDataSource() datasource.DataSource { return &modelsDataSource{} }

type modelsDataModel struct {
	Name   types.String       `tfsdk:"name"`
	Models []listedModelModel `tfsdk:"models"`
}

type listedModelModel struct {
	modelStateModel
	MetadataJSON types.String `tfsdk:"metadata_json"`
}

func (d *modelsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_models"
}

func (d *modelsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The gateway's deployments as they are now, those of its configuration file first.",
		Attributes: map[string]schema.Attribute{
			"name":   schema.StringAttribute{MarkdownDescription: "Only deployments that serve this name. Leave it out for all.", Optional: true},
			"models": listFact("The deployments.", facts(modelStateFacts(), map[string]schema.Attribute{"metadata_json": metadataJSONFact("model")})),
		},
	}
}

func (d *modelsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model modelsDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Ready(&resp.Diagnostics) {
		return
	}
	deployments, err := d.Client.ListModels(ctx)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Models not read", err)
		return
	}
	model.Models = make([]listedModelModel, 0, len(deployments))
	for _, deployment := range deployments {
		if !model.Name.IsNull() && deployment.Name != model.Name.ValueString() {
			continue
		}
		metadata, err := metadataJSON(deployment.Metadata)
		if err != nil {
			object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Models not read", err)
			return
		}
		model.Models = append(model.Models, listedModelModel{modelStateModel: modelStateFrom(deployment), MetadataJSON: metadata})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
