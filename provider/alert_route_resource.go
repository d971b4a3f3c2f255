package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*alertRouteResource)(nil)
	_ resource.ResourceWithValidateConfig = (*alertRouteResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*alertRouteResource)(nil)
	_ resource.ResourceWithIdentity       = (*alertRouteResource)(nil)
	_ resource.ResourceWithImportState    = (*alertRouteResource)(nil)
)

type alertRouteResource struct {
	object.Resource[alertRouteModel, api.AlertRouteFields, api.AlertRoute]
}

func newAlertRouteResource() resource.Resource { return newAlertRoute() }

func newAlertRouteList() list.ListResource { return object.NewList(newAlertRoute().Noun) }

type alertRouteModel struct {
	AlertRouteID types.String `tfsdk:"alert_route_id"`
	Name         types.String `tfsdk:"name"`
	Events       types.List   `tfsdk:"events"`
	TeamIDs      types.List   `tfsdk:"team_ids"`
	MinSeverity  types.String `tfsdk:"min_severity"`
	Thresholds   types.List   `tfsdk:"thresholds"`
	Enabled      types.Bool   `tfsdk:"enabled"`
	routingModel
	targetsModel
	object.TimeoutsModel
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
		AlertRouting: m.routingModel.toAPI(),
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

		routingModel:  routingFrom(route.AlertRouting),
		targetsModel:  targetsFrom(route.AlertTargets, prior.targetsModel),
		TimeoutsModel: prior.TimeoutsModel.OrNull(),
	}
}

func alertRouteID(m *alertRouteModel) *types.String { return &m.AlertRouteID }

func newAlertRoute() *alertRouteResource {
	noun := object.Noun[alertRouteModel, api.AlertRouteFields, api.AlertRoute]{
		Type:      "bursar_alert_route",
		Name:      "alert route",
		Managed:   func(route api.AlertRoute) string { return "alert route " + route.AlertRouteID },
		AuditName: "alert_route",
		Identity:  []object.Part[alertRouteModel]{{Attribute: "alert_route_id", Description: "The route's id.", Of: alertRouteID}},
		Schema:    alertRouteSchema(),
		Fields:    alertRouteModel.toAPI,
		From:      alertRouteModelFrom,
		FieldsOf:  func(route api.AlertRoute) api.AlertRouteFields { return route.AlertRouteFields },
		Wanted:    alertRouteWanted,
		Answered: func(wanted api.AlertRouteFields, current api.AlertRoute) api.AlertRouteFields {
			return asAnswered(wanted, current.AlertTargets)
		},
		Calls: object.CallsByID(alertRouteID, object.ByID[api.AlertRouteFields, api.AlertRoute]{
			Create: (*client.Client).CreateAlertRoute,
			Read:   (*client.Estate).AlertRoute,
			Get:    (*client.Client).GetAlertRoute,
			Update: (*client.Client).UpdateAlertRoute,
			Delete: (*client.Client).DeleteAlertRoute,
		}),
		Listing: object.Listing[api.AlertRoute]{
			Description: "The alert routes of the gateway, without their secrets.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.AlertRoute, error) {
				return gateway.ListAlertRoutes(ctx)
			},
			Name:       func(route api.AlertRoute) string { return route.Name },
			DeclaredIn: func(route api.AlertRoute) string { return route.DeclaredIn },
		},
		Check:    checkAlertRoute,
		Alias:    func(route api.AlertRoute) *string { return &route.Name },
		Existing: alertRouteNamed,
		Secrets:  alertRouteSecrets{},
	}
	return &alertRouteResource{object.Resource[alertRouteModel, api.AlertRouteFields, api.AlertRoute]{Noun: noun}}
}

func alertRouteWanted(change object.Change[alertRouteModel]) api.AlertRouteFields {
	wanted, before := change.Plan.toAPI(), targetsModel{}
	if change.State != nil {
		before = change.State.targetsModel
	}
	wanted.AlertTargets = secretsToSend(wanted.AlertTargets, change.Plan.targetsModel, before, change.Config.targetsModel)
	return wanted
}

// alertRouteNamed looks for the route that has the name, as its id is what an import needs.
func alertRouteNamed(ctx context.Context, gateway *client.Client, change object.Change[alertRouteModel]) (at, id string, found bool) {
	routes, err := gateway.ListAlertRoutes(ctx)
	for _, route := range routes {
		if err == nil && route.Name == change.Plan.Name.ValueString() {
			return "name", route.AlertRouteID, true
		}
	}
	return "alert_route_id", change.Plan.AlertRouteID.ValueString(), true
}

func alertRouteSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Says who is told what: which events, of which teams, go where: to a webhook, Slack, PagerDuty, " +
			"e-mail, Microsoft Teams or Alertmanager. Each event is told once for each threshold and period, and again until the receiver takes it.",
		Attributes: attribute.Merged(targetAttributes(), routingAttributes(), map[string]schema.Attribute{
			"alert_route_id": attribute.ID("The route's id, for good: a change makes a new route. Leave it out to have the gateway choose one."),
			"name":           schema.StringAttribute{MarkdownDescription: "The route's name for people, unique.", Required: true},
			"events": attribute.StringList("The events to send: `" + strings.Join(api.Events, "`, `") + "`; the alerts guide says what each is. " +
				"Defaults to `[]`, which is all of them but `" + strings.Join(api.News, "`, `") + "`, which tell what somebody did on purpose."),
			"team_ids":     attribute.StringList("The teams whose events are sent. Defaults to `[]`, which is every team."),
			"min_severity": attribute.Text("The least severity sent: `info`, `warning` or `critical`. Leave it out for all."),
			"thresholds": attribute.FloatList("Shares of a cap at which this route is told, ascending, such as `[0.8, 0.95, 1]`; the route then hears of these only. " +
				"Defaults to `[]`: it hears of the thresholds that the budgets have themselves."),
			"enabled": attribute.Bool("Whether anything is sent. With `false` the route is kept and silent.", true),
		}),
	}
}

func checkAlertRoute(config alertRouteModel) error {
	route := api.AlertRoute{AlertRouteID: attribute.IDToValidate(config.AlertRouteID), AlertRouteFields: config.toAPI()}
	if config.Name.IsUnknown() {
		route.Name = "chosen later"
	}
	if config.EscalateTo.IsUnknown() || config.EscalateAfter.IsUnknown() { // such as the id of a route that is made with it
		route.EscalateTo, route.EscalateAfter = nil, nil
	}
	route.AlertTargets = config.toJudge()
	return route.Validate()
}

// ModifyPlan refuses a new route without an address, and warns of teams that are not there and of a secret that would
// not be sent.
func (r *alertRouteResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
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
	r.Judge.MissingRoute(ctx, &resp.Diagnostics, "escalate_to", config.EscalateTo, state.EscalateTo)
	r.Judge.MissingTeams(ctx, &resp.Diagnostics, "team_ids", "The route is told nothing of it until there is one.", config.TeamIDs, state.TeamIDs)
	planSecrets(ctx, config.targetsModel, state.targetsModel, req, resp)
}
