package action

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ action.ActionWithConfigure  = (*keyRotate)(nil)
	_ action.ActionWithModifyPlan = (*keyRotate)(nil)
)

type keyRotate struct{ object.Action }

type keyRotateModel struct {
	KeyID       types.String `tfsdk:"key_id"`
	NewKey      types.String `tfsdk:"new_key"`
	GracePeriod types.String `tfsdk:"grace_period"`
}

func (a *keyRotate) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "bursar_key_rotate"
}

func (a *keyRotate) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Gives a key another secret at once, such as one that has leaked. The key keeps its id, its limits and what it has spent. " +
			"An action has no result that could carry a secret, so the new one is given. " +
			"A `bursar_key` that manages the key sees a secret that is not its own, and its next apply sets its own again: " +
			"put the new one into its `key_wo`, or leave the rotation to its `rotation_trigger`.",
		Attributes: map[string]schema.Attribute{
			"key_id": schema.StringAttribute{MarkdownDescription: "The key's id.", Required: true},
			"new_key": schema.StringAttribute{
				MarkdownDescription: "The new secret, `sk-` and at least 22 characters. No state holds it, but a saved plan does, " +
					"as everything in the configuration of an action.",
				Required:   true,
				Validators: attribute.Valid(attribute.KeySecret{}),
			},
			"grace_period": schema.StringAttribute{
				MarkdownDescription: "How long the old secret still works, such as `24h`, at most 90 days. Leave it out to have it stop at once.",
				Optional:            true,
				Validators:          attribute.Valid(attribute.Span{}),
			},
		},
	}
}

// ModifyPlan says first what an approved review would refuse.
func (a *keyRotate) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var id types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("key_id"), &id)...)
	if !resp.Diagnostics.HasError() && !id.IsUnknown() {
		a.JudgeApproved(&resp.Diagnostics, api.MadeChange{Noun: "key", Action: api.ChangeRotate, Identity: map[string]string{"key_id": id.ValueString()}}, nil)
	}
}

func (a *keyRotate) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config keyRotateModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !a.Ready(&resp.Diagnostics) {
		return
	}
	key, err := a.Client.RotateKey(ctx, config.KeyID.ValueString(), config.NewKey.ValueString(), config.GracePeriod.ValueString())
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Key not rotated", err)
		return
	}
	until := "stopped working"
	if grace := config.GracePeriod.ValueString(); grace != "" {
		until = "works for another " + grace
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("key %s has a new secret, %s; the old one %s", key.KeyID, key.KeyName, until)})
}
