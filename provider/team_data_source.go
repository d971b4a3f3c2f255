package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*teamDataSource)(nil)

type teamDataSource struct{ object.DataSource }

func newTeamDataSource() datasource.DataSource { return &teamDataSource{} }

// teamStateModel is what both team data sources tell about a team, usage included.
type teamStateModel struct {
	TeamID    types.String `tfsdk:"team_id"`
	TeamAlias types.String `tfsdk:"team_alias"`
	Models    types.List   `tfsdk:"models"`
	rateLimitsModel
	tempRatesModel
	modelRateLimitsModel
	MinOutputTokens types.Int64 `tfsdk:"min_output_tokens"`
	budgetTermsModel
	AlertThresholds types.List `tfsdk:"alert_thresholds"`
	enforcementModel
	memberDefaultsModel
	BudgetID types.String `tfsdk:"budget_id"`
	Blocked  types.Bool   `tfsdk:"blocked"`
	budgetStateModel
	throttleModel
	recordModel
}

func teamStateFrom(team api.Team) teamStateModel {
	return teamStateModel{
		TeamID:               types.StringValue(team.TeamID),
		TeamAlias:            types.StringPointerValue(team.TeamAlias),
		Models:               attribute.FromStrings(team.Models),
		rateLimitsModel:      rateLimitsFrom(team.RateLimits),
		tempRatesModel:       tempRatesFrom(team.TempRates, team.RPMLimit, team.TPMLimit, tempRatesModel{}),
		modelRateLimitsModel: modelRateLimitsFrom(team.ModelRateLimits),
		MinOutputTokens:      types.Int64PointerValue(team.MinOutputTokens),
		budgetTermsModel:     budgetTermsFrom(team.BudgetTerms, budgetTermsModel{}),
		AlertThresholds:      attribute.FromFloats(team.AlertThresholds),
		enforcementModel:     enforcementFrom(team.Enforcement, enforcementModel{}),
		memberDefaultsModel:  memberDefaultsFrom(team.MemberDefaults, memberDefaultsModel{}),
		BudgetID:             types.StringPointerValue(team.BudgetID),
		Blocked:              types.BoolValue(team.Blocked),
		budgetStateModel:     budgetStateFrom(team.BudgetState),
		throttleModel:        throttleFrom(team.BudgetState),
		recordModel:          recordFrom(team.Record, team.DeclaredIn),
	}
}

func teamStateFacts() map[string]schema.Attribute {
	return facts(rateLimitFacts(), tempRatesFacts(), modelRateLimitFacts(), budgetTermsFacts(), enforcementFacts(), memberDefaultsFacts(), budgetStateFacts(), throttleFacts(), recordFacts("team"), map[string]schema.Attribute{
		"team_id":           textFact("The team's id."),
		"alert_thresholds":  sharesFact("The shares of the team's cap at which people are told; empty for those of `budget_id`, if anything."),
		"team_alias":        textFact("The team's name for people; null without one."),
		"models":            textsFact("The models the team may ask for; empty is every model."),
		"budget_id":         textFact("The budget whose terms the team takes; null for terms of its own."),
		"blocked":           boolFact("Whether all requests of the team are refused."),
		"min_output_tokens": wholeFact("The least output that a request without an output cap gets; null is the model's or the gateway's own."),
	})
}

type teamDataModel struct {
	teamStateModel
	Metadata types.Dynamic `tfsdk:"metadata"`
	KeyIDs   types.List    `tfsdk:"key_ids"`
	// What holds now, wherever it comes from.
	MaxBudgetInForce types.Number `tfsdk:"max_budget_in_force"`
	RPMLimitInForce  types.Int64  `tfsdk:"rpm_limit_in_force"`
	TPMLimitInForce  types.Int64  `tfsdk:"tpm_limit_in_force"`
}

func (d *teamDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_team"
}

func (d *teamDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A team as it is on the gateway now, with what it has spent. It fails when there is no such team.",
		Attributes: facts(teamStateFacts(), map[string]schema.Attribute{
			"team_id":             schema.StringAttribute{MarkdownDescription: "The id of the team to read.", Required: true},
			"metadata":            metadataFact("team"),
			"key_ids":             textsFact("The ids of the team's keys."),
			"max_budget_in_force": amountFact("The cap that holds now, in US dollars, from `budget_id` and with a temporary increase; null without one."),
			"rpm_limit_in_force": wholeFact("The requests per minute that hold now, from `budget_id` or the gateway's defaults and with a temporary increase; " +
				"null is no limit."),
			"tpm_limit_in_force": wholeFact("The tokens per minute that hold now, likewise; null is no limit."),
		}),
	}
}

func (d *teamDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	info, found := object.Find(ctx, req.Config, &resp.Diagnostics, "team", object.LookUp[api.TeamInfo]{Attribute: "team_id", Read: d.Client.GetTeam})
	if !found {
		return
	}
	keyIDs := make([]string, 0, len(info.Keys))
	for _, key := range info.Keys {
		keyIDs = append(keyIDs, key.KeyID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, teamDataModel{
		teamStateModel: teamStateFrom(info.Team),
		Metadata:       attribute.FromMetadata(info.Metadata, types.DynamicNull()),
		KeyIDs:         attribute.FromStrings(keyIDs),

		MaxBudgetInForce: attribute.FromNano(capInForce(info.BudgetState), types.NumberNull()),
		RPMLimitInForce:  types.Int64PointerValue(info.LimitsInForce.RPMLimit),
		TPMLimitInForce:  types.Int64PointerValue(info.LimitsInForce.TPMLimit),
	})...)
}

// capInForce is what may be spent in the running period all in all.
func capInForce(state api.BudgetState) *money.Nano {
	if state.RemainingBudget == nil {
		return nil
	}
	return new(state.Spend + *state.RemainingBudget)
}
