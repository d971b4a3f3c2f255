package object

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// Connection is what the provider's Configure makes: one for each time that Terraform starts the provider.
type Connection struct {
	Client *client.Client
	Judge  *foretell.Judge
	// ManagedBy is the configuration that the provider runs for; nil for none.
	ManagedBy *api.ManagedBy
	// Approved is the review that the run applies; nil for none.
	Approved *Approved
}

// NewConnection is a connection to the gateway of a client.
func NewConnection(gateway *client.Client) *Connection {
	return &Connection{Client: gateway, Judge: foretell.NewJudge(gateway, tellLost)}
}

func tellLost(diags *diag.Diagnostics, err error) { _, _ = ReportLost(diags, err) }

// User is embedded by whatever calls the gateway; its connection is empty before the provider is configured.
type User struct{ Connection }

// Action gives actions their Configure.
type Action struct{ User }

// Configure is called by the plugin framework.
func (a *Action) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.Connect(req.ProviderData, &resp.Diagnostics)
}

// DataSource gives data sources their Configure.
type DataSource struct{ User }

// Configure is called by the plugin framework.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Connect(req.ProviderData, &resp.Diagnostics)
}

// Connect takes what the provider's Configure made. It is also called before that, with nil.
func (u *User) Connect(providerData any, diags *diag.Diagnostics) {
	if providerData == nil {
		return
	}
	gateway, ok := providerData.(*Connection)
	if !ok {
		diags.AddError("Provider wired wrongly", fmt.Sprintf("Expected a connection to a gateway, got %T. This is a bug in the provider.", providerData))
		return
	}
	u.Connection = *gateway
}

// Ready says whether the gateway can be called, and reports it when not.
func (u *User) Ready(diags *diag.Diagnostics) bool {
	if u.Client != nil {
		return true
	}
	diags.AddError("The gateway is not known yet",
		"The provider block of bursar depends on something that is only known after apply, but this needs the gateway now. "+
			"Apply what the provider block depends on first: terraform apply -target=…")
	return false
}

// readyToApply says whether the gateway can be changed. Planning is over then.
func (u *User) readyToApply(diags *diag.Diagnostics) bool {
	u.Judge.Applies()
	u.Approved.applies()
	return u.Ready(diags)
}

// PrivateWriter writes Terraform's private state: kept with a resource, never shown.
type PrivateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// PrivateReader reads it.
type PrivateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// rememberRevision keeps the revision out of the schema, where every change would show it as unknown.
func rememberRevision(ctx context.Context, private PrivateWriter, revision int64) diag.Diagnostics {
	return private.SetKey(ctx, wire.RevisionKey, strconv.AppendInt(nil, revision, 10))
}

// plannedRevision is the revision that the plan was made against; 0 when none is known.
func plannedRevision(ctx context.Context, private PrivateReader) (int64, diag.Diagnostics) {
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
