// Package provider is the Terraform provider for a Bursar gateway.
//
// It promises what people review pull requests by: everything changed on the gateway
// shows in the next plan, a change shows only what it changes, and an empty plan means
// that gateway and configuration agree. It talks to the gateway through internal/client
// only and must never know how the gateway works inside.
package provider

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/user"
	"strings"
	"sync/atomic"
	_ "time/tzdata" // time zones are checked where Terraform runs, which may have none installed

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	actions "github.com/bursarhq/terraform-provider-bursar/provider/action"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	functions "github.com/bursarhq/terraform-provider-bursar/provider/function"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ provider.ProviderWithListResources      = (*bursarProvider)(nil)
	_ provider.ProviderWithFunctions          = (*bursarProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*bursarProvider)(nil)
	_ provider.ProviderWithActions            = (*bursarProvider)(nil)
)

type bursarProvider struct {
	version string
	// connected is what Configure has made.
	connected atomic.Pointer[object.Connection]
}

type providerModel struct {
	Endpoint     types.String    `tfsdk:"endpoint"`
	AdminKey     types.String    `tfsdk:"admin_key"`
	ChangeReason types.String    `tfsdk:"change_reason"`
	MaxRetries   types.Int64     `tfsdk:"max_retries"`
	ManagedBy    *managedByModel `tfsdk:"managed_by"`

	ApprovedReview types.String `tfsdk:"approved_review"`
	settingsModel
}

// New returns a function that makes the provider; version is shown to the gateway.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &bursarProvider{version: version} }
}

func (p *bursarProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "bursar"
	resp.Version = p.version
}

func (p *bursarProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs a Bursar LLM gateway: who may spend what on which models, and who is told before a cap is hit.",
		Attributes: withSettings(map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				MarkdownDescription: "Address of the gateway, such as `https://bursar.example.com`. " +
					"May be left to the environment variable `" + object.EnvEndpoint + "`.",
				Optional:   true,
				Validators: attribute.Valid(endpointValidator{}),
			},
			"admin_key": schema.StringAttribute{
				MarkdownDescription: "Key that opens the gateway's admin API. Better left to the environment variable `" +
					object.EnvAdminKey + "`, so that it stands in no file, or `" + object.EnvAdminKey + "_FILE`, which names one that holds nothing else.",
				Optional:   true,
				Sensitive:  true,
				Validators: attribute.Valid(adminKeyValidator{}),
			},
			"change_reason": schema.StringAttribute{
				MarkdownDescription: "Why this is applied, such as a ticket or the address of the pull request. " +
					"The gateway keeps it in its audit log beside every change, with `terraform` and the name of the " +
					"user who runs it as the actor. May be left to the environment variable `" + object.EnvChangeReason + "`.",
				Optional: true,
			},
			"approved_review": schema.StringAttribute{
				MarkdownDescription: "The id of an approved review, which `bursar approve` prints. The gateway then makes the changes that were approved, " +
					"each once, and refuses every other one; the plan says first what would be refused. The audit log has the review and its pull request " +
					"beside every change. An ephemeral `bursar_key` is in no plan, and is refused with it. May be left to the environment variable `" + object.EnvApprovedReview + "`.",
				Optional:   true,
				Validators: attribute.Valid(attribute.Filled{}),
			},
			"managed_by": managedByAttribute(),
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: "How often a call is repeated when the gateway is busy (429), restarting (502, 503, 504) " +
					"or not reached, with growing pauses or the one that the gateway asks for. After a fault of the gateway (500) " +
					"it is repeated twice at most. Defaults to 4; 0 never repeats. May be left to the environment variable `" + envMaxRetries + "`.",
				Optional:   true,
				Validators: validInt64(0, mostRetries),
			},
		}),
	}
}

