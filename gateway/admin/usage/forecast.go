package usage

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// forecasts is the answer of GET /quota/forecast.
type forecasts struct {
	Forecasts []api.Forecast `json:"forecasts"`
	// Total is how many there are, more than are answered maybe.
	Total int `json:"total"`
}

// forecastWanted selects budgets.
type forecastWanted struct {
	ofTeams
	// Of this shared budget.
	BudgetID string `query:"budget_id"`
	// Of this key's own budget: its id or secret.
	Key string `query:"key"`
	// How many at most, at most 10000.
	Size int `query:"size" default:"100" most:"10000"`
}

// forecast is GET /quota/forecast: what budgets will cost, and when their caps fall.
func (s *Books) forecast(c *route.Call, in forecastWanted) (answer forecasts, err error) {
	query := api.ForecastQuery{BudgetID: in.BudgetID, TeamIDs: in.ids()}
	given := 0
	for _, is := range []bool{query.BudgetID != "", query.TeamIDs != nil, in.Key != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return answer, api.FieldErrorf("team_id", "does not go together with budget_id or key: a forecast is of one of them")
	}
	if in.Key != "" {
		key, err := s.KeyNamed(c.Context(), in.Key)
		if err != nil {
			return answer, err
		}
		query.KeyID = key.KeyID
	}
	found, err := s.Forecasts.Forecasts(c.Context(), query)
	if err != nil {
		return answer, err
	}
	return forecasts{Forecasts: found[:min(in.Size, len(found))], Total: len(found)}, nil
}

// forecastScope is what a forecast is of. Shared budgets are nobody's alone.
func (s *Books) forecastScope(c *route.Call) ([]route.Target, error) {
	if c.Query.Get("budget_id") != "" {
		return []route.Target{{}}, nil
	}
	name := c.Query.Get("key")
	if name == "" {
		return route.TeamsInQuery(c)
	}
	key, err := s.KeyNamed(c.Context(), name)
	if err != nil && api.CodeOf(err) != api.NotFound {
		return nil, err
	}
	target := route.Target{Key: true, KeyID: key.KeyID}
	if key.TeamID != nil {
		target.Team = *key.TeamID
	}
	if key.UserID != nil {
		target.User = *key.UserID
	}
	return []route.Target{target}, nil
}
