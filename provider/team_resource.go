package provider

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

var (
	_ resource.ResourceWithConfigure      = (*teamResource)(nil)
	_ resource.ResourceWithValidateConfig = (*teamResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*teamResource)(nil)
	_ resource.ResourceWithIdentity       = (*teamResource)(nil)
	_ resource.ResourceWithImportState    = (*teamResource)(nil)
)

type teamResource struct{ gatewayResource }

func newTeamResource() resource.Resource { return &teamResource{} }

type teamModel struct {
	TeamID    types.String `tfsdk:"team_id"`
	TeamAlias types.String `tfsdk:"team_alias"`
	Models    types.List   `tfsdk:"models"`
	rateLimitsModel
	modelRateLimitsModel
	MinOutputTokens types.Int64 `tfsdk:"min_output_tokens"`
	budgetTermsModel
	memberDefaultsModel
	BudgetID types.String  `tfsdk:"budget_id"`
	Metadata types.Dynamic `tfsdk:"metadata"`
	Blocked  types.Bool    `tfsdk:"blocked"`

	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	ForceDestroy       types.Bool `tfsdk:"force_destroy"`
	timeoutsModel
}

func (m teamModel) toAPI() api.TeamFields {
	return api.TeamFields{
		TeamAlias:       attribute.TextOf(m.TeamAlias),
		Models:          attribute.StringsOf(m.Models),
		RateLimits:      m.rateLimitsModel.toAPI(),
		ModelRateLimits: m.modelRateLimitsModel.toAPI(),
		MinOutputTokens: attribute.Int64Of(m.MinOutputTokens),
		BudgetTerms:     m.budgetTermsModel.toAPI(),
		MemberDefaults:  m.memberDefaultsModel.toAPI(),
		BudgetID:        attribute.TextOf(m.BudgetID),
		Metadata:        attribute.MetadataOf(m.Metadata),
		Blocked:         attribute.IsTrue(m.Blocked, false),
	}
}

func (m teamModel) judged() foretell.Planned[api.TeamFields] {
	return foretell.Planned[api.TeamFields]{ID: m.TeamID, Fields: m.toAPI()}
}

// teamModelFrom takes from prior what the gateway does not keep: how amounts and metadata
// were written, and what is said to Terraform only.
func teamModelFrom(team api.Team, prior teamModel) teamModel {
	return teamModel{
		TeamID:               types.StringValue(team.TeamID),
		TeamAlias:            attribute.FromText(team.TeamAlias, prior.TeamAlias),
		Models:               attribute.FromStrings(team.Models),
		rateLimitsModel:      rateLimitsFrom(team.RateLimits),
		modelRateLimitsModel: modelRateLimitsFrom(team.ModelRateLimits),
		MinOutputTokens:      types.Int64PointerValue(team.MinOutputTokens),
		budgetTermsModel:     budgetTermsFrom(team.BudgetTerms, prior.budgetTermsModel),
		memberDefaultsModel:  memberDefaultsFrom(team.MemberDefaults, prior.memberDefaultsModel),
		BudgetID:             types.StringPointerValue(team.BudgetID),
		Metadata:             attribute.FromMetadata(team.Metadata, prior.Metadata),
		Blocked:              types.BoolValue(team.Blocked),
		DeletionProtection:   types.BoolValue(prior.DeletionProtection.ValueBool()),
		ForceDestroy:         types.BoolValue(prior.ForceDestroy.ValueBool()),
		timeoutsModel:        prior.timeoutsModel.orNull(),
	}
}

const teamLimitLeftOut = "Leave it out for no limit of its own: what `budget_id` or the gateway's defaults set then holds, if anything."

func (r *teamResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bursar_team"
}

func (r *teamResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A team: a group of keys that shares limits and a budget. " +
			"Everything below is in force for the team's next request once the apply has returned.",
		Attributes: attribute.Merged(timeoutsAttributes(), rateLimitAttributes(teamLimitLeftOut), modelRateLimitAttributes(), budgetTermsAttributes(), memberDefaultsAttributes(), map[string]schema.Attribute{
			"min_output_tokens": attribute.Int64("The least output that a request of the team without an output cap gets where limits have room, at least 16. " +
				"Leave it out for what the model or the gateway has."),
			"team_id": attribute.ID("The team's id, for good: a change makes a new team, with nothing spent. " +
				"Leave it out to have the gateway choose one."),
			"team_alias": attribute.Text("The team's name for people. Leave it out for none."),
			"models": attribute.StringList("The models that the team may ask for. Defaults to `[]`, which is every model; " +
				"`[\"no-default-models\"]` is none."),
			"budget_id": attribute.Text("A `bursar_budget` whose terms the team takes, all of them, with a counter of its own. " +
				"Not together with `max_budget`; the team's other budget terms have no effect then."),
			"metadata": attribute.Metadata("team"),
			"blocked":  attribute.Bool("Whether all requests of the team are refused.", false),
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the team. "+
				"To destroy it, apply `false` first.", false),
			"force_destroy": attribute.Bool("Whether destroying the team also deletes the keys it still has. "+
				"With `false`, destroying a team with keys fails.", false),
		}),
	}
}

func (r *teamResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(map[string]string{"team_id": "The team's id."})
}

