package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// spendReset is the body of POST /team/{team_id}/reset_spend and its sister.
type spendReset struct {
	// ResetTo is what shall count as spent, in USD, at most what is spent; 0 when left out.
	ResetTo money.Nano `json:"reset_to"`
}

// budgetReset is the body of POST /budget/reset, with exactly one of the ids.
type budgetReset struct {
	// BudgetID names a pot.
	BudgetID string `json:"budget_id"`
	TeamID   string `json:"team_id"`
	// KeyID is a key's id or secret.
	KeyID string `json:"key_id"`
	// ResetTo is what shall count as spent, in USD, at most what is spent; 0 when left out.
	ResetTo money.Nano `json:"reset_to"`
}

var resetDocs = documentation{
	"POST /budget/reset": {
		Tag: "budget", Summary: "Reset what a budget has spent in its running period.", Body: budgetReset{}, Answer: api.SpendWasReset{},
		Description: "Name a pot, a team or a key. The ledger of requests stays as it is; the difference is an adjustment of its own, " +
			"with an audit row, and is in force on every gateway when the call returns.",
		Errors: codes(api.NotFound),
	},
	"POST /team/{team_id}/reset_spend": {
		Tag: "team", Summary: "Reset what a team's budget has spent in its running period.", Body: spendReset{}, Answer: api.SpendWasReset{},
		Errors: codes(api.NotFound),
	},
	"POST /key/{key}/reset_spend": {
		Tag: "key", Summary: "Reset what a key's budget has spent in its running period.", Body: spendReset{}, Answer: api.SpendWasReset{},
		Errors: codes(api.NotFound),
	},
}

// resetTo takes the amount out of the input.
func (in *input) resetTo() (to money.Nano, err error) {
	given := in.take("reset_to")
	if string(given) == "null" {
		return 0, nil
	}
	if json.Unmarshal(given, &to) != nil {
		return 0, api.FieldErrorf("reset_to", "must be an amount in USD")
	}
	return to, nil
}

// resetBudget is POST /budget/reset {budget_id | team_id | key_id, reset_to}.
func (s *Server) resetBudget(c *call) (any, error) {
	named := map[string]string{}
	for _, field := range []string{"budget_id", "team_id", "key_id"} {
		id, err := c.in.text(field)
		if err != nil {
			return nil, err
		}
		if id != "" {
			named[field] = id
		}
	}
	if len(named) != 1 {
		return nil, api.FieldErrorf("budget_id", "is required, or team_id or key_id: exactly one of them")
	}
	for field, id := range named {
		switch field {
		case "team_id":
			return s.resetTeam(c, id)
		case "key_id":
			return s.resetKey(c, id)
		}
	}
	return s.resetPot(c, named["budget_id"])
}

// resetTeamSpend is POST /team/{team_id}/reset_spend.
func (s *Server) resetTeamSpend(c *call) (any, error) {
	c.in.take("team_id") // the path says it
	return s.resetTeam(c, c.request.PathValue("team_id"))
}

// resetKeySpend is POST /key/{key}/reset_spend, by secret or id.
func (s *Server) resetKeySpend(c *call) (any, error) {
	c.in.take("key") // the path says it
	return s.resetKey(c, c.request.PathValue("key"))
}

func (s *Server) resetTeam(c *call, id string) (any, error) {
	to, err := c.resetTo()
	if err != nil {
		return nil, err
	}
	team, err := s.record.Team(c.ctx(), id)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetTeam(c.ctx(), c.change, team, to)
	return answer, unspent(err)
}

func (s *Server) resetKey(c *call, name string) (any, error) {
	to, err := c.resetTo()
	if err != nil {
		return nil, err
	}
	key, err := s.keyNamed(c.ctx(), name)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetKey(c.ctx(), c.change, key, to)
	return answer, unspent(err)
}

func (s *Server) resetPot(c *call, id string) (any, error) {
	to, err := c.resetTo()
	if err != nil {
		return nil, err
	}
	budget, err := s.record.Budget(c.ctx(), id)
	if err != nil {
		return nil, err
	}
	if !budget.Pot() {
		return nil, api.FieldErrorf("budget_id", "has no counter of its own; reset a team or a key that names it")
	}
	answer, err := s.spending.ResetBudget(c.ctx(), c.change, budget, to)
	return answer, unspent(err)
}

// resetTo is the amount of a body that holds nothing else any more.
func (c *call) resetTo() (money.Nano, error) {
	to, err := c.in.resetTo()
	if err != nil {
		return 0, err
	}
	return to, c.in.expect(&struct{}{})
}
