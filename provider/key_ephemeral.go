package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*keyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*keyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithRenew          = (*keyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose          = (*keyEphemeral)(nil)
)

// A key that is opened lives for a lease, which is renewed in time, and is deleted when Terraform is done
// with it. Should Terraform be killed, the lease ends it.
const (
	defaultLease  = "15m"
	shortestLease = time.Minute
	longestLease  = 24 * time.Hour
)

// keyEphemeral is a key for as long as Terraform runs.
type keyEphemeral struct{ object.User }

func newKeyEphemeral() ephemeral.EphemeralResource { return &keyEphemeral{} }

type keyEphemeralModel struct {
	TeamID types.String `tfsdk:"team_id"`
	UserID types.String `tfsdk:"user_id"`
	Models types.List   `tfsdk:"models"`
	rateLimitsModel
	MaxBudget     types.Number  `tfsdk:"max_budget"`
	Metadata      types.Dynamic `tfsdk:"metadata"`
	SpeakForTeams types.List    `tfsdk:"speak_for_teams"`
	Duration      types.String  `tfsdk:"duration"`

	KeyID   types.String `tfsdk:"key_id"`
	KeyName types.String `tfsdk:"key_name"`
	Key     types.String `tfsdk:"key"`
	Expires types.String `tfsdk:"expires"`
}

func (m keyEphemeralModel) toAPI() api.KeyFields {
	return api.KeyFields{
		TeamID:        attribute.TextOf(m.TeamID),
		UserID:        attribute.TextOf(m.UserID),
		Models:        attribute.StringsOf(m.Models),
		RateLimits:    m.rateLimitsModel.toAPI(),
		BudgetTerms:   api.BudgetTerms{MaxBudget: attribute.NanoOf(m.MaxBudget), HardCap: true},
		Metadata:      attribute.MetadataOf(m.Metadata),
		SpeakForTeams: attribute.StringsOf(m.SpeakForTeams),
	}
}

func (m keyEphemeralModel) lease() string { return cmp.Or(m.Duration.ValueString(), defaultLease) }

func (e *keyEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_key"
}

func (e *keyEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.Connect(req.ProviderData, &resp.Diagnostics)
}

func (e *keyEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var config keyEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	key := api.NewKey(attribute.IDToValidate(types.StringNull()))
	key.KeyFields = config.toAPI()
	if err := key.Validate(); err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid key", err)
	}
}

// Open makes the key. Terraform does not open it while something in the configuration is unknown.
func (e *keyEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model keyEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	created, err := e.Client.CreateKey(ctx, api.KeyCreate{KeyFields: model.toAPI(), Duration: new(model.lease())})
	if refused, ok := errors.AsType[*api.Error](err); ok && refused.Param == "team_id" {
		resp.Diagnostics.AddAttributeError(path.Root("team_id"), "Key not created", attribute.Sentence(err)+
			"\n\nTerraform opens ephemeral resources while planning already: the team must be there before, so it cannot be one that the same run makes.")
		return
	}
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Key not created", err)
		return
	}
	lease := keyLease{KeyID: created.KeyID, Duration: model.lease()}
	resp.RenewAt = lease.renewal()
	resp.Diagnostics.Append(lease.remember(ctx, resp.Private)...)
	model.KeyID, model.KeyName = types.StringValue(created.KeyID), types.StringValue(created.KeyName)
	model.Key, model.Expires = types.StringValue(created.Secret), attribute.FromTime(created.Expires)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
	if created.TeamID != nil {
		e.warnOfTeam(ctx, *created.TeamID, &resp.Diagnostics)
	}
}

// warnOfTeam warns of a key that opens nothing, as its team is refused. The key is good without an answer.
func (e *keyEphemeral) warnOfTeam(ctx context.Context, id string, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, foretell.Timeout)
	defer cancel()
	team, err := e.Client.GetTeam(ctx, id)
	if err != nil {
		return
	}
	name := foretell.Name(team.TeamAlias, id)
	if team.Blocked {
		diags.AddAttributeWarning(path.Root("team_id"), name+" is blocked, so requests with this key are refused",
			"The gateway refuses all requests of the team until somebody unblocks it.")
	}
	// Whether the cap of a named budget is hard is not told with the team.
	if left := team.RemainingBudget; left != nil && *left <= 0 && (team.HardCap || team.BudgetID != nil) {
		diags.AddAttributeWarning(path.Root("team_id"), name+" has nothing left of its budget, so requests with this key may be refused",
			fmt.Sprintf("The team has spent %s in the running period. Unless the cap is a soft one, the gateway refuses the team's requests until the period ends or the budget is raised.",
				team.Spend.Dollars()))
	}
}

// Renew puts the end of the key one lease off from now, and changes nothing else.
func (e *keyEphemeral) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	lease := rememberedLease(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	key, err := e.Client.GetKey(ctx, lease.KeyID)
	if err == nil {
		key.Expires = new(time.Now().Add(lease.length()))
		_, err = e.Client.UpdateKey(ctx, lease.KeyID, key.KeyFields, key.Revision)
	}
	if err != nil {
		resp.Diagnostics.AddError("Key not renewed", attribute.Sentence(err)+object.Advice(err))
		return
	}
	resp.RenewAt = lease.renewal()
}

func (e *keyEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	lease := rememberedLease(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !e.Ready(&resp.Diagnostics) {
		return
	}
	if err := e.Client.DeleteKey(ctx, lease.KeyID); err != nil && api.CodeOf(err) != api.NotFound {
		resp.Diagnostics.AddError("Key not deleted", attribute.Sentence(err)+object.Advice(err)+"\n\nIt stops working by itself when its lease of "+lease.Duration+" ends.")
	}
}

// keyLease is what is known of an open key between the calls; Terraform holds it in memory only.
type keyLease struct {
	KeyID    string `json:"key_id"`
	Duration string `json:"duration"`
}

const leaseKey = "lease"

func (l keyLease) length() time.Duration {
	span, err := api.ParseSpan(l.Duration)
	if err != nil {
		return shortestLease // the validator has read it
	}
	return span.Approximate()
}

// renewal is due after half of the lease, which leaves the other half for a gateway that is away for a while.
func (l keyLease) renewal() time.Time { return time.Now().Add(l.length() / 2) }

func (l keyLease) remember(ctx context.Context, private object.PrivateWriter) diag.Diagnostics {
	value, err := json.Marshal(l)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Lease cannot be written", err.Error())}
	}
	return private.SetKey(ctx, leaseKey, value)
}

func rememberedLease(ctx context.Context, private object.PrivateReader, diags *diag.Diagnostics) keyLease {
	value, found := private.GetKey(ctx, leaseKey)
	diags.Append(found...)
	var lease keyLease
	if err := json.Unmarshal(value, &lease); err != nil && !diags.HasError() {
		diags.AddError("Lease cannot be read", "What Terraform remembers of the open key is not readable: "+err.Error())
	}
	return lease
}
