package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// spendReset is the body of POST /team/{team_id}/reset_spend and its sister.
type spendReset struct {
	// ResetTo is what shall count as spent, in USD, at most what is spent; 0 when left out.
	ResetTo money.Nano `json:"reset_to"`
}

// budgetReset is the body of POST /budget/reset, with exactly one of the ids, or team_id and user_id.
type budgetReset struct {
	// BudgetID names a pot.
	BudgetID string `json:"budget_id"`
	TeamID   string `json:"team_id"`
	// UserID names a user's own budget, with TeamID the one that the user has as a member of the team.
	UserID string `json:"user_id"`
	// KeyID is a key's id or secret.
	KeyID string `json:"key_id"`
	// ResetTo is what shall count as spent, in USD, at most what is spent; 0 when left out.
	ResetTo money.Nano `json:"reset_to"`
}

// resetRoutes are the operations on what was spent.
func (s *Server) resetRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /budget/reset", auth.Write, s.resetBudget, route.Spec{
			Tag: "budget", Summary: "Reset what a budget has spent in its running period.", Body: budgetReset{}, Answer: api.SpendWasReset{},
			Description: "Name a pot, a team, a key, a user, or a team and its member by team_id and user_id. Any other field is refused. The ledger of requests stays as it is; the difference is an adjustment of its own, " +
				"with an audit row, and is in force on every gateway when the call returns. Its thresholds tell again.",
			Errors: route.Codes(api.NotFound),
		}),
		route.Raw("POST /team/{team_id}/reset_spend", auth.Write, s.resetTeamSpend, route.Spec{
			Tag: "team", Summary: "Reset what a team's budget has spent in its running period.", Body: spendReset{}, Answer: api.SpendWasReset{},
			Errors: route.Codes(api.NotFound),
		}),
		route.Raw("POST /key/{key}/reset_spend", auth.Write, s.resetKeySpend, route.Spec{
			Tag: "key", Summary: "Reset what a key's budget has spent in its running period.", Body: spendReset{}, Answer: api.SpendWasReset{},
			Errors: route.Codes(api.NotFound),
		}),
	}
}

// readAmount takes reset_to out of the input.
func readAmount(in *route.Input) (to money.Nano, err error) {
	given := in.Take("reset_to")
	if string(given) == "null" {
		return 0, nil
	}
	if json.Unmarshal(given, &to) != nil {
		return 0, api.FieldErrorf("reset_to", "must be an amount in USD")
	}
	return to, nil
}

// resetBudget is POST /budget/reset {budget_id | team_id | key_id | user_id | team_id and user_id, reset_to}.
func (s *Server) resetBudget(c *route.Call) (any, error) {
	named := map[string]string{}
	for _, field := range []string{"budget_id", "team_id", "key_id", "user_id"} {
		id, err := c.In.Text(field)
		if err != nil {
			return nil, err
		}
		if id != "" {
			named[field] = id
		}
	}
	team, user := named["team_id"], named["user_id"]
	switch {
	case len(named) == 2 && team != "" && user != "":
		return s.resetMember(c, team, user)
	case len(named) != 1:
		return nil, api.FieldErrorf("budget_id", "is required, or team_id, key_id or user_id: exactly one of them, or team_id and user_id for a member")
	case team != "":
		return s.resetTeam(c, team)
	case user != "":
		return s.resetUser(c, user)
	case named["key_id"] != "":
		return s.resetKey(c, named["key_id"])
	default:
		return s.resetPot(c, named["budget_id"])
	}
}

// resetTeamSpend is POST /team/{team_id}/reset_spend.
func (s *Server) resetTeamSpend(c *route.Call) (any, error) {
	c.In.Take("team_id") // the path says it
	return s.resetTeam(c, c.Request.PathValue("team_id"))
}

// resetKeySpend is POST /key/{key}/reset_spend, by secret or id.
func (s *Server) resetKeySpend(c *route.Call) (any, error) {
	c.In.Take("key") // the path says it
	return s.resetKey(c, c.Request.PathValue("key"))
}

func (s *Server) resetTeam(c *route.Call, id string) (any, error) {
	to, err := readResetTo(c)
	if err != nil {
		return nil, err
	}
	team, err := s.record.Team(c.Context(), id)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetTeam(c.Context(), c.Change, team, to)
	return answer, route.Unspent(err)
}

func (s *Server) resetKey(c *route.Call, name string) (any, error) {
	to, err := readResetTo(c)
	if err != nil {
		return nil, err
	}
	key, err := s.keyNamed(c.Context(), name)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetKey(c.Context(), c.Change, key, to)
	return answer, route.Unspent(err)
}

func (s *Server) resetUser(c *route.Call, id string) (any, error) {
	to, err := readResetTo(c)
	if err != nil {
		return nil, err
	}
	user, err := s.record.User(c.Context(), id)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetUser(c.Context(), c.Change, user, to)
	return answer, route.Unspent(err)
}

func (s *Server) resetMember(c *route.Call, teamID, userID string) (any, error) {
	to, err := readResetTo(c)
	if err != nil {
		return nil, err
	}
	team, err := s.record.Team(c.Context(), teamID)
	if err != nil {
		return nil, err
	}
	member, err := s.record.Member(c.Context(), teamID, userID)
	if err != nil {
		return nil, err
	}
	answer, err := s.spending.ResetMember(c.Context(), c.Change, team, member, to)
	return answer, route.Unspent(err)
}

func (s *Server) resetPot(c *route.Call, id string) (any, error) {
	to, err := readResetTo(c)
	if err != nil {
		return nil, err
	}
	budget, err := s.record.Budget(c.Context(), id)
	if err != nil {
		return nil, err
	}
	if !budget.Pot() {
		return nil, api.FieldErrorf("budget_id", "has no counter of its own; reset a team or a key that names it")
	}
	answer, err := s.spending.ResetBudget(c.Context(), c.Change, budget, to)
	return answer, route.Unspent(err)
}

// readResetTo is the amount of a body that holds nothing else any more. A field that is not understood is refused:
// with a misspelt name something else would be reset, or to another amount.
func readResetTo(c *route.Call) (money.Nano, error) {
	to, err := readAmount(c.In)
	if err != nil {
		return 0, err
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return 0, err
	}
	if len(c.In.Unknown) > 0 {
		return 0, api.FieldErrorf(c.In.Unknown[0], "is not known here; a reset takes reset_to and what it is for: budget_id, team_id, key_id, user_id")
	}
	return to, nil
}
