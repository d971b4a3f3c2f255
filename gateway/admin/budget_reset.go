package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// spendReset is the body of POST /team/{team_id}/reset_spend and its sister.
type spendReset struct {
	TeamID string `path:"team_id"`
	Key    string `path:"key"`
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
		route.New("POST /budget/reset", auth.Write, s.resetBudget, route.Spec{
			Tag: "budget", Closed: true, Summary: "Reset what a budget has spent in its running period.",
			Description: "Name a pot, a team, a key, a user, or a team and its member by team_id and user_id. Any other field is refused. The ledger of requests stays as it is; the difference is an adjustment of its own, " +
				"with an audit row, and is in force on every gateway when the call returns. Its thresholds tell again.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("POST /team/{team_id}/reset_spend", auth.Write, s.resetTeamSpend, route.Spec{
			Tag: "team", Closed: true, BodyOptional: true, Summary: "Reset what a team's budget has spent in its running period.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("POST /key/{key}/reset_spend", auth.Write, s.resetKeySpend, route.Spec{
			Tag: "key", Closed: true, BodyOptional: true, Summary: "Reset what a key's budget has spent in its running period.",
			Errors: route.Codes(api.NotFound),
		}),
	}
}

// resetBudget is POST /budget/reset {budget_id | team_id | key_id | user_id | team_id and user_id, reset_to}.
func (s *Server) resetBudget(c *route.Call, in budgetReset) (api.SpendWasReset, error) {
	named := 0
	for _, id := range []string{in.BudgetID, in.TeamID, in.UserID, in.KeyID} {
		if id != "" {
			named++
		}
	}
	switch {
	case named == 2 && in.TeamID != "" && in.UserID != "":
		return s.resetMember(c, in.TeamID, in.UserID, in.ResetTo)
	case named != 1:
		return api.SpendWasReset{}, api.FieldErrorf("budget_id", "is required, or team_id, key_id or user_id: exactly one of them, or team_id and user_id for a member")
	case in.TeamID != "":
		return s.resetTeam(c, in.TeamID, in.ResetTo)
	case in.UserID != "":
		return s.resetUser(c, in.UserID, in.ResetTo)
	case in.KeyID != "":
		return s.resetKey(c, in.KeyID, in.ResetTo)
	default:
		return s.resetPot(c, in.BudgetID, in.ResetTo)
	}
}

// resetTeamSpend is POST /team/{team_id}/reset_spend.
func (s *Server) resetTeamSpend(c *route.Call, in spendReset) (api.SpendWasReset, error) {
	return s.resetTeam(c, in.TeamID, in.ResetTo)
}

// resetKeySpend is POST /key/{key}/reset_spend, by secret or id.
func (s *Server) resetKeySpend(c *route.Call, in spendReset) (api.SpendWasReset, error) {
	return s.resetKey(c, in.Key, in.ResetTo)
}

func (s *Server) resetTeam(c *route.Call, id string, to money.Nano) (reset api.SpendWasReset, err error) {
	team, err := s.record.Team(c.Context(), id)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetTeam(c.Context(), c.Change, team, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetKey(c *route.Call, name string, to money.Nano) (reset api.SpendWasReset, err error) {
	key, err := s.keyNamed(c.Context(), name)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetKey(c.Context(), c.Change, key, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetUser(c *route.Call, id string, to money.Nano) (reset api.SpendWasReset, err error) {
	user, err := s.record.User(c.Context(), id)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetUser(c.Context(), c.Change, user, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetMember(c *route.Call, teamID, userID string, to money.Nano) (reset api.SpendWasReset, err error) {
	team, err := s.record.Team(c.Context(), teamID)
	if err != nil {
		return reset, err
	}
	member, err := s.record.Member(c.Context(), teamID, userID)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetMember(c.Context(), c.Change, team, member, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetPot(c *route.Call, id string, to money.Nano) (reset api.SpendWasReset, err error) {
	budget, err := s.record.Budget(c.Context(), id)
	if err != nil {
		return reset, err
	}
	if !budget.Pot() {
		return reset, api.FieldErrorf("budget_id", "has no counter of its own; reset a team or a key that names it")
	}
	reset, err = s.spending.ResetBudget(c.Context(), c.Change, budget, to)
	return reset, route.Unspent(err)
}
