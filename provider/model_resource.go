package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*modelResource)(nil)
	_ resource.ResourceWithValidateConfig = (*modelResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*modelResource)(nil)
	_ resource.ResourceWithIdentity       = (*modelResource)(nil)
	_ resource.ResourceWithImportState    = (*modelResource)(nil)
)

type modelResource struct {
	object.Resource[modelModel, api.ModelFields, api.Model]
}

func newModelResource() resource.Resource { return newModel() }

func newModelList() list.ListResource { return object.NewList(newModel().Noun) }

type modelModel struct {
	ModelID         types.String  `tfsdk:"model_id"`
	Name            types.String  `tfsdk:"name"`
	Aliases         types.List    `tfsdk:"aliases"`
	AccessGroups    types.List    `tfsdk:"access_groups"`
	Upstream        types.String  `tfsdk:"upstream"`
	BaseURL         types.String  `tfsdk:"base_url"`
	APIVersion      types.String  `tfsdk:"api_version"`
	APIKeyWO        types.String  `tfsdk:"api_key_wo"`
	APIKeyWOVersion types.Int64   `tfsdk:"api_key_wo_version"`
	UpstreamModel   types.String  `tfsdk:"upstream_model"`
	BaseModel       types.String  `tfsdk:"base_model"`
	Price           types.Object  `tfsdk:"price"`
	MaxInputTokens  types.Int64   `tfsdk:"max_input_tokens"`
	MaxOutputTokens types.Int64   `tfsdk:"max_output_tokens"`
	MinOutputTokens types.Int64   `tfsdk:"min_output_tokens"`
	Weight          types.Int64   `tfsdk:"weight"`
	RPM             types.Int64   `tfsdk:"rpm"`
	TPM             types.Int64   `tfsdk:"tpm"`
	TPMCountsCached types.Bool    `tfsdk:"tpm_counts_cached"`
	Enabled         types.Bool    `tfsdk:"enabled"`
	Metadata        types.Dynamic `tfsdk:"metadata"`
	object.TimeoutsModel
}

// toAPI carries no credential: it is sent only when its version changes.
func (m modelModel) toAPI() api.ModelFields {
	price, _ := priceOf(m.Price)
	fields := api.NewModel("").ModelFields
	fields.Name = m.Name.ValueString()
	fields.Aliases, fields.AccessGroups = attribute.StringsOf(m.Aliases), attribute.StringsOf(m.AccessGroups)
	fields.BaseURL, fields.APIVersion = attribute.TextOf(m.BaseURL), attribute.TextOf(m.APIVersion)
	fields.UpstreamModel, fields.BaseModel = attribute.TextOf(m.UpstreamModel), attribute.TextOf(m.BaseModel)
	fields.Price, fields.MaxInputTokens = price, attribute.Int64Of(m.MaxInputTokens)
	fields.MaxOutputTokens, fields.MinOutputTokens = attribute.Int64Of(m.MaxOutputTokens), attribute.Int64Of(m.MinOutputTokens)
	fields.RPM, fields.TPM = attribute.Int64Of(m.RPM), attribute.Int64Of(m.TPM)
	fields.TPMCountsCached = attribute.IsTrue(m.TPMCountsCached, true)
	fields.Enabled, fields.Metadata = attribute.IsTrue(m.Enabled, true), attribute.MetadataOf(m.Metadata)
	if upstream := attribute.TextOf(m.Upstream); upstream != nil {
		fields.Upstream = *upstream
	}
	if weight := attribute.Int64Of(m.Weight); weight != nil {
		fields.Weight = *weight
	}
	return fields
}

// modelModelFrom keeps prior's version of the credential. A model without prior is being imported.
func modelModelFrom(model api.Model, prior modelModel) modelModel {
	version := prior.APIKeyWOVersion
	if prior.Name.IsNull() && model.HasAPIKey {
		version = types.Int64Value(object.AdoptedSecret)
	}
	return modelModel{
		ModelID:         types.StringValue(model.ModelID),
		Name:            types.StringValue(model.Name),
		Aliases:         attribute.FromStrings(model.Aliases),
		AccessGroups:    attribute.FromStrings(model.AccessGroups),
		Upstream:        types.StringValue(model.Upstream),
		BaseURL:         types.StringPointerValue(model.BaseURL),
		APIVersion:      attribute.FromText(model.APIVersion, prior.APIVersion),
		APIKeyWO:        types.StringNull(),
		APIKeyWOVersion: version,
		UpstreamModel:   attribute.FromText(model.UpstreamModel, prior.UpstreamModel),
		BaseModel:       attribute.FromText(model.BaseModel, prior.BaseModel),
		Price:           priceFrom(model.Price, prior.Price),
		MaxInputTokens:  types.Int64PointerValue(model.MaxInputTokens),
		MaxOutputTokens: types.Int64PointerValue(model.MaxOutputTokens),
		MinOutputTokens: types.Int64PointerValue(model.MinOutputTokens),
		Weight:          types.Int64Value(model.Weight),
		RPM:             types.Int64PointerValue(model.RPM),
		TPM:             types.Int64PointerValue(model.TPM),
		TPMCountsCached: types.BoolValue(model.TPMCountsCached),
		Enabled:         types.BoolValue(model.Enabled),
		Metadata:        attribute.FromMetadata(model.Metadata, prior.Metadata),
		TimeoutsModel:   prior.TimeoutsModel.OrNull(),
	}
}

