package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// budgetNew is the body of POST /budget/new.
type budgetNew struct {
	// BudgetID is made when left out.
	BudgetID string `json:"budget_id"`
	api.BudgetFields
}

// budgetUpdate is the body of POST /budget/update: what is left out is kept, what is null is cleared.
type budgetUpdate struct {
	BudgetID string `json:"budget_id" required:"true"`
	api.BudgetFields
}

// budgetsNamed is the body of POST /budget/info.
type budgetsNamed struct {
	// Budgets are ids.
	Budgets []string `json:"budgets" required:"true"`
}

// budgetDelete is the body of POST /budget/delete.
type budgetDelete struct {
	// ID is the budget's, which LiteLLM does not call budget_id here.
	ID string `json:"id"`
	// BudgetID may stand in place of id.
	BudgetID string `json:"budget_id"`
}

var budgetDocs = documentation{
	"POST /budget/new": {
		Tag: "budget", Summary: "Make a budget.", Body: budgetNew{}, Answer: api.Budget{}, Repeatable: true,
		Description: "Without a scope its terms serve the teams and keys that name it in `budget_id`, each with a counter of " +
			"its own. With `team_ids`, `key_ids`, `models` or `everything` it is one pot that all spending in the scope counts against.",
		Errors: codes(api.AlreadyExists),
	},
	"POST /budget/info": {
		Tag: "budget", Summary: "Read budgets, in the order asked.", Body: budgetsNamed{}, Answer: []api.Budget{},
		Description: "Budgets that are not there are left out.",
	},
	"GET /budget/settings": {
		Tag: "budget", Summary: "Read a budget as the rows of a form.", Answer: []budgetSetting{},
		Query: []openapi.Parameter{{Name: "budget_id", Required: true}}, Errors: codes(api.NotFound),
	},
	"GET /budget/list": {Tag: "budget", Summary: "List every budget.", Answer: []api.Budget{}},
	"POST /budget/update": {
		Tag: "budget", Summary: "Change a budget.", Body: budgetUpdate{}, Answer: api.Budget{}, Revised: true,
		Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
	},
	"POST /budget/delete": {
		Tag: "budget", Summary: "Delete a budget that nothing names.", Body: budgetDelete{}, Answer: api.Budget{},
		Errors: codes(api.NotFound, api.Conflict),
	},
}
