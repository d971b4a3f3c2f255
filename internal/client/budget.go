package client

import (
	"cmp"
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

type budgetBody struct {
	BudgetID string `json:"budget_id,omitempty"`
	api.BudgetFields
}

// CreateBudget makes a budget; with an empty id the gateway chooses one.
// It returns [api.AlreadyExists] when there is a budget with that id.
func (c *Client) CreateBudget(ctx context.Context, id string, fields api.BudgetFields) (api.Budget, error) {
	var budget api.Budget
	err := c.create(ctx, "/budget/new", budgetBody{id, fields}, &budget)
	err = whole(err, budget.BudgetID != "", "POST /budget/new")
	return budget, wrap(err, "%s", creating("budget", id))
}

// GetBudget returns a budget, or [api.NotFound].
func (c *Client) GetBudget(ctx context.Context, id string) (api.Budget, error) {
	var found []api.Budget
	err := c.ask(ctx, "/budget/info", map[string][]string{"budgets": {id}}, &found)
	if err = whole(err, found != nil, "POST /budget/info"); err != nil {
		return api.Budget{}, wrap(err, "read budget %q", id)
	}
	for _, budget := range found {
		if budget.BudgetID == id {
			return budget, nil
		}
	}
	return api.Budget{}, api.Errorf(api.NotFound, "budget %q does not exist", id)
}

// ListBudgets returns every budget.
func (c *Client) ListBudgets(ctx context.Context) ([]api.Budget, error) {
	var budgets []api.Budget
	err := c.get(ctx, "/budget/list", nil, &budgets)
	err = whole(err, budgets != nil, "GET /budget/list")
	return budgets, wrap(err, "list budgets")
}

// UpdateBudget replaces all fields of a budget; nil ones are cleared. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateBudget(ctx context.Context, id string, fields api.BudgetFields, revision int64) (api.Budget, error) {
	var budget api.Budget
	err := c.update(ctx, "/budget/update", budgetBody{id, fields}, revision, &budget)
	err = whole(err, budget.BudgetID != "", "POST /budget/update")
	return budget, wrap(err, "update budget %q", id)
}

// DeleteBudget deletes a budget; [api.NotFound] when it is gone already.
func (c *Client) DeleteBudget(ctx context.Context, id string) error {
	return wrap(c.post(ctx, "/budget/delete", map[string]string{"id": id}, nil), "delete budget %q", id)
}

// ResetSpend sets what a budget has spent in its running period, at most to what it has. Of the ids one is given: a
// pot's, a team's or a key's; the others are empty. It returns [api.NotFound] when there is no such object.
func (c *Client) ResetSpend(ctx context.Context, of Spender, to money.Nano) (api.SpendWasReset, error) {
	body := struct {
		Spender
		ResetTo money.Nano `json:"reset_to"`
	}{of, to}
	var reset api.SpendWasReset
	err := c.post(ctx, "/budget/reset", body, &reset)
	err = whole(err, cmp.Or(reset.BudgetID, reset.TeamID, reset.KeyID, reset.UserID) != "", "POST /budget/reset")
	return reset, wrap(err, "reset the spending of %q", cmp.Or(of.BudgetID, of.KeyID, of.UserID, of.TeamID))
}

// OpenSpend brings what was spent elsewhere in the running period, under an id that says where; the same id again replaces it.
// It returns [api.NotFound] when there is no such object.
func (c *Client) OpenSpend(ctx context.Context, of Spender, openingID string, spend money.Nano) (api.SpendWasReset, error) {
	body := struct {
		Spender
		OpeningID string     `json:"opening_id"`
		Spend     money.Nano `json:"spend"`
	}{of, openingID, spend}
	var opened api.SpendWasReset
	err := c.post(ctx, "/budget/opening", body, &opened)
	err = whole(err, cmp.Or(opened.BudgetID, opened.TeamID, opened.KeyID, opened.UserID) != "", "POST /budget/opening")
	return opened, wrap(err, "bring what %q has spent", cmp.Or(of.BudgetID, of.KeyID, of.UserID, of.TeamID))
}

// Spender is whose budget is set back: one of the fields, or a team and a user for a member's in the team.
type Spender struct {
	BudgetID string `json:"budget_id,omitempty"`
	TeamID   string `json:"team_id,omitempty"`
	KeyID    string `json:"key_id,omitempty"`
	UserID   string `json:"user_id,omitempty"`
}
