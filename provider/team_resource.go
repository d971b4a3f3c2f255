package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*teamResource)(nil)
	_ resource.ResourceWithValidateConfig = (*teamResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*teamResource)(nil)
	_ resource.ResourceWithIdentity       = (*teamResource)(nil)
	_ resource.ResourceWithImportState    = (*teamResource)(nil)
)

type teamResource struct {
	object.Resource[teamModel, api.TeamFields, api.Team]
}

func newTeamResource() resource.Resource { return newTeam() }

func newTeamList() list.ListResource { return object.NewList(newTeam().Noun) }

type teamModel struct {
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
	BudgetID types.String  `tfsdk:"budget_id"`
	Metadata types.Dynamic `tfsdk:"metadata"`
	Blocked  types.Bool    `tfsdk:"blocked"`

	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	ForceDestroy       types.Bool `tfsdk:"force_destroy"`
	object.TimeoutsModel
}

func (m teamModel) toAPI() api.TeamFields {
	return api.TeamFields{
		TeamAlias:       attribute.TextOf(m.TeamAlias),
		Models:          attribute.StringsOf(m.Models),
		RateLimits:      m.rateLimitsModel.toAPI(),
		TempRates:       m.tempRatesModel.toAPI(),
		ModelRateLimits: m.modelRateLimitsModel.toAPI(),
		MinOutputTokens: attribute.Int64Of(m.MinOutputTokens),
		BudgetTerms:     m.budgetTermsModel.toAPI(),
		AlertThresholds: attribute.FloatsOf(m.AlertThresholds),
		Enforcement:     m.enforcementModel.toAPI(),
		MemberDefaults:  m.memberDefaultsModel.toAPI(),
		BudgetID:        attribute.TextOf(m.BudgetID),
		Metadata:        attribute.MetadataOf(m.Metadata),
		Blocked:         attribute.IsTrue(m.Blocked, false),
	}
}

// teamModelFrom takes from prior what the gateway does not keep: how amounts and metadata
// were written, and what is said to Terraform only.
func teamModelFrom(team api.Team, prior teamModel) teamModel {
	return teamModel{
		TeamID:               types.StringValue(team.TeamID),
		TeamAlias:            attribute.FromText(team.TeamAlias, prior.TeamAlias),
		Models:               attribute.FromStrings(team.Models),
		rateLimitsModel:      rateLimitsFrom(team.RateLimits),
		tempRatesModel:       tempRatesFrom(team.TempRates, team.RPMLimit, team.TPMLimit, prior.tempRatesModel),
		modelRateLimitsModel: modelRateLimitsFrom(team.ModelRateLimits),
		MinOutputTokens:      types.Int64PointerValue(team.MinOutputTokens),
		budgetTermsModel:     budgetTermsFrom(team.BudgetTerms, prior.budgetTermsModel),
		AlertThresholds:      attribute.FromFloats(team.AlertThresholds),
		enforcementModel:     enforcementFrom(team.Enforcement, prior.enforcementModel),
		memberDefaultsModel:  memberDefaultsFrom(team.MemberDefaults, prior.memberDefaultsModel),
		BudgetID:             types.StringPointerValue(team.BudgetID),
		Metadata:             attribute.FromMetadata(team.Metadata, prior.Metadata),
		Blocked:              types.BoolValue(object.ConfiguredBlocked(team.Record, team.Blocked)),
		DeletionProtection:   types.BoolValue(prior.DeletionProtection.ValueBool()),
		ForceDestroy:         types.BoolValue(prior.ForceDestroy.ValueBool()),
		TimeoutsModel:        prior.TimeoutsModel.OrNull(),
	}
}

const teamLimitLeftOut = "Leave it out for no limit of its own: what `budget_id` or the gateway's defaults set then holds, if anything."

func teamID(m *teamModel) *types.String { return &m.TeamID }

func newTeam() *teamResource {
	noun := object.Noun[teamModel, api.TeamFields, api.Team]{
		Type:     "bursar_team",
		Name:     "team",
		Identity: []object.Part[teamModel]{{Attribute: "team_id", Description: "The team's id.", Of: teamID}},
		Schema:   teamSchema(),
		Fields:   teamModel.toAPI,
		From:     teamModelFrom,
		FieldsOf: func(team api.Team) api.TeamFields { return team.TeamFields },
		Calls: object.CallsByID(teamID, object.ByID[api.TeamFields, api.Team]{
			Create: (*client.Client).CreateTeam,
			Read:   (*client.Estate).Team,
			Get:    getTeam,
			Update: (*client.Client).UpdateTeam,
			Delete: (*client.Client).DeleteTeam,
		}),
		Listing: object.Listing[api.Team]{
			Description: "The teams of the gateway, ordered by id.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.Team, error) {
				return gateway.ListTeams(ctx)
			},
			Name:       func(team api.Team) string { return foretell.Name(team.TeamAlias, team.TeamID) },
			DeclaredIn: func(team api.Team) string { return team.DeclaredIn },
		},
		Check:      checkTeam,
		Warn:       func(config teamModel, diags *diag.Diagnostics) { config.warnOfOwnTerms(diags, config.BudgetID) },
		Protection: func(m teamModel) types.Bool { return m.DeletionProtection },
		Alias:      func(team api.Team) *string { return team.TeamAlias },
		Judged:     true,
		Managed:    func(team api.Team) string { return "team " + team.TeamID },
	}
	noun.Calls.Delete = removeTeam
	return &teamResource{object.Resource[teamModel, api.TeamFields, api.Team]{Noun: noun}}
}