func (r *teamResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config teamModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	team := api.Team{TeamID: attribute.IDToValidate(config.TeamID), TeamFields: config.toAPI()}
	if err := team.Validate(); err != nil {
		report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid team", err)
	}
	config.warnOfOwnTerms(&resp.Diagnostics, config.BudgetID)
}

// ModifyPlan refuses while planning what would be refused while destroying, and warns of what a change would do.
func (r *teamResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *teamModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan == nil {
		refuseDestroy(&resp.Diagnostics, state.DeletionProtection, "team", state.TeamID)
		return
	}
	if state != nil && !plan.TeamID.Equal(state.TeamID) {
		refuseDestroy(&resp.Diagnostics, state.DeletionProtection, "team", state.TeamID)
		if !state.ForceDestroy.ValueBool() {
			r.judge.Replacement(ctx, state.TeamID.ValueString(), &resp.Diagnostics)
		}
	}
	r.judge.Team(ctx, judgedOrNil(state, teamModel.judged), plan.judged(), &resp.Diagnostics)
}

func (r *teamResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan teamModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	team, err := r.client.CreateTeam(ctx, plan.TeamID.ValueString(), plan.toAPI())
	if api.CodeOf(err) == api.AlreadyExists {
		reportExisting(&resp.Diagnostics, "bursar_team", "team_id", plan.TeamID.ValueString(), err)
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Team not created", err)
		keepLost(ctx, req.Plan, resp, err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, team.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "team_id", team.TeamID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, teamModelFrom(team, plan))...)
}

func (r *teamResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state teamModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	lost := lostCreate{gateway: r.client, noun: "team"}
	if !lost.read(ctx, req, resp, &state.TeamID, "team_id", state.TeamID.ValueString()) {
		return
	}
	team, revision, err := r.readTeam(ctx, state)
	if api.CodeOf(err) == api.NotFound {
		readGone(ctx, resp, "team_id", state.TeamID.ValueString())
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Team not read", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "team_id", team.TeamID.ValueString())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, team)...)
}

// readTeam is the state that follows on another, and the team's revision.
func (u gatewayUser) readTeam(ctx context.Context, state teamModel) (teamModel, int64, error) {
	team, err := u.client.Estate().Team(ctx, state.TeamID.ValueString())
	if err != nil {
		return teamModel{}, 0, err
	}
	u.judge.Manages("team " + team.TeamID)
	return teamModelFrom(team, state), team.Revision, nil
}

func (r *teamResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state teamModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	revision, diags := plannedRevision(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	wanted := plan.toAPI()
	if client.Same(wanted, state.toAPI()) {
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "team_id", plan.TeamID.ValueString())...)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	team, err := r.client.UpdateTeam(ctx, plan.TeamID.ValueString(), wanted, revision)
	if api.CodeOf(err) == api.Stale {
		team, err = r.resolveStale(ctx, plan.TeamID.ValueString(), wanted, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if api.CodeOf(err) == api.NotFound {
		reportGone(&resp.Diagnostics, fmt.Sprintf("team %q", plan.TeamID.ValueString()))
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Team not updated", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, team.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "team_id", team.TeamID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, teamModelFrom(team, plan))...)
}

// resolveStale accepts a team that is as wanted already: either our own update came through
// and its answer was lost, or somebody made the same change, and nobody loses anything.
func (r *teamResource) resolveStale(ctx context.Context, id string, wanted api.TeamFields, diags *diag.Diagnostics) (api.Team, error) {
	current, err := r.client.GetTeam(ctx, id)
	if err == nil && !client.Same(current.TeamFields, wanted) {
		reportStale(diags, fmt.Sprintf("team %q", id), current.Record)
	}
	return current.Team, err
}

func (r *teamResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state teamModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	refuseDestroy(&resp.Diagnostics, state.DeletionProtection, "team", state.TeamID)
	refuseUnread(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	err := r.remove(ctx, state, &resp.Diagnostics)
	if err != nil && api.CodeOf(err) != api.NotFound {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Team not deleted", err)
	}
}

// remove does not delete keys that nobody said may go: programs hold them.
func (r *teamResource) remove(ctx context.Context, state teamModel, diags *diag.Diagnostics) error {
	if state.ForceDestroy.ValueBool() {
		return r.client.DeleteTeam(ctx, state.TeamID.ValueString())
	}
	refused := r.client.DeleteTeamWithoutKeys(ctx, state.TeamID.ValueString())
	if api.CodeOf(refused) != api.Conflict {
		return refused
	}
	info, err := r.client.GetTeam(ctx, state.TeamID.ValueString())
	if err != nil || len(info.Keys) == 0 {
		return refused
	}
	diags.AddError("Team still has keys", fmt.Sprintf(
		"Deleting team %q would delete its %d key(s), and programs that use them would stop: %s.\n\n"+
			"Delete or move the keys first, or apply force_destroy = true on the team. "+
			"Keys of this configuration are deleted first by themselves when their team_id refers to the team, "+
			"as in team_id = bursar_team.NAME.team_id.%s",
		info.TeamID, len(info.Keys), foretell.KeyNames(info.Keys), letGoFirst("team", "bursar_key")))
	return nil
}

func (r *teamResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByID(ctx, "team_id", req, resp)
}
