package action

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ action.ActionWithConfigure = (*alertRouteTest)(nil)

type alertRouteTest struct{ object.Action }

func (a *alertRouteTest) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "bursar_alert_route_test"
}

func (a *alertRouteTest) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sends a `test` event through an alert route and waits until it has arrived. It fails when it does not: " +
			"better at the apply that makes the route than at the first alert.",
		Attributes: map[string]schema.Attribute{
			"alert_route_id": schema.StringAttribute{MarkdownDescription: "The route's id.", Required: true},
		},
	}
}

func (a *alertRouteTest) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var id types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("alert_route_id"), &id)...)
	if resp.Diagnostics.HasError() || !a.Ready(&resp.Diagnostics) {
		return
	}
	tested, err := a.Client.TestAlertRoute(ctx, id.ValueString())
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "The test event has not arrived", err)
		return
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("a test event has arrived through alert route %s: %s", id.ValueString(), tested.Status)})
}
