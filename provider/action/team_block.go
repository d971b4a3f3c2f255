package action

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ action.ActionWithConfigure  = (*teamBlock)(nil)
	_ action.ActionWithModifyPlan = (*teamBlock)(nil)
)

// teamBlock is two actions: to block and to unblock.
type teamBlock struct {
	object.Action
	blocks bool
}

func (a *teamBlock) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "bursar_team_unblock"
	if a.blocks {
		resp.TypeName = "bursar_team_block"
	}
}

func (a *teamBlock) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	description := "Lets a team's requests through again"
	if a.blocks {
		description = "Refuses all requests of a team, as in an emergency"
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: description + ". It is in force on every gateway once the action has ended. " +
			"A `bursar_team` that manages the team sees a change of `blocked` that was made outside of it, and the next apply takes it back, " +
			"unless its configuration says the same or has `ignore_changes = [blocked]`.",
		Attributes: map[string]schema.Attribute{
			"team_id": schema.StringAttribute{MarkdownDescription: "The team's id.", Required: true},
		},
	}
}

// ModifyPlan says first what an approved review would refuse.
func (a *teamBlock) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var id types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("team_id"), &id)...)
	if !resp.Diagnostics.HasError() && !id.IsUnknown() {
		a.JudgeApproved(&resp.Diagnostics, api.MadeChange{Noun: "team", Action: api.ChangeUpdate, Identity: map[string]string{"team_id": id.ValueString()}},
			map[string]any{"blocked": a.blocks})
	}
}

func (a *teamBlock) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var teamID types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("team_id"), &teamID)...)
	if resp.Diagnostics.HasError() || !a.Ready(&resp.Diagnostics) {
		return
	}
	team, err := a.set(ctx, teamID.ValueString())
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Team not changed", err)
		return
	}
	now := "not blocked"
	if team.Blocked {
		now = "blocked"
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("team %s is %s", team.TeamID, now)})
}

func (a *teamBlock) set(ctx context.Context, teamID string) (api.Team, error) {
	if a.blocks {
		return a.Client.BlockTeam(ctx, teamID)
	}
	return a.Client.UnblockTeam(ctx, teamID)
}
