package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// The attributes that teams, keys and budgets have in common, as the API has them in common.

type rateLimitsModel struct {
	RPMLimit            types.Int64 `tfsdk:"rpm_limit"`
	TPMLimit            types.Int64 `tfsdk:"tpm_limit"`
	MaxParallelRequests types.Int64 `tfsdk:"max_parallel_requests"`
}

// rateLimitAttributes takes what it means to leave one out.
func rateLimitAttributes(leftOut string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"rpm_limit": attribute.Int64("Requests per minute: in no 60 seconds are more admitted. " +
			"`0` refuses every request. " + leftOut),
		"tpm_limit": attribute.Int64("Tokens per minute, prompt and completion together: in no 60 seconds are more used. " +
			"`0` refuses every request. " + leftOut),
		"max_parallel_requests": attribute.Int64("Requests under way at the same time. " +
			"`0` refuses every request. " + leftOut),
	}
}

func (m rateLimitsModel) toAPI() api.RateLimits {
	return api.RateLimits{
		RPMLimit:            attribute.Int64Of(m.RPMLimit),
		TPMLimit:            attribute.Int64Of(m.TPMLimit),
		MaxParallelRequests: attribute.Int64Of(m.MaxParallelRequests),
	}
}

func rateLimitsFrom(limits api.RateLimits) rateLimitsModel {
	return rateLimitsModel{
		RPMLimit:            types.Int64PointerValue(limits.RPMLimit),
		TPMLimit:            types.Int64PointerValue(limits.TPMLimit),
		MaxParallelRequests: types.Int64PointerValue(limits.MaxParallelRequests),
	}
}

type modelRateLimitsModel struct {
	ModelRPMLimit types.Map `tfsdk:"model_rpm_limit"`
	ModelTPMLimit types.Map `tfsdk:"model_tpm_limit"`
}

func modelRateLimitAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"model_rpm_limit": attribute.LimitMap("Requests per minute to single models, by model name, " +
			"such as `{ \"gpt-4.1\" = 10 }`. Counts within `rpm_limit`. Defaults to none."),
		"model_tpm_limit": attribute.LimitMap("Tokens per minute of single models, by model name. " +
			"Counts within `tpm_limit`. Defaults to none."),
	}
}

func (m modelRateLimitsModel) toAPI() api.ModelRateLimits {
	return api.ModelRateLimits{ModelRPMLimit: attribute.LimitsOf(m.ModelRPMLimit), ModelTPMLimit: attribute.LimitsOf(m.ModelTPMLimit)}
}

func modelRateLimitsFrom(limits api.ModelRateLimits) modelRateLimitsModel {
	return modelRateLimitsModel{
		ModelRPMLimit: attribute.FromLimits(limits.ModelRPMLimit),
		ModelTPMLimit: attribute.FromLimits(limits.ModelTPMLimit),
	}
}

type budgetTermsModel struct {
	MaxBudget        types.Number  `tfsdk:"max_budget"`
	SoftBudget       types.Number  `tfsdk:"soft_budget"`
	SoftThresholdPct types.Float64 `tfsdk:"soft_threshold_pct"`
	HardCap          types.Bool    `tfsdk:"hard_cap"`
	BudgetDuration   types.String  `tfsdk:"budget_duration"`
	ResetDay         types.Int64   `tfsdk:"reset_day"`
	tempBudgetModel
}

func budgetTermsAttributes() map[string]schema.Attribute {
	return attribute.Merged(tempBudgetAttributes("the cap, here or in `budget_id`,", "max_budget"), map[string]schema.Attribute{
		"max_budget": attribute.USD("The most that may be spent in one period, in US dollars, to the nano-dollar and up to nine million. " +
			"Leave it out for no cap; `0` refuses everything that costs."),
		"soft_budget": attribute.USD("The spending from which people are warned, in US dollars; below `max_budget`. " +
			"Not together with `soft_threshold_pct`. Leave it out for no such warning."),
		"soft_threshold_pct": schema.Float64Attribute{
			MarkdownDescription: "The same warning as a share of `max_budget`, above 0 and at most 1: `0.8` warns at 80 %. " +
				"Not together with `soft_budget`, and without effect without `max_budget`.",
			Optional: true,
		},
		"hard_cap": attribute.Bool("Whether requests are refused once `max_budget` is spent. "+
			"With `false` the cap only warns.", true),
		"budget_duration": schema.StringAttribute{
			MarkdownDescription: "The period after which spending starts again from zero: `12h`, `1d`, `7d`, `30d`, `1mo`, `3mo`, `1y`. " +
				"Days start at midnight, weeks on Monday, months and `30d` on `reset_day`. Others, such as `14d`, `90d` or `5mo`, count from the day, " +
				"month or hour in which this was made, whatever is changed later. Leave it out to never start again.",
			Optional: true,
		},
		"reset_day": attribute.Int64("The day of the month on which `30d` and monthly periods start, 1 to 28. " +
			"Leave it out for the gateway's default, usually the first."),
	})
}

func (m budgetTermsModel) toAPI() api.BudgetTerms {
	terms := api.BudgetTerms{
		MaxBudget:        attribute.NanoOf(m.MaxBudget),
		SoftBudget:       attribute.NanoOf(m.SoftBudget),
		SoftThresholdPct: attribute.Float64Of(m.SoftThresholdPct),
		HardCap:          attribute.IsTrue(m.HardCap, true),
		BudgetDuration:   attribute.TextOf(m.BudgetDuration),
		TempBudget:       m.tempBudgetModel.toAPI(),
	}
	if day := attribute.Int64Of(m.ResetDay); day != nil {
		resetDay := int(*day)
		terms.ResetDay = &resetDay
	}
	if m.MaxBudget.IsUnknown() {
		terms.TempBudget = api.TempBudget{} // it needs max_budget, which will be there
	}
	return terms
}

func budgetTermsFrom(terms api.BudgetTerms, prior budgetTermsModel) budgetTermsModel {
	model := budgetTermsModel{
		MaxBudget:        attribute.FromNano(terms.MaxBudget, prior.MaxBudget),
		SoftBudget:       attribute.FromNano(terms.SoftBudget, prior.SoftBudget),
		SoftThresholdPct: types.Float64PointerValue(terms.SoftThresholdPct),
		HardCap:          types.BoolValue(terms.HardCap),
		BudgetDuration:   types.StringPointerValue(terms.BudgetDuration),
		ResetDay:         types.Int64Null(),
		tempBudgetModel:  tempBudgetFrom(terms.TempBudget, terms.MaxBudget, prior.tempBudgetModel),
	}
	if terms.ResetDay != nil {
		model.ResetDay = types.Int64Value(int64(*terms.ResetDay))
	}
	return model
}
