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

// spender is whose spend is set: exactly one of the ids, or team_id and user_id.
type spender struct {
	// BudgetID names a pot.
	BudgetID string `json:"budget_id"`
	TeamID   string `json:"team_id"`
	// UserID names a user's own budget, with TeamID the one that the user has as a member of the team.
	UserID string `json:"user_id"`
	// KeyID is a key's id or secret.
	KeyID string `json:"key_id"`
}

// budgetReset is the body of POST /budget/reset.
type budgetReset struct {
	spender
	// ResetTo is what shall count as spent, in USD, at most what is spent; 0 when left out.
	ResetTo money.Nano `json:"reset_to"`
}

// budgetOpening is the body of POST /budget/opening.
type budgetOpening struct {
	spender
	// OpeningID names where the balance comes from, such as "litellm". The same one again replaces it.
	OpeningID string `json:"opening_id" required:"true"`
	// Spend is what was spent there in the running period, in USD. What is spent here comes on top.
	Spend *money.Nano `json:"spend" required:"what was spent elsewhere in the running period, in USD"`
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
		route.New("POST /budget/opening", auth.Write, s.openBudget, route.Spec{
			Tag: "budget", Closed: true, Summary: "Bring what another gateway has spent of a budget in its running period.",
			Description: "The balance counts as spent, in addition to what is spent here. The same opening_id again replaces it, and writes nothing when it is the same. " +
				"It is no entry of the ledger, has an audit row, and ends with the period.",
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
	return s.setSpend(c, in.spender, api.SpendTarget{Amount: in.ResetTo})
}

// openBudget is POST /budget/opening {opening_id, spend, budget_id | team_id | key_id | user_id | team_id and user_id}.
func (s *Server) openBudget(c *route.Call, in budgetOpening) (api.SpendWasReset, error) {
	if in.Spend == nil {
		return api.SpendWasReset{}, api.FieldErrorf("spend", "is required: what was spent elsewhere in the running period, in USD")
	}
	if err := api.CheckOpening(in.OpeningID, *in.Spend); err != nil {
		return api.SpendWasReset{}, err
	}
	return s.setSpend(c, in.spender, api.SpendTarget{OpeningID: in.OpeningID, Amount: *in.Spend})
}

func (s *Server) setSpend(c *route.Call, of spender, to api.SpendTarget) (api.SpendWasReset, error) {
	named := 0
	for _, id := range []string{of.BudgetID, of.TeamID, of.UserID, of.KeyID} {
		if id != "" {
			named++
		}
	}
	switch {
	case named == 2 && of.TeamID != "" && of.UserID != "":
		return s.resetMember(c, of.TeamID, of.UserID, to)
	case named != 1:
		return api.SpendWasReset{}, api.FieldErrorf("budget_id", "is required, or team_id, key_id or user_id: exactly one of them, or team_id and user_id for a member")
	case of.TeamID != "":
		return s.resetTeam(c, of.TeamID, to)
	case of.UserID != "":
		return s.resetUser(c, of.UserID, to)
	case of.KeyID != "":
		return s.resetKey(c, of.KeyID, to)
	default:
		return s.resetPot(c, of.BudgetID, to)
	}
}

// resetTeamSpend is POST /team/{team_id}/reset_spend.
func (s *Server) resetTeamSpend(c *route.Call, in spendReset) (api.SpendWasReset, error) {
	return s.resetTeam(c, in.TeamID, api.SpendTarget{Amount: in.ResetTo})
}

// resetKeySpend is POST /key/{key}/reset_spend, by secret or id.
func (s *Server) resetKeySpend(c *route.Call, in spendReset) (api.SpendWasReset, error) {
	return s.resetKey(c, in.Key, api.SpendTarget{Amount: in.ResetTo})
}

func (s *Server) resetTeam(c *route.Call, id string, to api.SpendTarget) (reset api.SpendWasReset, err error) {
	team, err := s.record.Team(c.Context(), id)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetTeam(c.Context(), c.Change, team, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetKey(c *route.Call, name string, to api.SpendTarget) (reset api.SpendWasReset, err error) {
	key, err := s.findKey(c.Context(), name)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetKey(c.Context(), c.Change, key, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetUser(c *route.Call, id string, to api.SpendTarget) (reset api.SpendWasReset, err error) {
	user, err := s.record.User(c.Context(), id)
	if err != nil {
		return reset, err
	}
	reset, err = s.spending.ResetUser(c.Context(), c.Change, user, to)
	return reset, route.Unspent(err)
}

func (s *Server) resetMember(c *route.Call, teamID, userID string, to api.SpendTarget) (reset api.SpendWasReset, err error) {
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

func (s *Server) resetPot(c *route.Call, id string, to api.SpendTarget) (reset api.SpendWasReset, err error) {
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
