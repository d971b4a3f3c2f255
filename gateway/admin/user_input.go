package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// userPlace is a team that a new user joins, with LiteLLM's names: an id, or an object that says more.
type userPlace struct {
	TeamID          string      `json:"team_id"`
	UserRole        string      `json:"user_role" default:"\"user\""`
	MaxBudgetInTeam *money.Nano `json:"max_budget_in_team"`
}

// AnyJSON implements [openapi.Anything].
func (userPlace) AnyJSON() {}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *userPlace) UnmarshalJSON(data []byte) error {
	p.UserRole = api.MemberUser
	if json.Unmarshal(data, &p.TeamID) == nil {
		return nil
	}
	fields, err := httpx.ParseObject(data)
	if err != nil {
		return api.Errorf(api.Invalid, `must hold ids of teams, or {"team_id": …, "max_budget_in_team": …}`)
	}
	unknown, err := api.Patch(p, fields)
	if err == nil && len(unknown) > 0 {
		return api.Errorf(api.Invalid, "holds %q, which is not known in a team to join", unknown[0])
	}
	return err
}

// membership is the place in the team.
func (p userPlace) membership(userID string) api.Membership {
	member := api.NewMembership(p.TeamID, userID)
	member.Role, member.MaxBudgetInTeam = p.UserRole, p.MaxBudgetInTeam
	return member
}
