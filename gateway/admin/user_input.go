package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// userPlace is a team that a new user joins, with LiteLLM's names.
type userPlace struct {
	TeamID          string      `json:"team_id"`
	UserRole        string      `json:"user_role" default:"\"user\""`
	MaxBudgetInTeam *money.Nano `json:"max_budget_in_team"`
}

// readPlaces takes the teams of a new user out of the input: ids, or objects that say more.
func readPlaces(in *route.Input, name, userID string) ([]api.Membership, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(in.Take(name), &list); err != nil {
		return nil, api.FieldErrorf(name, "must be a list of teams")
	}
	var places []api.Membership
	for _, item := range list {
		joined, err := readPlace(in, name, item)
		if err != nil {
			return nil, err
		}
		member := api.NewMembership(joined.TeamID, userID)
		member.Role, member.MaxBudgetInTeam = joined.UserRole, joined.MaxBudgetInTeam
		places = append(places, member)
	}
	return places, nil
}

func readPlace(in *route.Input, name string, item json.RawMessage) (userPlace, error) {
	joined := userPlace{UserRole: api.MemberUser}
	if json.Unmarshal(item, &joined.TeamID) == nil {
		return joined, nil
	}
	fields, err := httpx.ParseObject(item)
	if err != nil {
		return joined, api.FieldErrorf(name, `must hold ids of teams, or {"team_id": …, "max_budget_in_team": …}`)
	}
	unknown, err := api.Patch(&joined, fields)
	for _, field := range unknown {
		in.Surplus = append(in.Surplus, name+"."+field)
	}
	return joined, err
}
