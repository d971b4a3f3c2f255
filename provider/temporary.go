package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Temporary increases end by themselves, on the gateway. What is not configured is left to the gateway: an increase that
// an admin gave at night is told by the state, and the next apply does not take it away.

const temporary = " Leave it out to leave it to the gateway, where an admin may have given an increase at once; the plan stays empty then. " +
	"An increase that has ended shows no drift; `0` ends one early."

type tempBudgetModel struct {
	TempBudgetIncrease types.Number `tfsdk:"temp_budget_increase"`
	TempBudgetExpiry   types.String `tfsdk:"temp_budget_expiry"`
	MaxBudgetRaised    types.Number `tfsdk:"max_budget_raised"`
}

// tempBudgetAttributes takes the limit in words, and the attribute that has it.
func tempBudgetAttributes(limit, own string) map[string]schema.Attribute {
	increase := attribute.USD("What is added to " + limit + " until `temp_budget_expiry`, in US dollars. Periods and what is spent stay as they are." + temporary)
	increase.Computed = true
	increase.PlanModifiers = append(increase.PlanModifiers, leftToGateway{})
	return map[string]schema.Attribute{
		"temp_budget_increase": increase,
		"temp_budget_expiry":   expiryAttribute("temp_budget_increase"),
		"max_budget_raised": schema.NumberAttribute{
			MarkdownDescription: "What may be spent until `temp_budget_expiry`: `" + own + "` with `temp_budget_increase`, in US dollars. " + raisedNull,
			Computed:            true,
			PlanModifiers:       []planmodifier.Number{raisedTo{own, "temp_budget_increase", "temp_budget_expiry"}},
		},
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

// tempBudgetFrom takes the cap that the increase is added to.
func tempBudgetFrom(given api.TempBudget, limit *money.Nano, prior tempBudgetModel) tempBudgetModel {
	return tempBudgetModel{
		MaxBudgetRaised:    attribute.FromNano(capRaised(given, limit, prior.MaxBudgetRaised), prior.MaxBudgetRaised),
		TempBudgetIncrease: attribute.FromNano(given.TempBudgetIncrease, prior.TempBudgetIncrease),
		TempBudgetExpiry:   expiryFrom(given.TempBudgetExpiry, prior.TempBudgetExpiry),
	}
}

type tempRatesModel struct {
	TempRPMIncrease types.Int64  `tfsdk:"temp_rpm_increase"`
	TempTPMIncrease types.Int64  `tfsdk:"temp_tpm_increase"`
	TempLimitExpiry types.String `tfsdk:"temp_limit_expiry"`
	RPMLimitRaised  types.Int64  `tfsdk:"rpm_limit_raised"`
	TPMLimitRaised  types.Int64  `tfsdk:"tpm_limit_raised"`
}

func tempRatesAttributes() map[string]schema.Attribute {
	increase := func(description string) schema.Int64Attribute {
		whole := attribute.Int64(description + temporary)
		whole.Computed = true
		whole.PlanModifiers = append(whole.PlanModifiers, leftToGateway{})
		return whole
	}
	raised := func(description, own, increase string) schema.Int64Attribute {
		return schema.Int64Attribute{
			MarkdownDescription: description + " until `temp_limit_expiry`: `" + own + "` with `" + increase + "`. " + raisedNull,
			Computed:            true,
			PlanModifiers:       []planmodifier.Int64{raisedTo{own, increase, "temp_limit_expiry"}},
		}
	}
	const wherever = " until `temp_limit_expiry`, wherever that limit comes from; without one nothing is limited."
	return map[string]schema.Attribute{
		"temp_rpm_increase": increase("What is added to the requests per minute" + wherever),
		"temp_tpm_increase": increase("What is added to the tokens per minute" + wherever),
		"temp_limit_expiry": expiryAttribute("temp_rpm_increase` or `temp_tpm_increase"),
		"rpm_limit_raised":  raised("The requests per minute", "rpm_limit", "temp_rpm_increase"),
		"tpm_limit_raised":  raised("The tokens per minute", "tpm_limit", "temp_tpm_increase"),
	}
}

func (m tempRatesModel) toAPI() api.TempRates {
	return api.TempRates{
		TempRPMIncrease: attribute.Int64Of(m.TempRPMIncrease), TempTPMIncrease: attribute.Int64Of(m.TempTPMIncrease),
		TempLimitExpiry: attribute.MomentOf(m.TempLimitExpiry),
	}
}

// tempRatesFrom takes the limits that the increases are added to.
func tempRatesFrom(given api.TempRates, requests, tokens *int64, prior tempRatesModel) tempRatesModel {
	return tempRatesModel{
		RPMLimitRaised:  rateRaised(requests, given.TempRPMIncrease, given.TempLimitExpiry, prior.RPMLimitRaised),
		TPMLimitRaised:  rateRaised(tokens, given.TempTPMIncrease, given.TempLimitExpiry, prior.TPMLimitRaised),
		TempRPMIncrease: types.Int64PointerValue(given.TempRPMIncrease),
		TempTPMIncrease: types.Int64PointerValue(given.TempTPMIncrease),
		TempLimitExpiry: expiryFrom(given.TempLimitExpiry, prior.TempLimitExpiry),
	}
}

func tempBudgetFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"temp_budget_increase": amountFact("What is added to the cap until `temp_budget_expiry`, in US dollars; null for nothing."),
		"temp_budget_expiry":   textFact("When that ends, or has ended, RFC 3339."),
		"max_budget_raised":    amountFact("What may be spent until then: the cap with the increase, in US dollars. " + raisedNull),
	}
}

func tempRatesFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"temp_rpm_increase": wholeFact("What is added to the requests per minute until `temp_limit_expiry`; null for nothing."),
		"temp_tpm_increase": wholeFact("What is added to the tokens per minute until `temp_limit_expiry`; null for nothing."),
		"temp_limit_expiry": textFact("When that ends, or has ended, RFC 3339."),
		"rpm_limit_raised":  wholeFact("The requests per minute until then: the limit with the increase. " + raisedNull),
		"tpm_limit_raised":  wholeFact("The tokens per minute until then: the limit with the increase. " + raisedNull),
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

// What a limit is until its increase ends is worked out here and not asked of the gateway, so that the plan has it. It stays in
// the state when the increase has ended: that an increase ends by itself is no drift.

const raisedNull = "Null without an increase, for one that had ended already when it was read first, and where the limit comes from elsewhere."

// capRaised is the cap with its increase. What ended before it was told of is not told of any more.
func capRaised(given api.TempBudget, limit *money.Nano, told types.Number) *money.Nano {
	if limit == nil || given.TempBudgetIncrease == nil || *given.TempBudgetIncrease == 0 || given.TempBudgetExpiry == nil {
		return nil
	}
	raised := *limit + *given.TempBudgetIncrease
	if before := attribute.NanoOf(told); ended(*given.TempBudgetExpiry) && (before == nil || *before != raised) {
		return nil
	}
	return &raised
}

// rateRaised is the same for a limit of requests or tokens.
func rateRaised(limit, by *int64, expiry *time.Time, told types.Int64) types.Int64 {
	if limit == nil || by == nil || *by == 0 || expiry == nil {
		return types.Int64Null()
	}
	raised := types.Int64Value(*limit + *by)
	if ended(*expiry) && !told.Equal(raised) {
		return types.Int64Null()
	}
	return raised
}

func ended(expiry time.Time) bool { return !time.Now().Before(expiry) }

// raisedTo plans what a limit is with its increase: what the state has, unless the limit or the increase changes.
type raisedTo struct{ limit, increase, expiry string }

func (raisedTo) Description(context.Context) string {
	return "is the limit with its increase"
}

func (m raisedTo) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (m raisedTo) PlanModifyNumber(ctx context.Context, req planmodifier.NumberRequest, resp *planmodifier.NumberResponse) {
	limit := plannedOf[types.Number](ctx, req.Config, req.State, m.limit, false, &resp.Diagnostics)
	increase := plannedOf[types.Number](ctx, req.Config, req.State, m.increase, true, &resp.Diagnostics)
	expiry := plannedOf[types.String](ctx, req.Config, req.State, m.expiry, true, &resp.Diagnostics)
	switch {
	case limit.planned.IsUnknown() || increase.planned.IsUnknown() || expiry.planned.IsUnknown():
		resp.PlanValue = types.NumberUnknown()
	case stays(req.State, req.StateValue, expiry) && limit.stays && increase.stays:
		resp.PlanValue = req.StateValue
	default:
		given := api.TempBudget{TempBudgetIncrease: attribute.NanoOf(increase.planned), TempBudgetExpiry: attribute.MomentOf(expiry.planned)}
		resp.PlanValue = attribute.FromNano(capRaised(given, attribute.NanoOf(limit.planned), types.NumberNull()), req.StateValue)
	}
}

func (m raisedTo) PlanModifyInt64(ctx context.Context, req planmodifier.Int64Request, resp *planmodifier.Int64Response) {
	limit := plannedOf[types.Int64](ctx, req.Config, req.State, m.limit, false, &resp.Diagnostics)
	increase := plannedOf[types.Int64](ctx, req.Config, req.State, m.increase, true, &resp.Diagnostics)
	expiry := plannedOf[types.String](ctx, req.Config, req.State, m.expiry, true, &resp.Diagnostics)
	switch {
	case limit.planned.IsUnknown() || increase.planned.IsUnknown() || expiry.planned.IsUnknown():
		resp.PlanValue = types.Int64Unknown()
	case stays(req.State, req.StateValue, expiry) && limit.stays && increase.stays:
		resp.PlanValue = req.StateValue
	default:
		resp.PlanValue = rateRaised(attribute.Int64Of(limit.planned), attribute.Int64Of(increase.planned), attribute.MomentOf(expiry.planned), types.Int64Null())
	}
}

// part is what an attribute will be, and whether that is what it was.
type part[V attr.Value] struct {
	planned V
	stays   bool
}

// plannedOf is an attribute's part. What is left to the gateway stays as it is when it is not configured.
func plannedOf[V attr.Value](ctx context.Context, config tfsdk.Config, state tfsdk.State, name string, left bool, diags *diag.Diagnostics) part[V] {
	var configured, before V
	diags.Append(config.GetAttribute(ctx, path.Root(name), &configured)...)
	if state.Raw.IsNull() {
		return part[V]{planned: configured}
	}
	diags.Append(state.GetAttribute(ctx, path.Root(name), &before)...)
	if configured.IsNull() && left {
		return part[V]{before, true}
	}
	return part[V]{configured, configured.Equal(before)}
}

// stays says that what the state has of a raised limit may stay: with the end that it has, if it has any.
func stays(state tfsdk.State, told attr.Value, expiry part[types.String]) bool {
	ends := attribute.MomentOf(expiry.planned)
	return !state.Raw.IsNull() && expiry.stays && (ends == nil || !told.IsNull() || ended(*ends))
}
