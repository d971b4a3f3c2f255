package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Some terms mean nothing without others, or together with them. The gateway takes them, as LiteLLM's clients send them; whoever
// writes them down would take them for a guard that is there.

func warnOfNoEffect(diags *diag.Diagnostics, attribute, because, instead string) {
	diags.AddAttributeWarning(path.Root(attribute), fmt.Sprintf("%s has no effect %s", attribute, because), instead)
}

// warnOfOwnTerms is for a team or key, which may take the terms of a budget in place of its own.
func (m budgetTermsModel) warnOfOwnTerms(diags *diag.Diagnostics, budgetID types.String) {
	if budgetID.IsUnknown() {
		return
	}
	if budgetID.IsNull() {
		m.warnOfHalfTerms(diags)
		return
	}
	for _, own := range []struct {
		attribute string
		written   bool
	}{
		{"soft_budget", !m.SoftBudget.IsNull()},
		{"soft_threshold_pct", !m.SoftThresholdPct.IsNull()},
		{"hard_cap", !attribute.IsTrue(m.HardCap, true)},
		{"budget_duration", !m.BudgetDuration.IsNull()},
		{"reset_day", !m.ResetDay.IsNull()},
	} {
		if own.written {
			warnOfNoEffect(diags, own.attribute, "together with budget_id",
				"The budget that budget_id names brings all of its own terms. Set "+own.attribute+" there, or leave it out here.")
		}
	}
}

// warnOfHalfTerms is for terms that lack what they are about.
func (m budgetTermsModel) warnOfHalfTerms(diags *diag.Diagnostics) {
	if attribute.IsSet(m.SoftThresholdPct) && m.MaxBudget.IsNull() {
		warnOfNoEffect(diags, "soft_threshold_pct", "without max_budget",
			"It is a share of max_budget. Set max_budget, or soft_budget for an amount at which people are warned and nothing is refused.")
	}
	if attribute.IsSet(m.ResetDay) && m.BudgetDuration.IsNull() {
		warnOfNoEffect(diags, "reset_day", "without budget_duration", "Without a period spending never starts again from zero. Set budget_duration, such as 1mo.")
	}
}

// warnOfNoSoftLimit is for a budget that says what happens at a soft limit, and sets none.
func (m budgetModel) warnOfNoSoftLimit(diags *diag.Diagnostics) {
	if attribute.IsSet(m.OnSoftLimit) && m.SoftBudget.IsNull() && m.SoftThresholdPct.IsNull() {
		warnOfNoEffect(diags, "on_soft_limit", "without a soft limit", "It happens once soft_budget or soft_threshold_pct is reached. Set one of them.")
	}
}
