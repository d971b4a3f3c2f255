package provider

import (
	"context"
	"fmt"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/bursarhq/terraform-provider-bursar/provider/wire"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// connection is what the provider's Configure makes: one for each time that Terraform starts the provider.
type connection struct {
	client *client.Client
	judge  *foretell.Judge
}

func newConnection(gateway *client.Client) *connection {
	return &connection{client: gateway, judge: foretell.NewJudge(gateway)}
}

// gatewayUser is embedded by whatever calls the gateway; it holds what the provider's Configure made.
type gatewayUser struct {
	client *client.Client
	judge  *foretell.Judge
}

// gatewayResource gives resources their Configure.
type gatewayResource struct{ gatewayUser }

func (r *gatewayResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.configure(req.ProviderData, &resp.Diagnostics)
}

// gatewayAction gives actions their Configure.
type gatewayAction struct{ gatewayUser }

func (a *gatewayAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.configure(req.ProviderData, &resp.Diagnostics)
}

// gatewayDataSource gives data sources their Configure.
type gatewayDataSource struct{ gatewayUser }

func (d *gatewayDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, &resp.Diagnostics)
}

// configure is also called before the provider is configured, with nil.
func (u *gatewayUser) configure(providerData any, diags *diag.Diagnostics) {
	if providerData == nil {
		return
	}
	gateway, ok := providerData.(*connection)
	if !ok {
		diags.AddError("Provider wired wrongly", fmt.Sprintf("Expected a connection to a gateway, got %T. This is a bug in the provider.", providerData))
		return
	}
	u.client, u.judge = gateway.client, gateway.judge
}

// ready says whether the gateway can be called, and reports it when not.
func (u *gatewayUser) ready(diags *diag.Diagnostics) bool {
	if u.client != nil {
		return true
	}
	diags.AddError("The gateway is not known yet",
		"The provider block of bursar depends on something that is only known after apply, but this needs the gateway now. "+
			"Apply what the provider block depends on first: terraform apply -target=…")
	return false
}

// readyToApply says whether the gateway can be changed. Planning is over then.
func (u *gatewayUser) readyToApply(diags *diag.Diagnostics) bool {
	u.judge.Applies()
	return u.ready(diags)
}

// privateWriter and privateReader are Terraform's private state: kept with a resource, never shown.
type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// rememberRevision keeps the revision out of the schema, where every change would show it as unknown.
func rememberRevision(ctx context.Context, private privateWriter, revision int64) diag.Diagnostics {
	return private.SetKey(ctx, wire.RevisionKey, strconv.AppendInt(nil, revision, 10))
}

// plannedRevision is the revision that the plan was made against; 0 when none is known.
func plannedRevision(ctx context.Context, private privateReader) (int64, diag.Diagnostics) {
	value, diags := private.GetKey(ctx, wire.RevisionKey)
	if len(value) == 0 {
		return 0, diags
	}
	revision, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		diags.AddError("Private state cannot be read", "The remembered revision is not a number: "+err.Error())
	}
	return revision, diags
}
