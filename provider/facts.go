package provider

import (
	"encoding/json"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Data sources tell facts: attributes that the gateway fills in. These groups are what several kinds of
// objects have in common.

func textFact(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

func wholeFact(description string) schema.Int64Attribute {
	return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
}

func amountFact(description string) schema.NumberAttribute {
	return schema.NumberAttribute{MarkdownDescription: description, Computed: true}
}

func boolFact(description string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
}

func textsFact(description string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
}

func sharesFact(description string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: description, ElementType: types.Float64Type, Computed: true}
}

// listFact is the list that a data source of several objects answers.
func listFact(description string, attributes map[string]schema.Attribute) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: description,
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: attributes},
	}
}

// metadataFact is for single objects. In a list every object would need the same type: see metadataJSONFact.
func metadataFact(noun string) schema.DynamicAttribute {
	return schema.DynamicAttribute{MarkdownDescription: "What is kept with the " + noun + ".", Computed: true}
}

func metadataJSONFact(noun string) schema.StringAttribute {
	return textFact("What is kept with the " + noun + ", as a JSON object; read it with `jsondecode`.")
}

func metadataJSON(metadata api.Metadata) (types.String, error) {
	encoded, err := json.Marshal(metadata)
	return types.StringValue(string(encoded)), err
}

// facts joins groups of attributes into one schema.
func facts(groups ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, group := range groups {
		maps.Copy(all, group)
	}
	return all
}

func rateLimitFacts() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"rpm_limit":             wholeFact("Requests per minute; null is no limit."),
		"tpm_limit":             wholeFact("Tokens per minute; null is no limit."),
		"max_parallel_requests": wholeFact("Requests under way at the same time; null is no limit."),
	}
}

func modelRateLimitFacts() map[string]schema.Attribute {
	limits := func(description string) schema.Attribute {
		return schema.MapAttribute{MarkdownDescription: description, ElementType: types.Int64Type, Computed: true}
	}
	return map[string]schema.Attribute{
		"model_rpm_limit": limits("Requests per minute to single models."),
		"model_tpm_limit": limits("Tokens per minute of single models."),
	}
}

func budgetTermsFacts() map[string]schema.Attribute {
	return facts(tempBudgetFacts(), map[string]schema.Attribute{
		"max_budget":         amountFact("The most that may be spent in one period, in US dollars; null is no cap."),
		"soft_budget":        amountFact("The spending from which people are warned, in US dollars; null is no such warning."),
		"soft_threshold_pct": schema.Float64Attribute{MarkdownDescription: "The same warning as a share of `max_budget`.", Computed: true},
		"hard_cap":           boolFact("Whether requests are refused once `max_budget` is spent."),
		"budget_duration":    textFact("The period after which spending starts again from zero; null is never."),
		"reset_day":          wholeFact("The day of the month on which monthly periods start; null is the gateway's default."),
	})
}

// budgetStateModel is what the running period looks like.
type budgetStateModel struct {
	Spend             types.Number `tfsdk:"spend"`
	RemainingBudget   types.Number `tfsdk:"remaining_budget"`
	ThresholdsCrossed types.List   `tfsdk:"thresholds_crossed"`
	BudgetResetAt     types.String `tfsdk:"budget_reset_at"`
}

func budgetStateFacts() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"spend": amountFact("What has been spent in the running period, in US dollars."),
		"remaining_budget": amountFact("What may still be spent in the running period, in US dollars, a temporary increase included; " +
			"null without a cap, and below zero when more was spent than the cap has become."),
		"thresholds_crossed": sharesFact("The shares of the cap that spending has reached in the running period."),
		"budget_reset_at":    textFact("When the running period ends, RFC 3339; null when it never does."),
	}
}

func budgetStateFrom(state api.BudgetState) budgetStateModel {
	return budgetStateModel{
		Spend:             attribute.FromNano(&state.Spend, types.NumberNull()),
		RemainingBudget:   attribute.FromNano(state.RemainingBudget, types.NumberNull()),
		ThresholdsCrossed: attribute.FromFloats(state.ThresholdsCrossed),
		BudgetResetAt:     attribute.FromTime(state.BudgetResetAt),
	}
}

// throttleModel is what a soft limit does to the requests per minute of a team and of its keys.
type throttleModel struct {
	Throttled         types.Bool  `tfsdk:"throttled"`
	EffectiveRPMLimit types.Int64 `tfsdk:"effective_rpm_limit"`
}

func throttleFacts() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"throttled":           boolFact("Whether the team has reached a soft limit that reduces its requests per minute until the period ends or the cap is raised."),
		"effective_rpm_limit": wholeFact("What is left of the requests per minute while throttled; null otherwise."),
	}
}

func throttleFrom(state api.BudgetState) throttleModel {
	return throttleModel{Throttled: types.BoolValue(state.Throttled), EffectiveRPMLimit: types.Int64PointerValue(state.EffectiveRPMLimit)}
}

// recordModel is what the gateway keeps about every object.
type recordModel struct {
	CreatedAt  types.String `tfsdk:"created_at"`
	UpdatedAt  types.String `tfsdk:"updated_at"`
	UpdatedBy  types.String `tfsdk:"updated_by"`
	DeclaredIn types.String `tfsdk:"declared_in"`
}

func recordFacts(noun string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"created_at": textFact("When the " + noun + " was made, RFC 3339."),
		"updated_at": textFact("When the " + noun + " was last changed, RFC 3339."),
		"updated_by": textFact("Who changed it last."),
		"declared_in": textFact("The gateway's configuration file that declares the " + noun + ", which only that file can change; " +
			"empty for one made through the API."),
	}
}

func recordFrom(record api.Record, declaredIn string) recordModel {
	return recordModel{
		CreatedAt:  attribute.FromTime(&record.CreatedAt),
		UpdatedAt:  attribute.FromTime(&record.UpdatedAt),
		UpdatedBy:  types.StringValue(record.UpdatedBy),
		DeclaredIn: types.StringValue(declaredIn),
	}
}
