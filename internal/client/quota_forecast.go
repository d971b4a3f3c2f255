package client

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Forecasts returns what the running periods of some teams will cost, and when their caps fall.
func (c *Client) Forecasts(ctx context.Context, teamIDs []string) ([]api.Forecast, error) {
	var list struct {
		Forecasts []api.Forecast `json:"forecasts"`
	}
	err := c.get(ctx, "/quota/forecast", map[string]string{"team_ids": strings.Join(teamIDs, ","), "size": "10000"}, &list)
	return list.Forecasts, wrap(err, "read what teams will cost")
}
