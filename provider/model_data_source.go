package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*modelDataSource)(nil)

type modelDataSource struct{ object.DataSource }

func newModelDataSource() datasource.DataSource { return &modelDataSource{} }

// modelStateModel is what both model data sources tell about a deployment; its credential nobody can tell.
type modelStateModel struct {
	ModelID         types.String `tfsdk:"model_id"`
	Name            types.String `tfsdk:"name"`
	Aliases         types.List   `tfsdk:"aliases"`
	AccessGroups    types.List   `tfsdk:"access_groups"`
	Upstream        types.String `tfsdk:"upstream"`
	BaseURL         types.String `tfsdk:"base_url"`
	APIVersion      types.String `tfsdk:"api_version"`
	HasAPIKey       types.Bool   `tfsdk:"has_api_key"`
	UpstreamModel   types.String `tfsdk:"upstream_model"`
	BaseModel       types.String `tfsdk:"base_model"`
	Price           types.Object `tfsdk:"price"`
	MaxInputTokens  types.Int64  `tfsdk:"max_input_tokens"`
	MaxOutputTokens types.Int64  `tfsdk:"max_output_tokens"`
	MinOutputTokens types.Int64  `tfsdk:"min_output_tokens"`
	Weight          types.Int64  `tfsdk:"weight"`
	RPM             types.Int64  `tfsdk:"rpm"`
	TPM             types.Int64  `tfsdk:"tpm"`
	TPMCountsCached types.Bool   `tfsdk:"tpm_counts_cached"`
	Enabled         types.Bool   `tfsdk:"enabled"`
	recordModel
}

func modelStateFrom(model api.Model) modelStateModel {
	return modelStateModel{
		ModelID:         types.StringValue(model.ModelID),
		Name:            types.StringValue(model.Name),
		Aliases:         attribute.FromStrings(model.Aliases),
		AccessGroups:    attribute.FromStrings(model.AccessGroups),
		Upstream:        types.StringValue(model.Upstream),
		BaseURL:         types.StringPointerValue(model.BaseURL),
		APIVersion:      types.StringPointerValue(model.APIVersion),
		HasAPIKey:       types.BoolValue(model.HasAPIKey),
		UpstreamModel:   types.StringPointerValue(model.UpstreamModel),
		BaseModel:       types.StringPointerValue(model.BaseModel),
		Price:           priceFrom(model.Price, types.ObjectNull(priceType().AttrTypes)),
		MaxInputTokens:  types.Int64PointerValue(model.MaxInputTokens),
		MaxOutputTokens: types.Int64PointerValue(model.MaxOutputTokens),
		MinOutputTokens: types.Int64PointerValue(model.MinOutputTokens),
		Weight:          types.Int64Value(model.Weight),
		RPM:             types.Int64PointerValue(model.RPM),
		TPM:             types.Int64PointerValue(model.TPM),
		TPMCountsCached: types.BoolValue(model.TPMCountsCached),
		Enabled:         types.BoolValue(model.Enabled),
		recordModel:     recordFrom(model.Record, model.DeclaredIn),
	}
}

func modelStateFacts() map[string]schema.Attribute {
	return facts(recordFacts("model"), map[string]schema.Attribute{
		"model_id":       textFact("The deployment's id."),
		"name":           textFact("The name that clients ask for."),
		"aliases":        textsFact("Other names that clients may ask for the model by."),
		"access_groups":  textsFact("Names under which lists of models may hold it together with others."),
		"upstream":       textFact("The kind of provider: `openai`, `azure` or `anthropic`."),
		"base_url":       textFact("Where the provider is; null is its own address."),
		"api_version":    textFact("The `api-version` of Azure; null for others."),
		"has_api_key":    boolFact("Whether the deployment has a credential of its own."),
		"upstream_model": textFact("The provider's name of the model; null is `name`."),
		"base_model":     textFact("The name in the gateway's catalogue by which the model is priced; null is `upstream_model`."),
		"price": schema.ObjectAttribute{
			MarkdownDescription: "What the model costs, with the attributes that the resource `bursar_model` has in `price`; null is the catalogue's price.",
			AttributeTypes:      priceType().AttrTypes,
			Computed:            true,
		},
		"max_input_tokens":  wholeFact("The model's context window; null is what the catalogue says."),
		"max_output_tokens": wholeFact("The most tokens of one answer; null is what the catalogue says."),
		"min_output_tokens": wholeFact("The least output that a request without an output cap gets; null is the gateway's own."),
		"weight":            wholeFact("The deployment's share of the calls to `name`; one of weight 0 stands by."),
		"rpm":               wholeFact("Requests per minute that the deployment takes; null is no limit."),
		"tpm":               wholeFact("Tokens per minute that the deployment takes; null is no limit."),
		"tpm_counts_cached": boolFact("Whether what a prompt reads from the provider's cache counts in tokens per minute."),
		"enabled":           boolFact("Whether calls are sent there."),
	})
}

type modelDataModel struct {
	modelStateModel
	Metadata types.Dynamic `tfsdk:"metadata"`
}

func (d *modelDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_model"
}

func (d *modelDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A deployment as it is on the gateway now. It fails when there is no such deployment; `bursar_models` finds those of a name.",
		Attributes: facts(modelStateFacts(), map[string]schema.Attribute{
			"model_id": schema.StringAttribute{MarkdownDescription: "The id of the deployment to read.", Required: true},
			"metadata": metadataFact("model"),
		}),
	}
}

func (d *modelDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	model, found := object.Find(ctx, req.Config, &resp.Diagnostics, "model", object.LookUp[api.Model]{Attribute: "model_id", Read: d.Client.GetModel})
	if !found {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, modelDataModel{
		modelStateModel: modelStateFrom(model), Metadata: attribute.FromMetadata(model.Metadata, types.DynamicNull()),
	})...)
}
