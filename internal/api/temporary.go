package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// TempBudget raises a cap until a moment, as LiteLLM has it. Both or neither; left out of answers when not set, so that
// writers who do not know them leave them alone.
type TempBudget struct {
	// TempBudgetIncrease is added to the cap until TempBudgetExpiry, in USD.
	TempBudgetIncrease *money.Nano `json:"temp_budget_increase,omitempty"`
	TempBudgetExpiry   *time.Time  `json:"temp_budget_expiry,omitempty"`
}

// TempRates raise rate limits until a moment. They are left out of answers when not set.
type TempRates struct {
	// TempRPMIncrease and TempTPMIncrease are added to the limits in force until TempLimitExpiry, wherever these come from.
	// What is not limited stays so.
	TempRPMIncrease *int64     `json:"temp_rpm_increase,omitempty"`
	TempTPMIncrease *int64     `json:"temp_tpm_increase,omitempty"`
	TempLimitExpiry *time.Time `json:"temp_limit_expiry,omitempty"`
}

// InForce says whether the cap is raised at a moment.
func (t TempBudget) InForce(now time.Time) bool {
	return t.TempBudgetIncrease != nil && t.TempBudgetExpiry != nil && now.Before(*t.TempBudgetExpiry)
}

// InForce says whether limits are raised at a moment.
func (t TempRates) InForce(now time.Time) bool {
	return (t.TempRPMIncrease != nil || t.TempTPMIncrease != nil) && t.TempLimitExpiry != nil && now.Before(*t.TempLimitExpiry)
}

// Raise returns limits as they are at a moment.
func (t TempRates) Raise(limits RateLimits, now time.Time) RateLimits {
	if !t.InForce(now) {
		return limits
	}
	limits.RPMLimit = raised(limits.RPMLimit, t.TempRPMIncrease)
	limits.TPMLimit = raised(limits.TPMLimit, t.TempTPMIncrease)
	return limits
}

func raised(limit, by *int64) *int64 {
	if limit == nil || by == nil {
		return limit
	}
	return new(min(maxRate, *limit+*by))
}

// temporaryBudget judges an increase; capped says whether there is a cap to add it to, which the terms need not hold themselves.
func (v *validation) temporaryBudget(t TempBudget, limit *money.Nano, capped bool) {
	if (t.TempBudgetIncrease == nil) != (t.TempBudgetExpiry == nil) {
		v.fail("temp_budget_increase", "and temp_budget_expiry must come together")
	}
	if t.TempBudgetIncrease == nil {
		return
	}
	v.amount("temp_budget_increase", t.TempBudgetIncrease)
	switch {
	case limit == nil && !capped:
		v.fail("temp_budget_increase", "needs max_budget: it is added to it")
	case limit != nil && *t.TempBudgetIncrease > money.Max-*limit:
		v.fail("temp_budget_increase", "and max_budget are more than %s together", money.Max)
	}
}

func (v *validation) temporaryRates(t TempRates) {
	v.rate("temp_rpm_increase", t.TempRPMIncrease)
	v.rate("temp_tpm_increase", t.TempTPMIncrease)
	if (t.TempRPMIncrease != nil || t.TempTPMIncrease != nil) != (t.TempLimitExpiry != nil) {
		v.fail("temp_limit_expiry", "must come together with temp_rpm_increase or temp_tpm_increase")
	}
}
