package client

import (
	"context"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// FindKeys returns the keys that have the filter's TeamID, UserID and Alias, over as many pages as it takes. Nothing
// else of the filter is used.
func (c *Client) FindKeys(ctx context.Context, filter api.KeyFilter) ([]api.Key, error) {
	query := map[string]string{
		"return_full_object": "true", "size": strconv.Itoa(pageSize), "sort_by": "key_id", "sort_order": "asc",
	}
	for name, value := range map[string]string{"team_id": filter.TeamID, "user_id": filter.UserID, "key_alias": filter.Alias} {
		if value != "" {
			query[name] = value
		}
	}
	var keys []api.Key
	for {
		var answer struct {
			Keys       []api.Key `json:"keys"`
			NextCursor string    `json:"next_cursor"`
		}
		err := c.get(ctx, "/key/list", query, &answer)
		if err = whole(err, answer.Keys != nil, "GET /key/list"); err != nil {
			return nil, wrap(err, "find keys")
		}
		keys = append(keys, answer.Keys...)
		if answer.NextCursor == "" {
			return keys, nil
		}
		query["cursor"] = answer.NextCursor
	}
}