// Configure makes the client, and says at once and for all resources when the gateway is away or refuses the key.
func (p *bursarProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.Endpoint.IsUnknown() || model.AdminKey.IsUnknown() || model.settingsModel.isUnknown() || model.ApprovedReview.IsUnknown() || model.ManagedBy.isUnknown() {
		// A gateway that the same configuration installs: its address comes with the apply. A plan does without the
		// rest, as it changes nothing.
		return
	}
	options := client.Options{
		Endpoint: model.setting(&resp.Diagnostics, "endpoint", model.Endpoint, object.EnvEndpoint),
		Actor:    actor(),
		Reason:   cmp.Or(model.ChangeReason.ValueString(), os.Getenv(object.EnvChangeReason)),

		ApprovedReview: cmp.Or(model.ApprovedReview.ValueString(), os.Getenv(object.EnvApprovedReview)),

		UserAgent: "terraform-provider-bursar/" + p.version,
		RetryMax:  model.retryMax(&resp.Diagnostics),
		ManagedBy: model.ManagedBy.managedBy(environment),
	}
	if options.Token = model.token(&resp.Diagnostics); options.Token == nil {
		options.AdminKey = model.adminKey(&resp.Diagnostics)
	}
	model.settingsModel.apply(ctx, &options, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	gateway, err := newClient(options, &resp.Diagnostics)
	if err != nil {
		return
	}
	if lost, _ := object.ReportLost(&resp.Diagnostics, gateway.Probe(ctx)); lost {
		return
	}
	shared := object.NewConnection(gateway)
	shared.ManagedBy = options.ManagedBy
	shared.Approved = object.NewApproved(gateway, options.ApprovedReview)
	p.connected.Store(shared)
	resp.ResourceData = shared
	resp.DataSourceData = shared
	resp.ListResourceData = shared
	resp.ActionData = shared
	resp.EphemeralResourceData = shared
}

// setting is the attribute, or else the environment variable, or else an error.
func (m providerModel) setting(diags *diag.Diagnostics, attribute string, value types.String, env string) string {
	setting := cmp.Or(value.ValueString(), os.Getenv(env))
	if file := os.Getenv(env + "_FILE"); setting == "" && file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			diags.AddAttributeError(path.Root(attribute), "Unreadable "+attribute, "It was to be read from the file of "+env+"_FILE: "+err.Error())
			return ""
		}
		setting = strings.TrimRight(string(text), "\r\n")
	}
	if setting == "" {
		diags.AddAttributeError(path.Root(attribute), "Missing "+attribute,
			"The provider needs to know which gateway to talk to and with which key. Set "+attribute+
				" in the provider block, or the environment variable "+env+".")
	}
	return setting
}

// newClient reports a wrong environment variable too, which no attribute validator has seen.
func newClient(options client.Options, diags *diag.Diagnostics) (*client.Client, error) {
	if _, err := client.CheckEndpoint(options.Endpoint); err != nil {
		diags.AddAttributeError(path.Root("endpoint"), "Wrong endpoint", attribute.Sentence(err)+" It was taken from the provider block or "+object.EnvEndpoint+".")
		return nil, err
	}
	gateway, err := client.New(options)
	if errors.Is(err, client.ErrNoCertificate) {
		diags.AddAttributeError(path.Root("ca_file"), "No certificates", attribute.Sentence(err)+" It was taken from ca_file, ca_pem, "+envCAFile+" or "+envCAPEM+".")
		return nil, err
	}
	if err != nil {
		diags.AddAttributeError(path.Root("admin_key"), "Wrong admin key", attribute.Sentence(err)+" It was taken from the provider block or "+object.EnvAdminKey+".")
	}
	return gateway, err
}

// actor is whom the audit log names.
func actor() string {
	if who, err := user.Current(); err == nil && who.Username != "" {
		return "terraform (" + who.Username + ")"
	}
	return "terraform"
}

func (p *bursarProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newTeamResource,
		newTeamMemberResource,
		newUserResource,
		newKeyResource,
		newBudgetResource,
		newAlertRouteResource,
		newModelResource,
		newAdminKeyResource,
	}
}

func (p *bursarProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newTeamDataSource,
		newTeamsDataSource,
		newKeyDataSource,
		newKeysDataSource,
		newBudgetDataSource,
		newBudgetsDataSource,
		newUserDataSource,
		newUsersDataSource,
		newAlertRouteDataSource,
		newAlertRoutesDataSource,
		newModelDataSource,
		newModelsDataSource,
		newUsageDataSource,
		newQuotaHistoryDataSource,
	}
}

func (p *bursarProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		newTeamList,
		newTeamMemberList,
		newUserList,
		newKeyList,
		newBudgetList,
		newAlertRouteList,
		newModelList,
		newAdminKeyList,
	}
}

func (p *bursarProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newKeyEphemeral, newAdminKeyEphemeral}
}

func (p *bursarProvider) Functions(context.Context) []func() function.Function {
	return functions.All()
}

func (p *bursarProvider) Actions(context.Context) []func() action.Action { return actions.All() }