func checkTeam(config teamModel) error {
	team := api.Team{TeamID: attribute.IDToValidate(config.TeamID), TeamFields: config.toAPI()}
	if config.MaxBudget.IsUnknown() || config.BudgetID.IsUnknown() {
		team.AlertThresholds = nil // they need a cap, which may be there
	}
	return team.Validate()
}

func getTeam(gateway *client.Client, ctx context.Context, id string) (api.Team, error) {
	info, err := gateway.GetTeam(ctx, id)
	return info.Team, err
}

func teamSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A team: a group of keys that shares limits and a budget. " +
			"Everything below is in force for the team's next request once the apply has returned.",
		Attributes: attribute.Merged(rateLimitAttributes(teamLimitLeftOut), tempRatesAttributes(), modelRateLimitAttributes(), budgetTermsAttributes(), enforcementAttributes("that of `budget_id`, else the gateway's"), memberDefaultsAttributes(), map[string]schema.Attribute{
			"min_output_tokens": attribute.Int64("The least output that a request of the team without an output cap gets where limits have room, at least 16. " +
				"Leave it out for what the model or the gateway has."),
			"team_id": attribute.ID("The team's id, for good: a change makes a new team, with nothing spent. " +
				"Leave it out to have the gateway choose one."),
			"alert_thresholds": attribute.FloatList("Shares of the team's cap, its `max_budget` or that of `budget_id`, at which people are told, ascending, such as " +
				"`[0.5, 0.8, 1]`; above 1 for a cap that only warns. Left out or `[]`, those of `budget_id`, if anything. Those of `bursar_alert_route` come on top."),
			"team_alias": attribute.Text("The team's name for people. Leave it out for none."),
			"models": attribute.StringList("The models that the team may ask for. Defaults to `[]`, which is every model; " +
				"`[\"no-default-models\"]` is none."),
			"budget_id": attribute.Text("A `bursar_budget` whose terms the team takes, all of them, with a counter of its own. " +
				"Not together with `max_budget`; of the team's other budget terms only `alert_thresholds` have an effect then."),
			"metadata": attribute.Metadata("team"),
			"blocked":  attribute.Bool("Whether all requests of the team are refused.", false),
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the team. "+
				"To destroy it, apply `false` first.", false),
			"force_destroy": attribute.Bool("Whether destroying the team also deletes the keys it still has. "+
				"With `false`, destroying a team with keys fails.", false),
		}),
	}
}

// ModifyPlan refuses while planning what would be refused while destroying, and warns of what a change would do.
func (r *teamResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	var state, plan *teamModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan == nil {
		r.Judge.KeysLeft(ctx, state.holder(), &resp.Diagnostics)
		return
	}
	if state != nil && !plan.TeamID.Equal(state.TeamID) {
		r.Judge.Replaced(ctx, state.holder(), path.Root("team_id"), &resp.Diagnostics)
	}
	r.Judge.Team(ctx, r.Noun.Planned(state), *r.Noun.Planned(plan), &resp.Diagnostics)
}

func (m teamModel) holder() foretell.Holder {
	return foretell.Holder{TeamID: m.TeamID.ValueString(), Forced: m.ForceDestroy.ValueBool()}
}

// removeTeam does not delete keys that nobody said may go: programs hold them.
func removeTeam(ctx context.Context, gateway *client.Client, state teamModel, diags *diag.Diagnostics) error {
	if state.ForceDestroy.ValueBool() {
		return gateway.DeleteTeam(ctx, state.TeamID.ValueString())
	}
	refused := gateway.DeleteTeamWithoutKeys(ctx, state.TeamID.ValueString())
	if api.CodeOf(refused) != api.Conflict {
		return refused
	}
	info, err := gateway.GetTeam(ctx, state.TeamID.ValueString())
	if err != nil || len(info.Keys) == 0 {
		return refused
	}
	diags.AddError("Team still has keys", fmt.Sprintf(
		"Deleting team %q would delete its %d key(s), and programs that use them would stop: %s.\n\n"+
			"Delete or move the keys first, or apply force_destroy = true on the team. "+
			"Keys of this configuration are deleted first by themselves when their team_id refers to the team, "+
			"as in team_id = bursar_team.NAME.team_id.%s",
		info.TeamID, len(info.Keys), foretell.KeyNames(info.Keys), object.LetGoFirst("team", "bursar_key")))
	return nil
}