func modelID(m *modelModel) *types.String { return &m.ModelID }

func newModel() *modelResource {
	noun := object.Noun[modelModel, api.ModelFields, api.Model]{
		Type:     "bursar_model",
		Name:     "model",
		Identity: []object.Part[modelModel]{{Attribute: "model_id", Description: "The deployment's id.", Of: modelID}},
		Schema:   modelSchema(),
		Fields:   modelModel.toAPI,
		From:     modelModelFrom,
		FieldsOf: func(model api.Model) api.ModelFields { return model.ModelFields },
		Wanted:   modelWanted,
		Answered: modelAnswered,
		Calls: object.CallsByID(modelID, object.ByID[api.ModelFields, api.Model]{
			Create: (*client.Client).CreateModel,
			Read:   (*client.Estate).Model,
			Get:    (*client.Client).GetModel,
			Update: (*client.Client).UpdateModel,
			Delete: (*client.Client).DeleteModel,
		}),
		Listing: object.Listing[api.Model]{
			Description: "The deployments of models on the gateway, without their credentials.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.Model, error) {
				return gateway.ListModels(ctx)
			},
			Name:       func(model api.Model) string { return model.Name },
			DeclaredIn: func(model api.Model) string { return model.DeclaredIn },
		},
		Managed: func(model api.Model) string { return "model " + model.ModelID },
		Alias:   func(model api.Model) *string { return &model.Name },
		Check:   checkModel,
		Secrets: object.Secret[modelModel, api.Model]{
			Fingerprint: func(model api.Model) string { return model.APIKeyFingerprint },
			Version:     func(m *modelModel) *types.Int64 { return &m.APIKeyWOVersion },
			Sent:        func(change object.Change[modelModel]) *string { return modelWanted(change).APIKey },
		},
	}
	return &modelResource{object.Resource[modelModel, api.ModelFields, api.Model]{Noun: noun}}
}

// modelWanted carries the credential when its version changes. The gateway wants it again when it is to go to another host.
func modelWanted(change object.Change[modelModel]) api.ModelFields {
	wanted := change.Plan.toAPI()
	if change.State == nil {
		wanted.APIKey = attribute.TextOf(change.Config.APIKeyWO)
		return wanted
	}
	moved := wanted.Origin() != change.State.toAPI().Origin() && !change.Config.APIKeyWO.IsNull()
	if moved || !change.Plan.APIKeyWOVersion.Equal(change.State.APIKeyWOVersion) {
		wanted.APIKey = new(change.Config.APIKeyWO.ValueString())
	}
	return wanted
}

func modelAnswered(wanted api.ModelFields, current api.Model) api.ModelFields {
	wanted.APIKeyFingerprint = current.APIKeyFingerprint
	wanted.HasAPIKey = current.HasAPIKey
	if wanted.APIKey != nil {
		wanted.HasAPIKey = *wanted.APIKey != ""
	}
	wanted.APIKey = nil
	return wanted
}

func modelSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A deployment: a place that serves a model's name to clients. Several with one name share its calls by their " +
			"weights, and stand in for each other when one fails. Every gateway serves it once the apply has returned.",
		Attributes: attribute.Merged(modelCredentialAttributes(), map[string]schema.Attribute{
			"model_id": attribute.ID("The deployment's id, for good: a change makes a new one. Leave it out to have the gateway choose one."),
			"name": schema.StringAttribute{MarkdownDescription: "The name that clients ask for, such as `gpt-4.1`. One that ends with a star, such as `acme/*`, " +
				"serves every name that begins so, unless a longer or exact name does.", Required: true},
			"aliases": attribute.StringList("Other names that clients may ask for the model by. They count in the same limits as `name`, " +
				"which is what is recorded. A `name` with a star has none."),
			"access_groups": attribute.StringList("Names under which `models` of teams, keys and budgets, and limits by model, may list it together with others."),
			"upstream": schema.StringAttribute{
				MarkdownDescription: "The kind of provider: `openai`, which is everything that speaks OpenAI's wire, `azure` or `anthropic`. Defaults to `openai`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(api.NewModel("").Upstream),
			},
			"base_url": attribute.Text("Where the provider is, such as `https://api.openai.com/v1`. " +
				"Leave it out for the provider's own address; `azure` needs it."),
			"api_version": attribute.Text("The `api-version` of Azure, such as `2024-10-21`. For `azure` only, and needed there unless `base_url` ends with `/openai/v1`."),
			"upstream_model": attribute.Text("The provider's name of the model, or of the deployment in Azure. " +
				"Leave it out when it is `name`, or, if that ends with `/*`, what its star stands for. " +
				"A star at the end is what the star of `name` stands for, as in `openai/*`."),
			"base_model": attribute.Text("The name in the gateway's catalogue by which the model is priced. " +
				"Leave it out when it is `upstream_model`; names of deployments in Azure mean nothing there."),
			"price": priceAttribute(),
			"max_input_tokens": attribute.Int64("The model's context window: the most tokens of a prompt. What of a request cannot be weighed, such as a document " +
				"by address, counts as so much. Leave it out for what the catalogue says, or 1048576 where it says nothing."),
			"max_output_tokens": attribute.Int64("The most tokens of one answer. Leave it out for what the catalogue says."),
			"min_output_tokens": attribute.Int64("The least output that a request without an output cap gets where limits have room, at least 16. " +
				"Leave it out for the gateway's own."),
			"weight": schema.Int64Attribute{
				MarkdownDescription: "The deployment's share of the calls to `name`, from 0 to 1000000. One of weight `0` stands by: it is asked when no other can be. Defaults to `1`.",
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(1),
			},
			"rpm": attribute.Int64("Requests per minute that the deployment takes, over all teams. Leave it out for no limit."),
			"tpm": attribute.Int64("Tokens per minute that the deployment takes, over all teams. Leave it out for no limit."),
			"tpm_counts_cached": attribute.Bool("Whether what a prompt reads from the provider's cache counts in tokens per minute, the deployment's `tpm` and "+
				"the `tpm_limit` of teams and keys. With `false` it is left out, as vendors do: it is reserved, and given back when the answer tells of it.", true),
			"enabled":  attribute.Bool("Whether calls are sent there. With `false` the deployment is kept and left alone.", true),
			"metadata": attribute.Metadata("model"),
		}),
	}
}

func modelCredentialAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"api_key_wo": schema.StringAttribute{
			MarkdownDescription: "The provider's API key, stored in neither plan nor state. Needs `api_key_wo_version` and Terraform 1.11. " +
				"Leave both out for a provider that asks for none.",
			Optional:   true,
			Sensitive:  true,
			WriteOnly:  true,
			Validators: attribute.Valid(stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRoot("api_key_wo_version"))),
		},
		"api_key_wo_version": schema.Int64Attribute{
			MarkdownDescription: "A number from 1 to raise when `api_key_wo` changes, as Terraform cannot see that. " +
				"An imported model with a key starts at 1, which alone leaves the key as it is; 0 in a plan means that the key was changed outside of Terraform.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.AtLeast(object.AdoptedSecret)},
		},
	}
}

func checkModel(config modelModel) error {
	model := api.Model{ModelID: attribute.IDToValidate(config.ModelID), ModelFields: config.toAPI()}
	model.APIKey = attribute.TextOf(config.APIKeyWO)
	if config.Name.IsUnknown() {
		model.Name = "chosen-later"
		model.Aliases, model.UpstreamModel, model.BaseModel = nil, nil, nil // what a star among them means depends on the name
	}
	if config.Upstream.IsUnknown() || config.BaseURL.IsUnknown() || config.APIVersion.IsUnknown() {
		// What the three need of each other is judged by the gateway.
		model.Upstream, model.BaseURL, model.APIVersion = "openai", nil, nil
	}
	return model.Validate()
}

// ModifyPlan warns of a credential that would not be sent, and notes for others that the model will be there.
func (r *modelResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	r.noteServed(ctx, req)
	if req.Plan.Raw.IsNull() {
		return
	}
	var config, state modelModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	resp.Diagnostics.Append(object.PlanSecret(ctx, req, resp, object.PlannedSecret{
		Attribute: "api_key_wo", Secret: config.APIKeyWO, Version: config.APIKeyWOVersion, Before: state.APIKeyWOVersion,
	})...)
}

func (r *modelResource) noteServed(ctx context.Context, req resource.ModifyPlanRequest) {
	var plan *modelModel
	if !req.Plan.Get(ctx, &plan).HasError() && plan != nil && attribute.IsTrue(plan.Enabled, true) {
		r.Judge.WillServe(plan.toAPI())
	}
}
