package provider

import (
	"context"

	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Temporary increases end by themselves, on the gateway. What is not configured is left to the gateway: an increase that
// an admin gave at night is told by the state, and the next apply does not take it away.

const temporary = " Leave it out to leave it to the gateway, where an admin may have given an increase at once; the plan stays empty then. " +
	"An increase that has ended shows no drift; `0` ends one early."

type tempBudgetModel struct {
	TempBudgetIncrease types.Number `tfsdk:"temp_budget_increase"`
	TempBudgetExpiry   types.String `tfsdk:"temp_budget_expiry"`
}

func tempBudgetAttributes(limit string) map[string]schema.Attribute {
	increase := attribute.USD("What is added to " + limit + " until `temp_budget_expiry`, in US dollars. Periods and what is spent stay as they are." + temporary)
	increase.Computed = true
	increase.PlanModifiers = append(increase.PlanModifiers, leftToGateway{})
	return map[string]schema.Attribute{
		"temp_budget_increase": increase,
		"temp_budget_expiry":   expiryAttribute("temp_budget_increase"),
	}
}

func expiryAttribute(of string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "When `" + of + "` ends by itself, in RFC 3339, such as `2027-01-31T00:00:00Z`. Needed with it, and left out without.",
		Optional:            true,
		Computed:            true,
		Validators:          attribute.Valid(attribute.Moment{}),
		PlanModifiers:       []planmodifier.String{leftToGateway{}},
	}
}

func (m tempBudgetModel) toAPI() api.TempBudget {
	if m.TempBudgetIncrease.IsUnknown() || m.TempBudgetExpiry.IsUnknown() {
		return api.TempBudget{} // they come together
	}
	return api.TempBudget{TempBudgetIncrease: attribute.NanoOf(m.TempBudgetIncrease), TempBudgetExpiry: attribute.MomentOf(m.TempBudgetExpiry)}
}

func tempBudgetFrom(given api.TempBudget, prior tempBudgetModel) tempBudgetModel {
	return tempBudgetModel{
		TempBudgetIncrease: attribute.FromNano(given.TempBudgetIncrease, prior.TempBudgetIncrease),
		TempBudgetExpiry:   expiryFrom(given.TempBudgetExpiry, prior.TempBudgetExpiry),
	}
}

type tempRatesModel struct {
	TempRPMIncrease types.Int64  `tfsdk:"temp_rpm_increase"`
	TempTPMIncrease types.Int64  `tfsdk:"temp_tpm_increase"`
	TempLimitExpiry types.String `tfsdk:"temp_limit_expiry"`
}

func tempRatesAttributes() map[string]schema.Attribute {
	increase := func(description string) schema.Int64Attribute {
		whole := attribute.Int64(description + temporary)
		whole.Computed = true
		whole.PlanModifiers = append(whole.PlanModifiers, leftToGateway{})
		return whole
	}
	const wherever = " until `temp_limit_expiry`, wherever that limit comes from; without one nothing is limited."
	return map[string]schema.Attribute{
		"temp_rpm_increase": increase("What is added to the requests per minute" + wherever),
		"temp_tpm_increase": increase("What is added to the tokens per minute" + wherever),
		"temp_limit_expiry": expiryAttribute("temp_rpm_increase` or `temp_tpm_increase"),
	}
}

func (m tempRatesModel) toAPI() api.TempRates {
	return api.TempRates{
		TempRPMIncrease: attribute.Int64Of(m.TempRPMIncrease), TempTPMIncrease: attribute.Int64Of(m.TempTPMIncrease),
		TempLimitExpiry: attribute.MomentOf(m.TempLimitExpiry),
	}
}

func tempRatesFrom(given api.TempRates, prior tempRatesModel) tempRatesModel {
	return tempRatesModel{
		TempRPMIncrease: types.Int64PointerValue(given.TempRPMIncrease),
		TempTPMIncrease: types.Int64PointerValue(given.TempTPMIncrease),
		TempLimitExpiry: expiryFrom(given.TempLimitExpiry, prior.TempLimitExpiry),
	}
}

func tempBudgetFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"temp_budget_increase": amountFact("What is added to the cap until `temp_budget_expiry`, in US dollars; null for nothing."),
		"temp_budget_expiry":   textFact("When that ends, or has ended, RFC 3339."),
	}
}

func tempRatesFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"temp_rpm_increase": wholeFact("What is added to the requests per minute until `temp_limit_expiry`; null for nothing."),
		"temp_tpm_increase": wholeFact("What is added to the tokens per minute until `temp_limit_expiry`; null for nothing."),
		"temp_limit_expiry": textFact("When that ends, or has ended, RFC 3339."),
	}
}

// leftToGateway plans what the state has for what is not configured, and nothing for what is only to be made.
type leftToGateway struct{}

// KeepsState tells the server that a plan with nothing configured here needs no framework.
func (leftToGateway) KeepsState() {}

func (leftToGateway) Description(context.Context) string {
	return "is left to the gateway when it is not configured"
}

func (m leftToGateway) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (leftToGateway) PlanModifyInt64(_ context.Context, req planmodifier.Int64Request, resp *planmodifier.Int64Response) {
	if req.ConfigValue.IsNull() {
		resp.PlanValue = req.StateValue
	}
}

func (leftToGateway) PlanModifyNumber(_ context.Context, req planmodifier.NumberRequest, resp *planmodifier.NumberResponse) {
	if req.ConfigValue.IsNull() {
		resp.PlanValue = req.StateValue
	}
}

func (leftToGateway) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.ConfigValue.IsNull() || attribute.SameMoment(req.ConfigValue, req.StateValue) {
		resp.PlanValue = req.StateValue
	}
}
