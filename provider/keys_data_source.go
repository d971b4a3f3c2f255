package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*keysDataSource)(nil)

type keysDataSource struct{ object.DataSource }

func newKeysDataSource() datasource.DataSource { return &keysDataSource{} }

type keysDataModel struct {
	TeamID types.String     `tfsdk:"team_id"`
	UserID types.String     `tfsdk:"user_id"`
	Keys   []listedKeyModel `tfsdk:"keys"`
}

type listedKeyModel struct {
	keyStateModel
	MetadataJSON types.String `tfsdk:"metadata_json"`
}

func (d *keysDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_keys"
}

func (d *keysDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Keys of the gateway as they are now, with what they have spent, ordered by id. Their secrets are not in it. " +
			"With an admin key for some teams only, theirs.",
		Attributes: map[string]schema.Attribute{
			"team_id": schema.StringAttribute{MarkdownDescription: "Only keys of this team. Leave it out for all.", Optional: true},
			"user_id": schema.StringAttribute{MarkdownDescription: "Only keys of this user. Leave it out for all.", Optional: true},
			"keys":    listFact("The keys.", facts(keyStateFacts(), map[string]schema.Attribute{"metadata_json": metadataJSONFact("key")})),
		},
	}
}

func (d *keysDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model keysDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Ready(&resp.Diagnostics) {
		return
	}
	keys, err := d.Client.FindKeys(ctx, api.KeyFilter{TeamID: model.TeamID.ValueString(), UserID: model.UserID.ValueString()})
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Keys not read", err)
		return
	}
	model.Keys = make([]listedKeyModel, 0, len(keys))
	for _, key := range keys {
		metadata, err := metadataJSON(key.Metadata)
		if err != nil {
			object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Keys not read", err)
			return
		}
		model.Keys = append(model.Keys, listedKeyModel{keyStateModel: keyStateFrom(key), MetadataJSON: metadata})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
