package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*usageDataSource)(nil)

type usageDataSource struct{ object.DataSource }

func newUsageDataSource() datasource.DataSource { return &usageDataSource{} }

// usageCountsModel is what was used.
type usageCountsModel struct {
	Spend            types.Number `tfsdk:"spend"`
	Tokens           types.Int64  `tfsdk:"tokens"`
	Requests         types.Int64  `tfsdk:"requests"`
	PromptTokens     types.Int64  `tfsdk:"prompt_tokens"`
	CachedTokens     types.Int64  `tfsdk:"cached_tokens"`
	CompletionTokens types.Int64  `tfsdk:"completion_tokens"`
}

func usageCountsFrom(sum api.UsageSum) usageCountsModel {
	return usageCountsModel{
		Spend:            attribute.FromNano(&sum.TotalCost, types.NumberNull()),
		Tokens:           types.Int64Value(sum.TotalTokens),
		Requests:         types.Int64Value(sum.TotalRequests),
		PromptTokens:     types.Int64Value(sum.PromptTokens),
		CachedTokens:     types.Int64Value(sum.CachedTokens),
		CompletionTokens: types.Int64Value(sum.CompletionTokens),
	}
}

func usageCountsFacts() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"spend":             amountFact("What it cost, in US dollars."),
		"tokens":            wholeFact("The tokens of prompts and completions."),
		"requests":          wholeFact("The requests that were served."),
		"prompt_tokens":     wholeFact("The tokens of prompts."),
		"cached_tokens":     wholeFact("Those of them that the providers read from a cache."),
		"completion_tokens": wholeFact("The tokens of completions."),
	}
}

type usageRowModel struct {
	PeriodStart types.String `tfsdk:"period_start"`
	PeriodEnd   types.String `tfsdk:"period_end"`
	TeamID      types.String `tfsdk:"team_id"`
	KeyID       types.String `tfsdk:"key_id"`
	UserID      types.String `tfsdk:"user_id"`
	Model       types.String `tfsdk:"model"`
	usageCountsModel
}

type usageDataModel struct {
	TeamID    types.String `tfsdk:"team_id"`
	KeyID     types.String `tfsdk:"key_id"`
	UserID    types.String `tfsdk:"user_id"`
	Model     types.String `tfsdk:"model"`
	StartDate types.String `tfsdk:"start_date"`
	EndDate   types.String `tfsdk:"end_date"`
	GroupBy   types.List   `tfsdk:"group_by"`
	Period    types.String `tfsdk:"period"`
	usageCountsModel
	Rows []usageRowModel `tfsdk:"rows"`
}

func (d *usageDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_usage"
}

func (d *usageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string, validators ...validator.String) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What was used and what it cost: in all, and, with `group_by` or `period`, row by row. " +
			"It counts the days on which requests began, in UTC, and what deleted teams and keys have used as well. It changes with every request, " +
			"so an output of it shows a change in every plan.",
		Attributes: facts(usageCountsFacts(), map[string]schema.Attribute{
			"team_id":    text("Only what this team used. Leave it out for all."),
			"key_id":     text("Only what was used with this key. Leave it out for all."),
			"user_id":    text("Only what this user used. Leave it out for all."),
			"model":      text("Only what was asked of the model that clients know by this name. Leave it out for all."),
			"start_date": text("The first day, such as `2027-01-01`. Leave it out for the first day ever.", dayValidator{}),
			"end_date":   text("The last day, such as `2027-01-31`. Leave it out for today.", dayValidator{}),
			"group_by": schema.ListAttribute{
				MarkdownDescription: "What to tell apart in `rows`: some of `team`, `key`, `user` and `model`. Leave it out for nothing.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.List{
					listvalidator.UniqueValues(),
					listvalidator.ValueStringsAre(stringvalidator.OneOf(api.GroupTeam, api.GroupKey, api.GroupUser, api.GroupModel)),
				},
			},
			"period": text("What a row sums up: `hour`, of at most 7 days, `day`, `month` or `total`. Leave it out for `total`.", stringvalidator.OneOf(api.UsagePeriods...)),
			"rows": listFact("The sums, ordered by period and then by what they are grouped by.", facts(usageCountsFacts(), map[string]schema.Attribute{
				"period_start": textFact("The first day that the row sums up, or when its hour begins, such as `2027-01-01T15:00:00Z`."),
				"period_end":   textFact("The last day that the row sums up, or when its hour ends."),
				"team_id":      textFact("The team; null unless grouped by it."),
				"key_id":       textFact("The key; null unless grouped by it."),
				"user_id":      textFact("The user; null unless grouped by it."),
				"model":        textFact("The model; null unless grouped by it."),
			})),
		}),
	}
}

