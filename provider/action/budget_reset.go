package action

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ action.ActionWithConfigure  = (*budgetReset)(nil)
	_ action.ActionWithModifyPlan = (*budgetReset)(nil)
)

type budgetReset struct{ object.Action }

type budgetResetModel struct {
	BudgetID types.String `tfsdk:"budget_id"`
	TeamID   types.String `tfsdk:"team_id"`
	KeyID    types.String `tfsdk:"key_id"`
	UserID   types.String `tfsdk:"user_id"`
	ResetTo  types.Number `tfsdk:"reset_to"`
}

func (a *budgetReset) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "bursar_budget_reset"
}

func (a *budgetReset) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	id := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sets back what a budget has spent in its running period, so that who was stopped by it may go on. " +
			"The requests stay in the ledger; the difference is an adjustment of its own, kept in the audit log with the provider's `change_reason`. " +
			"Give one of `budget_id`, `team_id`, `key_id` and `user_id`; `team_id` and `user_id` together are a member's budget in the team.",
		Attributes: map[string]schema.Attribute{
			"budget_id": id("A pot: a `bursar_budget` with a scope. One without has no counter of its own; name a team or key that takes its terms.",
				stringvalidator.AtLeastOneOf(path.MatchRoot("budget_id"), path.MatchRoot("team_id"), path.MatchRoot("key_id"), path.MatchRoot("user_id")),
				stringvalidator.ConflictsWith(path.MatchRoot("team_id"), path.MatchRoot("key_id"), path.MatchRoot("user_id"))),
			"team_id": id("The team whose budget is set back."),
			"key_id": id("The key whose budget is set back.",
				stringvalidator.ConflictsWith(path.MatchRoot("budget_id"), path.MatchRoot("team_id"), path.MatchRoot("user_id"))),
			"user_id": id("The user whose own budget, over all teams, is set back; with `team_id`, the member whose budget in that team is."),
			"reset_to": schema.NumberAttribute{
				MarkdownDescription: "What shall count as spent, in US dollars, at most what is spent. Defaults to 0.",
				Optional:            true,
				Validators:          []validator.Number{attribute.USDAmount{}},
			},
		},
	}
}

// ModifyPlan says first what an approved review would refuse.
func (a *budgetReset) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config budgetResetModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.unknown() {
		return
	}
	noun, identity := config.spender()
	var to json.Number = "0"
	if wanted := attribute.NanoOf(config.ResetTo); wanted != nil {
		to = json.Number(wanted.String())
	}
	a.JudgeApproved(&resp.Diagnostics, api.MadeChange{Noun: noun, Action: api.ChangeResetSpend, Identity: identity}, map[string]any{"spend": to})
}

func (m budgetResetModel) unknown() bool {
	return m.BudgetID.IsUnknown() || m.TeamID.IsUnknown() || m.KeyID.IsUnknown() || m.UserID.IsUnknown() || m.ResetTo.IsUnknown()
}

// spender is whose spending is set back, as the audit log calls it.
func (m budgetResetModel) spender() (noun string, identity map[string]string) {
	budget, team, key, user := m.BudgetID.ValueString(), m.TeamID.ValueString(), m.KeyID.ValueString(), m.UserID.ValueString()
	switch {
	case budget != "":
		return "budget", map[string]string{"budget_id": budget}
	case key != "":
		return "key", map[string]string{"key_id": key}
	case user != "" && team != "":
		return "member", map[string]string{"team_id": team, "user_id": user}
	case user != "":
		return "user", map[string]string{"user_id": user}
	default:
		return "team", map[string]string{"team_id": team}
	}
}

func (a *budgetReset) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config budgetResetModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !a.Ready(&resp.Diagnostics) {
		return
	}
	var to money.Nano
	if wanted := attribute.NanoOf(config.ResetTo); wanted != nil {
		to = *wanted
	}
	reset, err := a.Client.ResetSpend(ctx, client.Spender{
		BudgetID: config.BudgetID.ValueString(), TeamID: config.TeamID.ValueString(), KeyID: config.KeyID.ValueString(), UserID: config.UserID.ValueString(),
	}, to)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Spending not reset", err)
		return
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("%s had spent %s, and now %s",
		cmp.Or(reset.BudgetID, reset.KeyID, reset.UserID, reset.TeamID), reset.PreviousSpend.Dollars(), reset.Spend.Dollars())})
}
