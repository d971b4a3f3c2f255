package provider

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var _ datasource.DataSourceWithConfigure = (*teamDataSource)(nil)

type teamDataSource struct{ gatewayDataSource }

func newTeamDataSource() datasource.DataSource { return &teamDataSource{} }

// teamStateModel is what both team data sources tell about a team, usage included.
type teamStateModel struct {
	TeamID    types.String `tfsdk:"team_id"`
	TeamAlias types.String `tfsdk:"team_alias"`
	Models    types.List   `tfsdk:"models"`
	rateLimitsModel
	modelRateLimitsModel
	budgetTermsModel
	BudgetID      types.String `tfsdk:"budget_id"`
	Blocked       types.Bool   `tfsdk:"blocked"`
	Spend         types.Number `tfsdk:"spend"`
	BudgetResetAt types.String `tfsdk:"budget_reset_at"`
	CreatedAt     types.String `tfsdk:"created_at"`
	UpdatedAt     types.String `tfsdk:"updated_at"`
	UpdatedBy     types.String `tfsdk:"updated_by"`
	DeclaredIn    types.String `tfsdk:"declared_in"`
}

func teamStateFrom(team api.Team) teamStateModel {
	return teamStateModel{
		TeamID:               types.StringValue(team.TeamID),
		TeamAlias:            types.StringPointerValue(team.TeamAlias),
		Models:               stringList(team.Models),
		rateLimitsModel:      rateLimitsFrom(team.RateLimits),
		modelRateLimitsModel: modelRateLimitsFrom(team.ModelRateLimits),
		budgetTermsModel:     budgetTermsFrom(team.BudgetTerms, budgetTermsModel{}),
		BudgetID:             types.StringPointerValue(team.BudgetID),
		Blocked:              types.BoolValue(team.Blocked),
		Spend:                usd(&team.Spend, types.NumberNull()),
		BudgetResetAt:        timeValue(team.BudgetResetAt),
		CreatedAt:            timeValue(&team.CreatedAt),
		UpdatedAt:            timeValue(&team.UpdatedAt),
		UpdatedBy:            types.StringValue(team.UpdatedBy),
		DeclaredIn:           types.StringValue(team.DeclaredIn),
	}
}

// timeValue is RFC 3339 in UTC.
func timeValue(moment *time.Time) types.String {
	if moment == nil || moment.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(moment.UTC().Format(time.RFC3339Nano))
}

func teamStateAttributes() map[string]schema.Attribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	whole := func(description string) schema.Attribute {
		return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
	}
	amount := func(description string) schema.Attribute {
		return schema.NumberAttribute{MarkdownDescription: description, Computed: true}
	}
	yesOrNo := func(description string) schema.Attribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	limits := func(description string) schema.Attribute {
		return schema.MapAttribute{MarkdownDescription: description, ElementType: types.Int64Type, Computed: true}
	}
	return map[string]schema.Attribute{
		"team_id":               text("The team's id."),
		"team_alias":            text("The team's name for people; null without one."),
		"models":                schema.ListAttribute{MarkdownDescription: "The models the team may ask for; empty is every model.", ElementType: types.StringType, Computed: true},
		"rpm_limit":             whole("Requests per minute; null is no limit."),
		"tpm_limit":             whole("Tokens per minute; null is no limit."),
		"max_parallel_requests": whole("Requests under way at the same time; null is no limit."),
		"model_rpm_limit":       limits("Requests per minute to single models."),
		"model_tpm_limit":       limits("Tokens per minute of single models."),
		"max_budget":            amount("The most that may be spent in one period, in US dollars; null is no cap."),
		"soft_budget":           amount("The spending from which people are warned, in US dollars; null is no such warning."),
		"soft_threshold_pct":    schema.Float64Attribute{MarkdownDescription: "The same warning as a share of `max_budget`.", Computed: true},
		"hard_cap":              yesOrNo("Whether requests are refused once `max_budget` is spent."),
		"budget_duration":       text("The period after which spending starts again from zero; null is never."),
		"reset_day":             whole("The day of the month on which monthly periods start; null is the gateway's default."),
		"budget_id":             text("The budget whose terms the team takes; null for terms of its own."),
		"blocked":               yesOrNo("Whether all requests of the team are refused."),
		"spend":                 amount("What has been spent in the running period, in US dollars."),
		"budget_reset_at":       text("When the running period ends, RFC 3339; null when it never does."),
		"created_at":            text("When the team was made, RFC 3339."),
		"updated_at":            text("When the team was last changed, RFC 3339."),
		"updated_by":            text("Who changed it last."),
		"declared_in":           text("The gateway's configuration file that declares the team, which only that file can change; empty for teams made through the API."),
	}
}

type teamDataModel struct {
	teamStateModel
	Metadata types.Dynamic `tfsdk:"metadata"`
	KeyIDs   types.List    `tfsdk:"key_ids"`
}

func (d *teamDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_team"
}

func (d *teamDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := teamStateAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"team_id":  schema.StringAttribute{MarkdownDescription: "The id of the team to read.", Required: true},
		"metadata": schema.DynamicAttribute{MarkdownDescription: "What is kept with the team.", Computed: true},
		"key_ids":  schema.ListAttribute{MarkdownDescription: "The ids of the team's keys.", ElementType: types.StringType, Computed: true},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "A team as it is on the gateway now, with what it has spent. It fails when there is no such team.",
		Attributes:          attributes,
	}
}

func (d *teamDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var id types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("team_id"), &id)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}
	info, err := d.client.GetTeam(ctx, id.ValueString())
	if api.CodeOf(err) == api.NotFound {
		resp.Diagnostics.AddAttributeError(path.Root("team_id"), "No such team", sentence(err))
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Config.Schema, "Team not read", err)
		return
	}
	keyIDs := make([]string, 0, len(info.Keys))
	for _, key := range info.Keys {
		keyIDs = append(keyIDs, key.KeyID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, teamDataModel{
		teamStateModel: teamStateFrom(info.Team),
		Metadata:       metadataFromAPI(info.Metadata, types.DynamicNull()),
		KeyIDs:         stringList(keyIDs),
	})...)
}
