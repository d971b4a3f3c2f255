package admin

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createBudget is POST /budget/new: a budget's fields, and budget_id unless one is to be made.
func (s *Server) createBudget(c *route.Call) (any, error) {
	id, err := c.In.Text("budget_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = auth.NewBudgetID()
	}
	budget := api.NewBudget(id)
	if err := c.In.Expect(&budget.BudgetFields); err != nil {
		return nil, err
	}
	if err := budget.Validate(); err != nil {
		return nil, err
	}
	if err := undeclared("budget", s.declared.Budget, id); err != nil {
		return nil, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.Budget, error) {
		stored, err := s.record.CreateBudget(ctx, c.Change, budget)
		return stored, route.Taken(err, "budget_id")
	})
	if err != nil {
		return nil, err
	}
	if err := s.changes.BudgetChanged(c.Context(), nil, &created); err != nil {
		return nil, route.InForce(err)
	}
	// What a new pot has spent is in the ledger already, and it can be summed only once the pot is there.
	stored := []api.Budget{created}
	return &stored[0], s.completeBudgets(c.Context(), stored)
}

// completeBudgets fills in what the record does not know: spending, and where budgets are declared.
func (s *Server) completeBudgets(ctx context.Context, budgets []api.Budget) error {
	if len(budgets) == 0 {
		return nil
	}
	states, err := s.spending.Budgets(ctx, budgets)
	if err != nil {
		return route.Unspent(err)
	}
	for i := range budgets {
		budgets[i].BudgetState = states[i]
		if file, ok := s.declared.Budget(budgets[i].BudgetID); ok {
			budgets[i].DeclaredIn = file
		}
	}
	return nil
}

// budgetInfo is POST /budget/info {"budgets": ids}: those that are there, in the order asked.
func (s *Server) budgetInfo(c *route.Call) (any, error) {
	ids, err := c.In.Texts("budgets")
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, api.FieldErrorf("budgets", "is required: a list of the budgets to look up")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	found, err := s.budgets(c.Context(), api.BudgetFilter{IDs: ids})
	if err != nil {
		return nil, err
	}
	byID := map[string]api.Budget{}
	for _, budget := range found {
		byID[budget.BudgetID] = budget
	}
	ordered := make([]api.Budget, 0, len(found))
	for _, id := range ids {
		if budget, there := byID[id]; there {
			ordered = append(ordered, budget)
		}
	}
	return ordered, nil
}

// listBudgets is GET /budget/list: every budget.
func (s *Server) listBudgets(c *route.Call) (any, error) {
	return s.budgets(c.Context(), api.BudgetFilter{})
}

// budgets returns complete budgets, never nil.
func (s *Server) budgets(ctx context.Context, filter api.BudgetFilter) ([]api.Budget, error) {
	budgets, _, err := s.record.Budgets(ctx, filter)
	if err != nil {
		return nil, err
	}
	if budgets == nil {
		budgets = []api.Budget{}
	}
	return budgets, s.completeBudgets(ctx, budgets)
}

// updateBudget is POST /budget/update: budget_id and the fields to change.
func (s *Server) updateBudget(c *route.Call) (any, error) {
	id, err := c.In.Required("budget_id")
	if err != nil {
		return nil, err
	}
	if err := c.In.Expect(&api.BudgetFields{}); err != nil {
		return nil, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return nil, err
	}
	if err := undeclared("budget", s.declared.Budget, id); err != nil {
		return nil, err
	}
	var before api.Budget
	budget, err := s.record.UpdateBudget(c.Context(), c.Change, id, revision, func(budget *api.Budget) error {
		before = *budget
		return c.In.Patch(&budget.BudgetFields)
	})
	if err != nil {
		return nil, err
	}
	if err := route.InForce(s.changes.BudgetChanged(c.Context(), &before, &budget)); err != nil {
		return nil, err
	}
	budgets := []api.Budget{budget}
	err = s.completeBudgets(c.Context(), budgets)
	return budgets[0], err
}

// deleteBudget is POST /budget/delete {"id"}, which LiteLLM does not call budget_id; both are read.
func (s *Server) deleteBudget(c *route.Call) (any, error) {
	id, err := c.In.Text("id")
	if err != nil {
		return nil, err
	}
	other, err := c.In.Text("budget_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = other
	}
	if id == "" || (other != "" && other != id) {
		return nil, api.FieldErrorf("id", "is required: the one budget to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	if err := undeclared("budget", s.declared.Budget, id); err != nil {
		return nil, err
	}
	deleted, err := s.record.DeleteBudgets(c.Context(), c.Change, []string{id})
	if err != nil {
		return nil, err
	}
	return deleted[0], route.InForce(s.changes.BudgetChanged(c.Context(), &deleted[0], nil))
}
