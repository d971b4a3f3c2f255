package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*quotaHistoryDataSource)(nil)

type quotaHistoryDataSource struct{ object.DataSource }

func newQuotaHistoryDataSource() datasource.DataSource { return &quotaHistoryDataSource{} }

const (
	// defaultHistory and mostHistory are how many changes are read.
	defaultHistory = 50
	mostHistory    = 1000
)

type quotaHistoryDataModel struct {
	TeamID  types.String        `tfsdk:"team_id"`
	Limit   types.Int64         `tfsdk:"limit"`
	History []historyEntryModel `tfsdk:"history"`
}

type historyEntryModel struct {
	Seq         types.Int64          `tfsdk:"seq"`
	At          types.String         `tfsdk:"at"`
	Action      types.String         `tfsdk:"action"`
	ObjectID    types.String         `tfsdk:"object_id"`
	Actor       types.String         `tfsdk:"actor"`
	Reason      types.String         `tfsdk:"reason"`
	PullRequest types.String         `tfsdk:"pull_request"`
	Changes     []historyChangeModel `tfsdk:"changes"`
}

type historyChangeModel struct {
	Field types.String `tfsdk:"field"`
	Old   types.String `tfsdk:"old"`
	New   types.String `tfsdk:"new"`
}

func (d *quotaHistoryDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_quota_history"
}

func (d *quotaHistoryDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What became of a team's limits, newest first: when they were changed, by whom, from what to what, why, and in which pull request. " +
			"Its keys, its members and the budgets that name it count as well. It is read from the audit log, which remembers teams that are deleted.",
		Attributes: map[string]schema.Attribute{
			"team_id": schema.StringAttribute{MarkdownDescription: "The team's id.", Required: true},
			"limit": schema.Int64Attribute{
				MarkdownDescription: "How many changes to read at most, from 1 to 1000. Leave it out for the newest 50.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(1, mostHistory)},
			},
			"history": listFact("The changes, newest first.", map[string]schema.Attribute{
				"seq":          wholeFact("The change's number in the audit log."),
				"at":           textFact("When it was made, RFC 3339."),
				"action":       textFact("What was done to what, such as `team.update`."),
				"object_id":    textFact("The id of the object that was changed."),
				"actor":        textFact("Who made it."),
				"reason":       textFact("Why, in the words of who made it; null for none. An approved review and who approved it stand here as well."),
				"pull_request": textFact("The address of the pull or merge request that the reason names; null for none."),
				"changes": listFact("The limits that are others than before.", map[string]schema.Attribute{
					"field": textFact("The limit, such as `max_budget`."),
					"old":   textFact("What it was: a text as it is, anything else as JSON; null for no limit."),
					"new":   textFact("What it became, in the same way."),
				}),
			}),
		},
	}
}

func (d *quotaHistoryDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model quotaHistoryDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Ready(&resp.Diagnostics) {
		return
	}
	most := defaultHistory
	if !model.Limit.IsNull() {
		most = int(model.Limit.ValueInt64())
	}
	history, err := d.Client.QuotaHistory(ctx, model.TeamID.ValueString(), most)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "History not read", err)
		return
	}
	model.History = make([]historyEntryModel, 0, len(history))
	for _, entry := range history {
		model.History = append(model.History, historyEntryFrom(entry))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func historyEntryFrom(entry api.QuotaHistoryEntry) historyEntryModel {
	changes := make([]historyChangeModel, 0, len(entry.Changes))
	for _, change := range entry.Changes {
		changes = append(changes, historyChangeModel{types.StringValue(change.Field), historyValue(change.Old), historyValue(change.New)})
	}
	return historyEntryModel{
		Seq: types.Int64Value(entry.Seq), At: types.StringValue(entry.At.UTC().Format(time.RFC3339)),
		Action: types.StringValue(entry.Action), ObjectID: types.StringValue(entry.ObjectID), Actor: types.StringValue(entry.Actor),
		Reason: textOrNull(entry.Reason), PullRequest: textOrNull(entry.PullRequest), Changes: changes,
	}
}

// historyValue is a text as it is, and anything else as JSON.
func historyValue(raw json.RawMessage) types.String {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return types.StringNull()
	case json.Unmarshal(raw, &text) == nil:
		return types.StringValue(text)
	default:
		return types.StringValue(string(raw))
	}
}

func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
