package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// budgetNew is the body of POST /budget/new.
type budgetNew struct {
	// BudgetID is made when left out.
	BudgetID string `json:"budget_id"`
	route.Fields[api.BudgetFields]
}

// budgetUpdate is the body of POST /budget/update: what is left out is kept, what is null is cleared.
type budgetUpdate struct {
	BudgetID string `json:"budget_id" required:"true"`
	route.Fields[api.BudgetFields]
}

// budgetsNamed is the body of POST /budget/info.
type budgetsNamed struct {
	// Budgets are ids.
	Budgets route.IDs `json:"budgets" required:"a list of the budgets to look up"`
}

// budgetAsked names one budget in the address.
type budgetAsked struct {
	BudgetID string `query:"budget_id" required:"true"`
}

// budgetDelete is the body of POST /budget/delete.
type budgetDelete struct {
	// ID is the budget's, which LiteLLM does not call budget_id here.
	ID string `json:"id"`
	// BudgetID may stand in place of id.
	BudgetID string `json:"budget_id"`
}

// budgetRoutes are the operations on budgets.
func (s *Server) budgetRoutes() []route.Route {
	return []route.Route{
		route.New("POST /budget/new", auth.Write, s.createBudget, route.Spec{
			Tag: "budget", Summary: "Make a budget.", Repeatable: true,
			Description: "Without a scope its terms serve the teams and keys that name it in `budget_id`, each with a counter of " +
				"its own. With `team_ids`, `key_ids`, `models` or `everything` it is one pot that all spending in the scope counts against.",
			Errors:    route.Codes(api.AlreadyExists),
			Rehearsed: true,
		}),
		route.New("POST /budget/info", auth.Read, s.budgetInfo, route.Spec{
			Tag: "budget", Summary: "Read budgets, in the order asked.",
			Description: "Budgets that are not there are left out.",
		}),
		route.New("GET /budget/list", auth.Read, s.listBudgets, route.Spec{
			Tag: "budget", Summary: "List every budget.",
		}),
		route.New("GET /budget/settings", auth.Read, s.budgetSettings, route.Spec{
			Tag: "budget", Summary: "Read a budget as the rows of a form.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("POST /budget/update", auth.Write, s.updateBudget, route.Spec{
			Tag: "budget", Summary: "Change a budget.", Revised: true,
			Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
			Rehearsed:   true,
		}),
		route.New("POST /budget/delete", auth.Write, s.deleteBudget, route.Spec{
			Tag: "budget", Summary: "Delete a budget that nothing names.",
			Errors:    route.Codes(api.NotFound, api.Conflict),
			Rehearsed: true,
		}),
	}
}
