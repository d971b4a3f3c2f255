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

const (
	defaultForecasts = 100
	maxForecasts     = 10_000
)

// forecast is GET /quota/forecast: what budgets will cost, and when their caps fall.
func (s *Books) forecast(c *route.Call) (any, error) {
	query := api.ForecastQuery{BudgetID: c.Query.Get("budget_id"), TeamIDs: c.List("team_id", "team_ids")}
	given := 0
	for _, is := range []bool{query.BudgetID != "", query.TeamIDs != nil, c.Query.Get("key") != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return nil, api.FieldErrorf("team_id", "does not go together with budget_id or key: a forecast is of one of them")
	}
	size, err := c.Number("size", defaultForecasts, maxForecasts)
	if err != nil {
		return nil, err
	}
	if name := c.Query.Get("key"); name != "" {
		key, err := s.KeyNamed(c.Context(), name)
		if err != nil {
			return nil, err
		}
		query.KeyID = key.KeyID
	}
	found, err := s.Forecasts.Forecasts(c.Context(), query)
	if err != nil {
		return nil, err
	}
	return forecasts{Forecasts: found[:min(size, len(found))], Total: len(found)}, nil
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
