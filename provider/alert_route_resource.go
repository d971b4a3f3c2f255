package provider

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

var (
	_ resource.ResourceWithConfigure      = (*alertRouteResource)(nil)
	_ resource.ResourceWithValidateConfig = (*alertRouteResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*alertRouteResource)(nil)
	_ resource.ResourceWithIdentity       = (*alertRouteResource)(nil)
	_ resource.ResourceWithImportState    = (*alertRouteResource)(nil)
)

type alertRouteResource struct{ gatewayResource }

func newAlertRouteResource() resource.Resource { return &alertRouteResource{} }

type alertRouteModel struct {
	AlertRouteID types.String `tfsdk:"alert_route_id"`
	Name         types.String `tfsdk:"name"`
	Events       types.List   `tfsdk:"events"`
	TeamIDs      types.List   `tfsdk:"team_ids"`
	MinSeverity  types.String `tfsdk:"min_severity"`
	Thresholds   types.List   `tfsdk:"thresholds"`
	Enabled      types.Bool   `tfsdk:"enabled"`
	targetsModel
	timeoutsModel
}

// toAPI carries no secret: it is sent only when its version changes.
func (m alertRouteModel) toAPI() api.AlertRouteFields {
	return api.AlertRouteFields{
		Name:         m.Name.ValueString(),
		Events:       attribute.StringsOf(m.Events),
		TeamIDs:      attribute.StringsOf(m.TeamIDs),
		MinSeverity:  attribute.TextOf(m.MinSeverity),
		Thresholds:   attribute.FloatsOf(m.Thresholds),
		Enabled:      attribute.IsTrue(m.Enabled, true),
		AlertTargets: m.targetsModel.toAPI(),
	}
}

func alertRouteModelFrom(route api.AlertRoute, prior alertRouteModel) alertRouteModel {
	return alertRouteModel{
		AlertRouteID: types.StringValue(route.AlertRouteID),
		Name:         types.StringValue(route.Name),
		Events:       attribute.FromStrings(route.Events),
		TeamIDs:      attribute.FromStrings(route.TeamIDs),
		MinSeverity:  types.StringPointerValue(route.MinSeverity),
		Thresholds:   attribute.FromFloats(route.Thresholds),
		Enabled:      types.BoolValue(route.Enabled),

		targetsModel:  targetsFrom(route.AlertTargets, prior.targetsModel),
		timeoutsModel: prior.timeoutsModel.orNull(),
	}
}

func (r *alertRouteResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bursar_alert_route"
}

func (r *alertRouteResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Says who is told what: which events, of which teams, go where: to a webhook, Slack, PagerDuty, " +
			"e-mail, Microsoft Teams or Alertmanager. Each event is told once for each threshold and period, and again until the receiver takes it.",
		Attributes: attribute.Merged(timeoutsAttributes(), targetAttributes(), map[string]schema.Attribute{
			"alert_route_id": attribute.ID("The route's id, for good: a change makes a new route. Leave it out to have the gateway choose one."),
			"name":           schema.StringAttribute{MarkdownDescription: "The route's name for people, unique.", Required: true},
			"events": attribute.StringList("The events to send: `budget.soft_limit` when spending reaches a threshold below the cap, " +
				"`budget.hard_limit` when it reaches the cap, `quota.drift` when a counter and the ledger disagree, `store.degraded` when a gateway " +
				"cannot reach its counters, `usage.impossible` when a provider reports what its model cannot have used. `rate_limit.sustained` can be asked for and is not sent yet. Defaults to `[]`, which is all of them."),
			"team_ids":     attribute.StringList("The teams whose events are sent. Defaults to `[]`, which is every team."),
			"min_severity": attribute.Text("The least severity sent: `info`, `warning` or `critical`. Leave it out for all."),
			"thresholds": attribute.FloatList("Shares of a cap at which this route is told, ascending, such as `[0.8, 0.95, 1]`; the route then hears of these only. " +
				"Defaults to `[]`: it hears of the thresholds that the budgets have themselves."),
			"enabled": attribute.Bool("Whether anything is sent. With `false` the route is kept and silent.", true),
		}),
	}
}

func (r *alertRouteResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(map[string]string{"alert_route_id": "The route's id."})
}

func (r *alertRouteResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config alertRouteModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	route := api.AlertRoute{AlertRouteID: attribute.IDToValidate(config.AlertRouteID), AlertRouteFields: config.toAPI()}
	if config.Name.IsUnknown() {
		route.Name = "chosen later"
	}
	route.AlertTargets = config.toJudge()
	if err := route.Validate(); err != nil {
		report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid alert route", err)
	}
}

