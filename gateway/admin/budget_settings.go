package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// budgetSetting is one row of GET /budget/settings: what LiteLLM's dashboard shows in a form.
type budgetSetting struct {
	FieldName        string `json:"field_name"`
	FieldType        string `json:"field_type"`
	FieldDescription string `json:"field_description"`
	FieldValue       any    `json:"field_value"`
	// StoredInDB says whether the field has a value.
	StoredInDB        bool `json:"stored_in_db"`
	FieldDefaultValue any  `json:"field_default_value"`
}

// budgetSettings is GET /budget/settings?budget_id=.
func (s *Server) budgetSettings(c *route.Call, in budgetAsked) ([]budgetSetting, error) {
	budget, err := s.record.Budget(c.Context(), in.BudgetID)
	if err != nil {
		return nil, err
	}
	return settingsOf(budget), nil
}

func settingsOf(budget api.Budget) []budgetSetting {
	return []budgetSetting{
		setting("max_parallel_requests", "Integer", "Requests under way at once.", budget.MaxParallelRequests),
		setting("tpm_limit", "Integer", "Tokens in any 60 seconds.", budget.TPMLimit),
		setting("rpm_limit", "Integer", "Requests in any 60 seconds.", budget.RPMLimit),
		setting("budget_duration", "String", "The period, such as 1d, 30d or 1mo; none never resets.", budget.BudgetDuration),
		setting("max_budget", "Float", "The cap in USD.", budget.MaxBudget),
		setting("soft_budget", "Float", "The amount in USD from which people are warned.", budget.SoftBudget),
	}
}

func setting[T any](name, kind, text string, value *T) budgetSetting {
	row := budgetSetting{FieldName: name, FieldType: kind, FieldDescription: text, StoredInDB: value != nil}
	if value != nil {
		row.FieldValue = *value
	}
	return row
}
