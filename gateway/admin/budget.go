package admin

import (
	"cmp"
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createBudget is POST /budget/new: a budget's fields, and budget_id unless one is to be made.
func (s *Server) createBudget(c *route.Call, in budgetNew) (made api.Budget, err error) {
	budget := api.NewBudget(cmp.Or(in.BudgetID, auth.NewBudgetID()))
	if err := in.Apply(&budget.BudgetFields); err != nil {
		return made, err
	}
	if err := budget.Validate(); err != nil {
		return made, err
	}
	if err := budget.ValidateScope(); err != nil {
		return made, err
	}
	if err := route.Undeclared("budget", s.declared.Budget, budget.BudgetID); err != nil {
		return made, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.Budget, error) {
		stored, err := s.record.CreateBudget(ctx, c.Change, budget)
		return stored, route.Taken(err, "budget_id")
	})
	if err != nil {
		return made, err
	}
	if err := s.changes.BudgetChanged(c.Context(), nil, &created); err != nil {
		return made, route.InForce(err)
	}
	// What a new pot has spent is in the ledger already, and it can be summed only once the pot is there.
	stored := []api.Budget{created}
	err = s.completeBudgets(c.Context(), stored)
	return stored[0], err
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
func (s *Server) budgetInfo(c *route.Call, in budgetsNamed) ([]api.Budget, error) {
	ids := in.Budgets
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
func (s *Server) listBudgets(c *route.Call, _ struct{}) ([]api.Budget, error) {
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
func (s *Server) updateBudget(c *route.Call, in budgetUpdate) (changed api.Budget, err error) {
	revision, err := c.IfRevision()
	if err != nil {
		return changed, err
	}
	if err := route.Undeclared("budget", s.declared.Budget, in.BudgetID); err != nil {
		return changed, err
	}
	var before api.Budget
	budget, err := s.record.UpdateBudget(c.Context(), c.Change, in.BudgetID, revision, func(budget *api.Budget) error {
		before = *budget
		if err := in.Apply(&budget.BudgetFields); err != nil {
			return err
		}
		return budget.ValidateScope()
	})
	if err != nil {
		return changed, err
	}
	if err := route.InForce(s.changes.BudgetChanged(c.Context(), &before, &budget)); err != nil {
		return changed, err
	}
	budgets := []api.Budget{budget}
	err = s.completeBudgets(c.Context(), budgets)
	return budgets[0], err
}

// deleteBudget is POST /budget/delete {"id"}, which LiteLLM does not call budget_id; both are read.
func (s *Server) deleteBudget(c *route.Call, in budgetDelete) (gone api.Budget, err error) {
	id := cmp.Or(in.ID, in.BudgetID)
	if id == "" || in.BudgetID != "" && in.BudgetID != id {
		return gone, api.FieldErrorf("id", "is required: the one budget to delete")
	}
	if err := route.Undeclared("budget", s.declared.Budget, id); err != nil {
		return gone, err
	}
	deleted, err := s.record.DeleteBudgets(c.Context(), c.Change, []string{id})
	if err != nil {
		return gone, err
	}
	return deleted[0], route.InForce(s.changes.BudgetChanged(c.Context(), &deleted[0], nil))
}
