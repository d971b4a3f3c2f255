package client

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// QuotaHistory returns what became of a team's limits, newest first: at most as many changes as most, 0 for all of them.
func (c *Client) QuotaHistory(ctx context.Context, team string, most int) ([]api.QuotaHistoryEntry, error) {
	history := []api.QuotaHistoryEntry{}
	for cursor := ""; ; {
		var page struct {
			History    []api.QuotaHistoryEntry `json:"history"`
			NextCursor string                  `json:"next_cursor"`
		}
		query := map[string]string{"team_id": team}
		if cursor != "" {
			query["cursor"] = cursor
		}
		if err := c.get(ctx, "/quota/history", query, &page); err != nil {
			return nil, wrap(err, fmt.Sprintf("read the history of team %s", team))
		}
		history = append(history, page.History...)
		if most > 0 && len(history) >= most {
			return history[:most], nil
		}
		if cursor = page.NextCursor; cursor == "" {
			return history, nil
		}
	}
}
