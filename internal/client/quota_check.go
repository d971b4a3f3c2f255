package client

import (
	"context"
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// CheckQuota asks what changes would do that follow each other, and changes nothing.
func (c *Client) CheckQuota(ctx context.Context, changes []api.QuotaChange) (api.QuotaCheck, error) {
	var check api.QuotaCheck
	err := c.ask(ctx, "/quota/check", map[string][]api.QuotaChange{"changes": changes}, &check)
	return check, wrap(err, "check quotas")
}

// TeamChange is what [Client.CreateTeam] or [Client.UpdateTeam] would send, to be checked.
func TeamChange(create bool, id string, fields api.TeamFields) (api.QuotaChange, error) {
	return quotaChange("/team/", create, newTeamBody(id, fields))
}

// BudgetChange is what [Client.CreateBudget] or [Client.UpdateBudget] would send, to be checked.
func BudgetChange(create bool, id string, fields api.BudgetFields) (api.QuotaChange, error) {
	return quotaChange("/budget/", create, budgetBody{id, fields})
}

// KeyChange is what [Client.CreateKey], but for the secret and the expiry, or [Client.UpdateKey] would send, to be checked.
func KeyChange(create bool, id string, fields api.KeyFields) (api.QuotaChange, error) {
	if !create {
		return quotaChange("/key/", false, keyBody{id, fields})
	}
	body, err := json.Marshal(fields)
	return api.QuotaChange{Route: "/key/generate", Body: body}, wrap(err, "write a key to be checked")
}

func quotaChange(noun string, create bool, body any) (api.QuotaChange, error) {
	route := noun + "update"
	if create {
		route = noun + "new"
	}
	encoded, err := json.Marshal(body)
	return api.QuotaChange{Route: route, Body: encoded}, wrap(err, "write a change to be checked")
}
