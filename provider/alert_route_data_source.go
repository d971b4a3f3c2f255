package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*alertRouteDataSource)(nil)

type alertRouteDataSource struct{ object.DataSource }

func newAlertRouteDataSource() datasource.DataSource { return &alertRouteDataSource{} }

// alertRouteFactsModel is what both alert route data sources tell about a route.
type alertRouteFactsModel struct {
	AlertRouteID types.String `tfsdk:"alert_route_id"`
	Name         types.String `tfsdk:"name"`
	Events       types.List   `tfsdk:"events"`
	TeamIDs      types.List   `tfsdk:"team_ids"`
	MinSeverity  types.String `tfsdk:"min_severity"`
	Thresholds   types.List   `tfsdk:"thresholds"`
	Enabled      types.Bool   `tfsdk:"enabled"`
	Target       types.String `tfsdk:"target"`
	WebhookURL   types.String `tfsdk:"webhook_url"`
	Signed       types.Bool   `tfsdk:"signed"`
	recordModel
}

func alertRouteFactsFrom(route api.AlertRoute) alertRouteFactsModel {
	model := alertRouteFactsModel{
		AlertRouteID: types.StringValue(route.AlertRouteID),
		Name:         types.StringValue(route.Name),
		Events:       attribute.FromStrings(route.Events),
		TeamIDs:      attribute.FromStrings(route.TeamIDs),
		MinSeverity:  types.StringPointerValue(route.MinSeverity),
		Thresholds:   attribute.FromFloats(route.Thresholds),
		Enabled:      types.BoolValue(route.Enabled),
		Target:       types.StringNull(),
		WebhookURL:   types.StringNull(),
		Signed:       types.BoolValue(route.Webhook != nil && route.Webhook.SecretFingerprint != ""),
		recordModel:  recordFrom(route.Record, route.DeclaredIn),
	}
	if target := route.Target(); target != nil {
		model.Target = types.StringValue(target.Kind())
	}
	if route.Webhook != nil {
		model.WebhookURL = types.StringValue(route.Webhook.URL)
	}
	return model
}

func alertRouteFacts() map[string]schema.Attribute {
	address := textFact("The address that a webhook's events are posted to; null for another target. Sensitive, as the address alone often opens the channel behind it.")
	address.Sensitive = true
	return facts(recordFacts("route"), map[string]schema.Attribute{
		"alert_route_id": textFact("The route's id."),
		"name":           textFact("The route's name for people."),
		"events":         textsFact("The events that are sent; empty is all of them."),
		"team_ids":       textsFact("The teams whose events are sent; empty is every team."),
		"min_severity":   textFact("The least severity that is sent; null is all."),
		"thresholds":     sharesFact("The shares of a cap at which this route is told; empty is those of the budgets."),
		"enabled":        boolFact("Whether anything is sent."),
		"target":         textFact("What the route sends to: `webhook`, `slack`, `pagerduty`, `email`, `microsoft_teams` or `alertmanager`."),
		"webhook_url":    address,
		"signed":         boolFact("Whether messages are signed with a secret."),
	})
}

func (d *alertRouteDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_alert_route"
}

func (d *alertRouteDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An alert route as it is on the gateway now, found by its id or by its name. It fails when there is no such route.",
		Attributes: facts(alertRouteFacts(), map[string]schema.Attribute{
			"alert_route_id": schema.StringAttribute{
				MarkdownDescription: "The id of the route to read. Give this or `name`.",
				Optional:            true,
				Computed:            true,
				Validators:          attribute.Valid(stringvalidator.ExactlyOneOf(path.MatchRoot("alert_route_id"), path.MatchRoot("name"))),
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "The name of the route to read. Give this or `alert_route_id`.",
				Optional:            true,
				Computed:            true,
			},
		}),
	}
}

func (d *alertRouteDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	route, found := object.Find(ctx, req.Config, &resp.Diagnostics, "alert route",
		object.LookUp[api.AlertRoute]{Attribute: "alert_route_id", Read: d.Client.GetAlertRoute}, object.LookUp[api.AlertRoute]{Attribute: "name", Read: d.named})
	if !found {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, alertRouteFactsFrom(route))...)
}

// named returns the route with the name, which no two routes have.
func (d *alertRouteDataSource) named(ctx context.Context, name string) (api.AlertRoute, error) {
	routes, err := d.Client.ListAlertRoutes(ctx)
	if err != nil {
		return api.AlertRoute{}, err
	}
	for _, route := range routes {
		if route.Name == name {
			return route, nil
		}
	}
	return api.AlertRoute{}, api.Errorf(api.NotFound, "no alert route has the name %q", name)
}