// ModifyPlan refuses a new route without an address, and warns of teams that are not there and of a secret that would
// not be sent.
func (r *alertRouteResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var config, state alertRouteModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if req.State.Raw.IsNull() {
		state.targetsModel = targetsFrom(api.AlertTargets{}, targetsModel{})
	} else {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	requireURL(&resp.Diagnostics, config.targetsModel, state.targetsModel)
	r.judge.MissingTeams(ctx, &resp.Diagnostics, "team_ids", "The route is told nothing of it until there is one.", config.TeamIDs, state.TeamIDs)
	planSecrets(ctx, config.targetsModel, state.targetsModel, req, resp)
}

func (r *alertRouteResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config alertRouteModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	fields := plan.toAPI()
	fields.AlertTargets = secretsToSend(fields.AlertTargets, plan.targetsModel, targetsModel{}, config.targetsModel)
	route, err := r.client.CreateAlertRoute(ctx, plan.AlertRouteID.ValueString(), fields)
	if api.CodeOf(err) == api.AlreadyExists {
		r.reportExisting(ctx, plan, err, &resp.Diagnostics)
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Alert route not created", err)
		keepLost(ctx, req.Plan, resp, err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, route.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "alert_route_id", route.AlertRouteID)...)
	resp.Diagnostics.Append(rememberSecrets(ctx, resp.Private, route.AlertTargets)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, alertRouteModelFrom(route, plan))...)
}

// reportExisting looks for the route that has the name, as its id is what an import needs.
func (r *alertRouteResource) reportExisting(ctx context.Context, plan alertRouteModel, err error, diags *diag.Diagnostics) {
	id, attribute := plan.AlertRouteID.ValueString(), "alert_route_id"
	routes, listErr := r.client.ListAlertRoutes(ctx)
	for _, route := range routes {
		if listErr == nil && route.Name == plan.Name.ValueString() {
			id, attribute = route.AlertRouteID, "name"
		}
	}
	reportExisting(diags, "bursar_alert_route", attribute, id, err)
}

func (r *alertRouteResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state alertRouteModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	lost := lostCreate{gateway: r.client, noun: "alert_route"}
	if !lost.read(ctx, req, resp, &state.AlertRouteID, "alert_route_id", state.AlertRouteID.ValueString()) {
		return
	}
	route, err := r.client.Estate().AlertRoute(ctx, state.AlertRouteID.ValueString())
	if api.CodeOf(err) == api.NotFound {
		readGone(ctx, resp, "alert_route_id", state.AlertRouteID.ValueString())
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Alert route not read", err)
		return
	}
	known, diags := knownSecrets(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if known == nil {
		resp.Diagnostics.Append(rememberSecrets(ctx, resp.Private, route.AlertTargets)...)
	}
	model := alertRouteModelFrom(route, state)
	model.targetsModel = model.withSecretDrift(route.AlertTargets, known)
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, route.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "alert_route_id", route.AlertRouteID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *alertRouteResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config alertRouteModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	revision, diags := plannedRevision(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	wanted := plan.toAPI()
	wanted.AlertTargets = secretsToSend(wanted.AlertTargets, plan.targetsModel, state.targetsModel, config.targetsModel)
	route, err := r.client.UpdateAlertRoute(ctx, plan.AlertRouteID.ValueString(), wanted, revision)
	if api.CodeOf(err) == api.Stale {
		route, err = r.resolveStale(ctx, plan.AlertRouteID.ValueString(), wanted, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if api.CodeOf(err) == api.NotFound {
		reportGone(&resp.Diagnostics, fmt.Sprintf("alert route %q", plan.AlertRouteID.ValueString()))
		return
	}
	if err != nil {
		report(ctx, &resp.Diagnostics, req.Plan.Schema, "Alert route not updated", err)
		return
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, route.Revision)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "alert_route_id", route.AlertRouteID)...)
	resp.Diagnostics.Append(rememberSecrets(ctx, resp.Private, route.AlertTargets)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, alertRouteModelFrom(route, plan))...)
}

// resolveStale accepts a route that is as wanted already; see the team's.
func (r *alertRouteResource) resolveStale(ctx context.Context, id string, wanted api.AlertRouteFields, diags *diag.Diagnostics) (api.AlertRoute, error) {
	current, err := r.client.GetAlertRoute(ctx, id)
	if err != nil {
		return current, err
	}
	if !client.Same(current.AlertRouteFields, asAnswered(wanted, current.AlertTargets)) {
		reportStale(diags, fmt.Sprintf("alert route %q", id), current.Record)
	}
	return current, nil
}

func (r *alertRouteResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state alertRouteModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	refuseUnread(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	err := r.client.DeleteAlertRoute(ctx, state.AlertRouteID.ValueString())
	if err != nil && api.CodeOf(err) != api.NotFound {
		report(ctx, &resp.Diagnostics, req.State.Schema, "Alert route not deleted", err)
	}
}

func (r *alertRouteResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByID(ctx, "alert_route_id", req, resp)
}