func (d *usageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model usageDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Ready(&resp.Diagnostics) {
		return
	}
	query := model.query(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	sums, err := d.Client.ListUsage(ctx, query)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Usage not read", err)
		return
	}
	rows, total := model.rowsOf(sums)
	model.usageCountsModel = usageCountsFrom(total)
	model.Rows = make([]usageRowModel, 0, len(rows))
	for _, sum := range rows {
		model.Rows = append(model.Rows, usageRowModel{
			PeriodStart: types.StringValue(sum.PeriodStart), PeriodEnd: types.StringValue(sum.PeriodEnd),
			TeamID: types.StringPointerValue(sum.TeamID), KeyID: types.StringPointerValue(sum.KeyID),
			UserID: types.StringPointerValue(sum.UserID), Model: types.StringPointerValue(sum.Model),
			usageCountsModel: usageCountsFrom(sum),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (m usageDataModel) query(diags *diag.Diagnostics) api.UsageQuery {
	query := api.UsageQuery{
		GroupBy: attribute.StringsOf(m.GroupBy), Period: m.Period.ValueString(),
		KeyID: m.KeyID.ValueString(), UserID: m.UserID.ValueString(), Model: m.Model.ValueString(),
		From: dayOf(m.StartDate), To: dayOf(m.EndDate),
	}
	if !m.TeamID.IsNull() {
		query.TeamIDs = []string{m.TeamID.ValueString()}
	}
	if query.Period == "" {
		query.Period = api.PeriodTotal
	}
	if !query.To.IsZero() {
		query.To = query.To.AddDate(0, 0, 1)
		if !query.From.Before(query.To) {
			diags.AddAttributeError(path.Root("end_date"), "Dates the wrong way round", "end_date must not be before start_date.")
		}
	}
	return query
}

// rowsOf adds the sums up. The gateway groups by team at least, which is undone for rows that are not grouped.
func (m usageDataModel) rowsOf(sums []api.UsageSum) (rows []api.UsageSum, total api.UsageSum) {
	grouped := len(m.GroupBy.Elements()) > 0
	overall := m.Period.IsNull() || m.Period.ValueString() == api.PeriodTotal
	for _, sum := range sums {
		add(&total, sum)
		last := len(rows) - 1
		if !grouped && last >= 0 && (overall || rows[last].PeriodStart == sum.PeriodStart) {
			add(&rows[last], sum)
			rows[last].PeriodStart = min(rows[last].PeriodStart, sum.PeriodStart)
			rows[last].PeriodEnd = max(rows[last].PeriodEnd, sum.PeriodEnd)
			continue
		}
		if !grouped {
			sum.TeamID = nil
		}
		rows = append(rows, sum)
	}
	return rows, total
}

func add(total *api.UsageSum, sum api.UsageSum) {
	total.TotalCost += sum.TotalCost
	total.TotalTokens += sum.TotalTokens
	total.TotalRequests += sum.TotalRequests
	total.PromptTokens += sum.PromptTokens
	total.CachedTokens += sum.CachedTokens
	total.CompletionTokens += sum.CompletionTokens
}

// dayOf is the day's midnight in UTC; the zero time when there is none.
func dayOf(text types.String) time.Time {
	day, err := time.Parse(time.DateOnly, text.ValueString())
	if err != nil {
		return time.Time{}
	}
	return day
}

type dayValidator struct{}

func (dayValidator) Description(context.Context) string { return "must be a day such as 2027-01-31" }

func (v dayValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (dayValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if dayOf(req.ConfigValue).IsZero() {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a day", attribute.Sentence(api.NotADay(req.Path.String(), req.ConfigValue.ValueString())))
	}
}
